public import ArgumentParser
internal import SystemSupport

/// The root of the command line. Each subject adds its verbs here; a verb is one file, `Noun/NounVerb.swift`.
public struct Kilt: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "kilt",
    abstract: "Build Python services from a monorepo into single files, and run them.",
    discussion: """
      EXAMPLES
        kilt list ::                           every target of the workspace
        kilt test ::                           every test with changed inputs
        kilt package services/fiddler:server   a single-file executable in dist/
        kilt publish --changed-since=HEAD~1    upload the bundles of a push
        kilt scheduler                         run the bundled scheduler here
        # update a job from its file
        kilt deploy jobs/fiddler.yaml --stage devel

      EXIT CODES
        0  done
        1  the work failed
        2  invalid usage or input
        3  the environment lacks something
        70 a defect in Kilt
      """,
    version: kiltVersion,
    groupedSubcommands: [
      CommandGroup(
        name: "Workspace",
        subcommands: [
          WorkspaceInit.self, WorkspaceTailor.self, WorkspaceList.self, WorkspacePeek.self,
          WorkspaceDependencies.self, WorkspaceDependents.self, WorkspacePaths.self, WorkspaceFiledeps.self,
          WorkspaceRoots.self, WorkspaceOwners.self,
        ]),
      CommandGroup(
        name: "Python", subcommands: [BuildLock.self, BuildExport.self, BuildRepl.self]),
      CommandGroup(
        name: "Code", subcommands: [FmtCommand.self, LintCommand.self, CheckCommand.self, HookCommand.self]),
      CommandGroup(
        name: "Build",
        subcommands: [
          PackageCommand.self, BuildTest.self, BuildRun.self, BuildExportCodegen.self, ExplainCommand.self,
        ]),
      CommandGroup(name: "Artifacts", subcommands: [ArtifactsPublish.self, ArtifactsCommand.self]),
      CommandGroup(
        name: "Jobs",
        subcommands: [
          JobDeploy.self, JobCommand.self, UpdateCommand.self, CronCommand.self, PipelineCommand.self,
          QuotaCommand.self, WhenceCommand.self,
        ]),
      CommandGroup(name: "Language", subcommands: [StarlarkRun.self]),
      CommandGroup(
        name: "Operate",
        subcommands: [
          OperateScheduler.self, ClusterCommand.self, OperateRouter.self, TokenCommand.self, AuditCommand.self,
          LogsCommand.self,
          OperateDoctor.self, CacheCommand.self, SupportCompletions.self,
        ]),
    ])

  public init() {}
}
