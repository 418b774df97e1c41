internal import LintCommands
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// Repeats an earlier run without the state of the workspace: if nothing has changed since, or only the content of some
/// files.
enum QuietRun {
  /// The record that was read before Kilt parsed arguments: parsing takes half as long as the check of all files.
  @TaskLocal static var early: (key: [String], recall: InvocationRecord.Recall?)?

  // MARK: Before arguments are parsed

  /// Runs a command that may be `fmt`, `lint` or `check`.
  ///
  /// - Parameter arguments: without the program's name.
  /// - Returns: nil where `body` is to do the work: it was called.
  static func first(_ arguments: [String], or body: () -> Int32) -> Int32 {
    guard isPlain(arguments), let key = try? Self.key(arguments[0], FileSystem.currentDirectory()),
      let (root, state) = (try? FileSystem.currentDirectory()).flatMap({ place($0) })
    else { return body() }
    let recall = InvocationRecord(root: root, state: state, arguments: key).recall()
    if case .same(let report) = recall, report.findings.isEmpty, !arguments.contains(where: { $0.hasPrefix("--f") }) {
      if !arguments.contains("--quiet") { writeText(summary(report, arguments[0]), to: 2) }
      return 0
    }
    return $early.withValue((key, recall)) { body() }
  }

  /// Whether arguments are one of the verbs, options, and words that can be neither a verb nor an alias.
  private static func isPlain(_ arguments: [String]) -> Bool {
    guard let verb = arguments.first, ["fmt", "lint", "check"].contains(verb) else { return false }
    return arguments.dropFirst().allSatisfy { argument in
      if argument.hasPrefix("--") {
        return argument.utf8.count > 2 && !argument.hasPrefix("--d") && !argument.hasPrefix("--o")
      }
      return !argument.hasPrefix("-") && argument.utf8.contains { [0x2E, 0x2F, 0x3A].contains($0) }
    }
  }

  // MARK: After

  /// Whether an equal run is known, and its report was written, with tools run anew for files whose content has changed.
  ///
  /// - Parameters:
  ///   - fixes: whether the command changes files.
  ///   - remedy: the command that fixes what was found.
  static func repeats(
    _ reporting: CodeReporting, fixes: Bool, remedy: (CodeReport) -> String?
  ) throws -> Bool {
    let directory = try reporting.global.workingDirectory
    let key = try Self.key(reporting.verb, directory)
    let recall: InvocationRecord.Recall?
    if let early, early.key == key {
      recall = early.recall
    } else {
      guard let (root, state) = place(directory) else { return false }
      recall = InvocationRecord(root: root, state: state, arguments: key).recall()
    }
    let report: CodeReport
    switch recall {
    case nil: return false
    case .same(let known): report = known
    case .edited(let run):
      let jobs = reporting.options.jobs ?? availableProcessors()
      guard
        let made = try CodeScratch.run({ scratch, cancellation in
          try run.run(fixes: fixes, scratch: scratch, jobs: jobs, cancellation: cancellation)
        })
      else { return false }
      report = made
    }
    try reporting.finish(report, remedy: remedy(report))
    return true
  }

  /// Keeps a run.
  ///
  /// - Parameters:
  ///   - files: the files that it was about.
  ///   - basis: what else it rests on.
  ///   - restsOnAll: whether it rests on every source of the workspace.
  static func keep(
    _ session: CodeSession, _ files: [CodeFile], _ report: CodeReport, _ basis: CodeSession.Basis,
    restsOnAll: Bool = false
  ) throws {
    // A record does not hold answers of git, or targets that files with specs name.
    guard report.failures.isEmpty, report.changed.isEmpty, report.isRepeatable, report.files > 0,
      !session.targets.selectsChanges, session.targets.specFiles.isEmpty,
      let (root, state) = place(try session.global.workingDirectory), root == session.session.workspace.root
    else { return }
    try InvocationRecord(
      root: root, state: state, arguments: try key(session.verb, try session.global.workingDirectory)
    ).keep(
      report, basis.run, files: restsOnAll ? allFiles(session) : files.map(\.file), others: basis.places,
      in: session.session.resolver)
  }

  private static func summary(_ report: CodeReport, _ verb: String) -> String {
    CodeText(report, verb: verb, color: false).summary(Terminal.standardError.usesColor)
  }

  /// Every file that a target has: types may come from any.
  private static func allFiles(_ session: CodeSession) -> [FileID] {
    let graph = session.session.graph
    return Array(Set(graph.allTargets.compactMap { graph.file(of: $0) }))
  }

  /// The verb, the working directory, and the arguments of a run.
  private static func key(_ verb: String, _ directory: FilePath) throws -> [String] {
    [verb, directory.string] + CommandLine.arguments.dropFirst()
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
