internal import LintCommands
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// Runs that found nothing, and that end at once while nothing changes.
enum QuietRun {
  /// Whether an equal run found nothing and nothing has changed since: says what that one said.
  static func repeats(_ verb: String, _ global: GlobalOptions) throws -> Bool {
    guard let (root, state) = place(try global.workingDirectory) else { return false }
    guard let text = InvocationRecord(root: root, state: state, arguments: try arguments(verb, global)).recall() else {
      return false
    }
    if !global.quiet { writeText(text, to: 2) }
    return true
  }

  /// Keeps a run that found nothing.
  ///
  /// - Parameters:
  ///   - files: the files that it was about.
  ///   - others: further files that it rests on.
  ///   - restsOnAll: whether it rests on every source of the workspace.
  static func keep(
    _ verb: String, _ global: GlobalOptions, _ session: CodeSession, _ files: [CodeFile], _ report: CodeReport,
    others: [String], restsOnAll: Bool = false
  ) throws {
    // What git says is not recorded, and a report is to be written again.
    guard report.isClean, report.findings.isEmpty, report.changed.isEmpty, report.isRepeatable, report.files > 0,
      !session.targets.selectsChanges, session.options.output == nil, session.options.format == .text,
      session.targets.specFiles.isEmpty,
      let (root, state) = place(try global.workingDirectory),
      root == session.session.workspace.root
    else { return }
    var quiet = report
    for index in quiet.steps.indices { quiet.steps[index].cached = quiet.steps[index].files }
    let text = CodeText(quiet, verb: verb, color: false).summary(Terminal.standardError.usesColor)
    try InvocationRecord(root: root, state: state, arguments: try arguments(verb, global)).keep(
      text, files: restsOnAll ? allFiles(session) : files.map(\.file), others: others, in: session.session.resolver)
  }

  /// Every file that a target has: types may come from any.
  private static func allFiles(_ session: CodeSession) -> [FileID] {
    let graph = session.session.graph
    return Array(Set(graph.allTargets.compactMap { graph.file(of: $0) }))
  }

  /// All that a run was told.
  private static func arguments(_ verb: String, _ global: GlobalOptions) throws -> [String] {
    [verb, try global.workingDirectory.string, Terminal.standardError.usesColor ? "color" : ""]
      + CommandLine.arguments.dropFirst()
  }

  /// The workspace above a directory, found as ``Workspace/find(from:)`` finds one with a configuration file of Kilt's or
  /// Pants', or a lockfile of uv; nil for others. A run is kept only where that is the workspace that was loaded.
  private static func place(_ directory: FilePath) -> (root: FilePath, state: StateDirectory)? {
    for name in ["kilt.toml", "pants.toml", "uv.lock"] {
      var current = directory
      while true {
        if FileSystem.exists(current.appending(name)) { return (current, StateDirectory(workspaceRoot: current)) }
        let parent = current.removingLastComponent()
        if parent == current || parent.isEmpty { break }
        current = parent
      }
    }
    return nil
  }
}
