internal import ArgumentParser
internal import BuildFiles
internal import Diagnostics
internal import JobFiles
internal import JobModel
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// The jobs that the changes since a revision affect in a stage: through their bundle, or through their configuration.
///
/// A change of a bundle's files affects the bundle, including its requirements and lockfile. A configuration is
/// affected if its job file, its template or their includes produce another job than at the revision; a changed comment
/// does not count.
struct AffectedJobs {
  struct Job {
    /// The job file, from the workspace root.
    var path: String
    var configuration: JobConfiguration
    /// Artifacts that the changes affect.
    var artifacts: [String]
    var isNew: Bool
    /// The effect of the changes on the configuration.
    var difference: [String]
  }

  private(set) var jobs: [Job] = []
  /// Job files that cannot be read, and why.
  private(set) var problems: [Diagnostic] = []

  init(_ global: GlobalOptions, workspace: Workspace, since revision: String, stage: String) throws {
    let bundles = try Self.affectedBundles(global, revision)
    let base = try workspace.git.commonAncestor(with: revision)
    let cluster = workspace.configuration.clusters.first?.name ?? "cluster"
    let present = JobLoader(root: workspace.root, cluster: cluster)
    let git = workspace.git
    let root = workspace.root
    let changed = Set(try git.filesChanged(from: base))
    let former = JobLoader(
      cluster: cluster,
      read: { path in
        // One process of git for each file would be most of the time.
        if !changed.contains(path) { return try FileSystem.read(root.appending(path), limit: 1 << 20) }
        guard let bytes = try git.contents(of: path, at: base) else {
          throw SystemCallError("open", FilePath(path), .noSuchFileOrDirectory)
        }
        return bytes
      })
    for path in try Self.jobFiles(workspace, changed) {
      do {
        guard try present.stages(of: path).contains(stage) else { continue }
        let configuration = try present.load(path, stage: stage, artifacts: nil)
        let artifacts = configuration.task.artifacts.map(\.name).filter(bundles.contains)
        let (isNew, difference) = Self.compare(configuration, former, path: path, stage: stage)
        guard !artifacts.isEmpty || isNew || !difference.isEmpty else { continue }
        jobs.append(
          Job(
            path: path, configuration: configuration, artifacts: artifacts, isNew: isNew, difference: difference))
      } catch {
        problems.append(Diagnostic(.input, "cannot read the job file \"\(path)\": \(JobSession.summary(of: error))"))
      }
    }
  }

  /// A job file that did not load at the revision, or did not exist, creates a job.
  private static func compare(
    _ configuration: JobConfiguration, _ former: JobLoader, path: String, stage: String
  ) -> (isNew: Bool, difference: [String]) {
    do {
      let old = try former.load(path, stage: stage, artifacts: nil)
      var lines = ConfigurationDifference(from: old, to: configuration).lines
      for artifact in configuration.task.artifacts {
        let before = old.task.artifacts.first { $0.name == artifact.name }
        guard before?.version != artifact.version else { continue }
        if let before { lines.append("- \(before.name)@\(before.version)") }
        lines.append("+ \(artifact.name)@\(artifact.version)")
      }
      return (false, lines)
    } catch {
      return (true, [])
    }
  }

  /// The names of the artifacts whose bundles the changes affect.
  private static func affectedBundles(_ global: GlobalOptions, _ revision: String) throws -> Set<String> {
    let session = try WorkspaceSession(global)
    var options = try TargetOptions.parse(["--changed-since=\(revision)"])
    options.changedDependents = .transitive
    let affected = try session.select(options, verb: "affected")
    let graph = session.graph
    return Set(affected.filter { graph.type(of: $0) == .pexBinary }.map { graph.artifactName(of: graph[$0]) })
  }

  /// The job files of the workspace, with those that git does not track yet.
  private static func jobFiles(_ workspace: Workspace, _ changed: Set<String>) throws -> [String] {
    let tracked = try workspace.git.trackedFiles(matching: ["*.yaml", "*.yml"])
    let new = changed.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
    return try Set(tracked).union(new).sorted().filter {
      // Other tools have files with one of the keys.
      try JobFileSet.jobKeys(of: $0, in: workspace).isSuperset(of: ["file", "stages"])
    }
  }
}
