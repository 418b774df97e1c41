internal import ArgumentParser
internal import Artifacts
internal import BuildCommands
internal import BuildFiles
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import JSON
internal import PythonCommands
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// `kilt explain TARGET`.
struct ExplainRebuild: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rebuild", abstract: "Show the inputs that changed since the last build or test run.",
    discussion: """
      Compares the inputs of the cache key. You can omit the word "rebuild". With a remote cache, also shows hit or \
      miss, and the inputs that differ from the newest entry of the target.

      EXAMPLES
        kilt explain services/fiddler:server
        kilt explain rebuild services:: --format json
        kilt explain lib/auth/tokens_test.py
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Argument(
    help: ArgumentHelp("Targets: DIR:NAME, DIR: (all in DIR), DIR:: (all in or below DIR), FILE.", valueName: "spec"))
  var specs: [String]

  @Flag(help: "Show all changed inputs instead of the first 20.")
  var all = false

  func run() throws {
    let session = try WorkspaceSession(global)
    let store = try session.contentStore(fetchesWhenNeeded: true, isReading: true)
    let selected = try session.graph.select(try session.parse(specs))
    let builder = try session.targetBuilder(store: store)
    let inputs = TargetInputs(builder)
    let built = try inputs.buildable(among: selected)
    let tests = try TestPlanner(session.resolver).tests(among: selected).run
    guard !built.isEmpty || !tests.isEmpty else { throw Self.nothingBuilt(selected, session) }
    let history = BuildHistory(session.workspace)
    let remote = RemoteExplainer(store)
    var lists: [TargetID: InputList] = [:]
    try builder.together(built) { lists[$0] = try inputs.current(of: $0) }
    var explained = try built.compactMap { id -> Explained? in
      guard let list = lists[id] else { return nil }
      var explained = Explained(inputs: list, address: session.graph.address(of: id), history: history)
      explained.remote = try remote?.explain(list, inputs.recordNamespace(of: id), explained.address)
      return explained
    }
    explained += try self.tests(tests, session, store, builder).map { test in
      var explained = Explained(inputs: test.inputs, address: test.address, history: history)
      explained.isResultKnown = test.isKnown
      explained.remote = try remote?.explain(test.inputs, TestExplanation.recordNamespace, test.address)
      return explained
    }
    switch output.format {
    case .text: session.write(lines: explained.flatMap(lines), as: .text)
    case .json: session.write(.array(explained.map(Self.json)))
    }
    try session.reportWarnings()
  }

  /// One target and what is to be said of it.
  private struct Explained {
    var address: Address
    var explanation: RebuildExplanation
    /// Whether the result of a test is known; nil for what is built.
    var isResultKnown: Bool?
    var remote: RemoteExplanation?

    init(inputs: InputList, address: Address, history: BuildHistory) {
      self.address = address
      explanation = RebuildExplanation(inputs: inputs, address: address, history: history)
    }
  }

  /// The inputs of test files when they run with the options of the workspace.
  private func tests(
    _ ids: [TargetID], _ session: WorkspaceSession, _ store: ContentStore, _ builder: TargetBuilder
  ) throws -> [TestExplanation] {
    guard !ids.isEmpty else { return [] }
    let plans = try ids.map { try TestPlanner(session.resolver).plan($0) }
    let options = TestOptions(session.workspace.configuration)
    let runner = try TestRunner(workspace: session.workspace, store: store, options: options)
    defer { runner.close() }
    let made = try builder.made(for: plans, jobs: availableProcessors())
    return try runner.explain(
      plans, environments: ClosureEnvironments(session.workspace, store: store),
      maker: { made[$0.target] ?? GeneratedFiles() })
  }

  private static func nothingBuilt(_ selected: [TargetID], _ session: WorkspaceSession) -> Diagnostic {
    guard selected.count == 1 else { return Diagnostic(.input, "none of the selected targets is built or tested") }
    let target = session.graph[selected[0]]
    return Diagnostic(
      .input, "cannot explain \"\(target.address)\": \(target.typeName) targets are not built",
      remedies: ["run `kilt dependents --transitive \(target.address)` to list the targets that include it"])
  }

  // MARK: Text

  private func lines(_ explained: Explained) -> [String] {
    linesOfBuild(explained) + (explained.remote.map { $0.lines(shown) } ?? [])
  }

  private func linesOfBuild(_ explained: Explained) -> [String] {
    var lines = [explained.address.description]
    let explanation = explained.explanation
    if let time = explanation.lastBuilt {
      let what = explained.isResultKnown == nil ? "last built" : "last run, or found in the cache,"
      let when = "\(what) \(RFC3339.text(time / 1_000_000_000))"
      switch explanation.lastChanges {
      case nil: lines.append("  \(when), for the first time")
      case let changes?: lines += ["  \(when), because"] + shown(changes)
      }
    }
    if let isKnown = explained.isResultKnown { return lines + self.lines(ofTest: explanation, isKnown: isKnown) }
    switch explanation.state {
    case .upToDate: lines.append("  up to date: none of its \(explanation.inputCount) inputs has changed since")
    case .neverBuilt: lines.append("  never built here")
    case .stale: lines += ["  will build, because"] + shown(explanation.changes)
    }
    return lines
  }

  private func lines(ofTest explanation: RebuildExplanation, isKnown: Bool) -> [String] {
    switch explanation.state {
    case .upToDate where isKnown:
      ["  result is cached: none of its \(explanation.inputCount) inputs has changed since"]
    case .upToDate: ["  will run: the last run failed, and only passing results are cached"]
    case .neverBuilt where isKnown: ["  result is cached from another run"]
    case .neverBuilt: ["  will run: never run here"]
    case .stale where isKnown:
      ["  result is cached from an earlier run with the same inputs; changes since the last run:"]
        + shown(explanation.changes)
    case .stale: ["  will run, because"] + shown(explanation.changes)
    }
  }

  private func shown(_ changes: [InputList.Change]) -> [String] {
    let limit = all ? changes.count : 20
    let rest = changes.count - limit
    return changes.prefix(limit).map { "    " + Self.text($0) } + (rest > 0 ? ["    … and \(rest) more (--all)"] : [])
  }

  private static func text(_ change: InputList.Change) -> String {
    func named(_ input: InputList.Input) -> String { input.kind + (input.name.isEmpty ? "" : " " + input.name) }
    func short(_ value: String) -> String {
      let isDigest = value.utf8.count >= 64 && value.utf8.prefix(64).allSatisfy { "0123456789abcdef".utf8.contains($0) }
      return isDigest ? String(value.prefix(12) + value.dropFirst(64)) : "\"\(value)\""
    }
    switch change {
    case .added(let input): return "\(named(input)) is new"
    case .removed(let input): return "\(named(input)) is gone"
    case .changed(let input, let old): return "\(named(input)) changed: \(short(old)) -> \(short(input.value))"
    case .reordered: return "the order of its inputs changed"
    }
  }

  // MARK: JSON

  private static func json(_ explained: Explained) -> JSONValue {
    let explanation = explained.explanation
    var members: [(String, JSONValue)] = [
      ("address", .string(explained.address.description)), ("state", .string(explanation.state.rawValue)),
      ("last_built", explanation.lastBuilt.map { .string(RFC3339.text($0 / 1_000_000_000)) } ?? .null),
      ("last_changes", explanation.lastChanges.map { .array($0.map(json)) } ?? .null),
      ("changes", .array(explanation.changes.map(json))), ("inputs", .int(Int64(explanation.inputCount))),
    ]
    if let isKnown = explained.isResultKnown { members.append(("result_known", .bool(isKnown))) }
    if let remote = explained.remote { members.append(("remote", remote.json(json))) }
    return .object(JSONObject(members))
  }

  private static func json(_ change: InputList.Change) -> JSONValue {
    let (what, old, new): (String, String?, String?) =
      switch change {
      case .added(let input): ("added", nil, input.value)
      case .removed(let input): ("removed", input.value, nil)
      case .changed(let input, let old): ("changed", old, input.value)
      case .reordered: ("reordered", nil, nil)
      }
    return .members([
      "change": .string(what), "kind": .string(change.input?.kind ?? ""), "name": .string(change.input?.name ?? ""),
      "old": old.map { .string($0) } ?? .null, "new": new.map { .string($0) } ?? .null,
    ])
  }
}
