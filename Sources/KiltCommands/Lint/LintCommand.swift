internal import ArgumentParser

/// `kilt lint`.
struct LintCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint", abstract: "Check code, BUILD files, requirements and job files.",
    discussion: """
      Without a further verb, checks the code of targets with ruff, or with the tools that [lint] in kilt.toml names: \
      see `kilt lint code --help` for the options. Files that did not change are not checked again.

      EXAMPLES
        kilt lint ::                           all code
        kilt lint --changed-since=main         code that changed
        kilt lint --fix ::                     fix what tools can fix
        kilt lint build-files ::               BUILD files
        kilt lint deps                         requirements of Python projects
        kilt lint jobs                         job files

      EXIT CODES
        0  no findings
        1  findings, or a tool failed
        2  invalid usage or input
        3  the environment lacks something
      """,
    subcommands: [
      LintCode.self, LintBuildFiles.self, LintDependencies.self, LintJobs.self,
    ], defaultSubcommand: LintCode.self)
}
