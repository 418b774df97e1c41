internal import BuildCommands
public import ContentStore
internal import Diagnostics
public import Digests
internal import JSON
internal import PythonEnvironments
internal import SystemSupport
public import Workspace

/// Joins the coverage of test files and writes reports, through the `coverage` distribution.
public struct CoverageReport: Sendable {
  public enum Kind: String, Sendable, CaseIterable { case console, xml, json, html, lcov, raw }

  public var kinds: [Kind]
  /// The percentage below which the run fails; nil uses coverage's configuration.
  public var failUnder: Double?
  /// The directory of reports, from the workspace root.
  public static let folder = "dist/coverage/python"

  public init(kinds: [Kind], failUnder: Double? = nil) {
    self.kinds = kinds
    self.failUnder = failUnder
  }

  /// The written files.
  public struct Outcome: Sendable {
    /// The report for people.
    public var text: String
    /// In percent; nil if nothing was measured.
    public var total: Double?
    /// The share that is demanded.
    public var demanded: Double?
    /// From the workspace root.
    public var files: [String]

    /// Whether the share meets the demand.
    public var isEnough: Bool { (total ?? 100) + 0.005 >= demanded ?? 0 }
  }

  /// Writes the reports of some coverage data.
  ///
  /// - Parameters:
  ///   - data: blobs of the store.
  ///   - plan: a test whose lockfile and Python are used.
  public func write(
    _ data: [SHA256Digest], of plan: TestPlan, workspace: Workspace, store: ContentStore,
    environments: ClosureEnvironments
  ) throws -> Outcome {
    let closure = try environments.resolve(
      [], lockfile: plan.lockfile, constraints: plan.interpreterConstraints, tools: [.coverage], for: plan.address)
    let python = try environments.environment(of: closure.toolWheels, for: closure.interpreter)
    let folder = workspace.root.appending(Self.folder)
    try workspace.createOutputFolder(folder)
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "kilt-coverage")
    // The cleaner of temporary directories removes leftover files.
    defer { try? FileSystem.removeTree(scratch) }
    try RunnerScripts.write(to: scratch)
    let request = JSONValue.members([
      "folder": .string(folder.string), "data": .strings(data.map { store.path(of: $0).string }),
      "reports": .strings(kinds.map(\.rawValue)), "fail_under": failUnder.map { .double($0) } ?? .null,
    ])
    let file = scratch.appending("request.json")
    try FileSystem.write(request.bytes(), to: file)
    let outcome = try Subprocess(
      python.python.string, ["-s", scratch.appending(RunnerScripts.coverageName).string, file.string],
      workingDirectory: workspace.root
    ).run()
    let lines = outcome.text.split(separator: "\n", omittingEmptySubsequences: false)
    guard outcome.termination.isSuccess, let last = lines.last, let json = try? JSONValue(parsing: Array(last.utf8))
    else {
      throw Diagnostic(
        .work, "cannot write the coverage report",
        notes: outcome.errorText.split(separator: "\n").suffix(8).map(String.init))
    }
    return Outcome(
      text: lines.dropLast().joined(separator: "\n"), total: json["total"]?.double,
      demanded: json["fail_under"]?.double, files: (json["written"]?.strings ?? []).map { Self.folder + "/" + $0 })
  }
}
