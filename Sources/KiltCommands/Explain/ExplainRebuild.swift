internal import ArgumentParser
internal import Artifacts
internal import BuildCommands
internal import BuildFiles
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import JSON
internal import TargetGraph

/// `kilt explain TARGET`.
struct ExplainRebuild: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rebuild", abstract: "Show which inputs changed since a target's last build.",
    discussion: """
      What is compared is what the build's key is computed from. "rebuild" itself may be left out.

      EXAMPLES
        kilt explain services/fiddler:server
        kilt explain rebuild services:: --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Argument(help: ArgumentHelp("The targets.", valueName: "spec"))
  var specs: [String]

  @Flag(help: "Show every input that changed, instead of the first twenty.")
  var all = false

  func run() throws {
    let session = try WorkspaceSession(global)
    let selected = try session.graph.select(try session.parse(specs))
    let inputs = TargetInputs(try session.targetBuilder(store: try ContentStore.userDefault()))
    let built = try inputs.buildable(among: selected)
    guard !built.isEmpty else { throw Self.nothingBuilt(selected, session) }
    let history = BuildHistory(session.workspace)
    let explanations = try built.map { id in
      let address = session.graph.address(of: id)
      return (address, RebuildExplanation(inputs: try inputs.current(of: id), address: address, history: history))
    }
    switch output.format {
    case .text: session.write(lines: explanations.flatMap { lines($0, $1) }, as: .text)
    case .json: session.write(.array(explanations.map { Self.json($0, $1) }))
    }
    try session.reportWarnings()
  }

  private static func nothingBuilt(_ selected: [TargetID], _ session: WorkspaceSession) -> Diagnostic {
    guard selected.count == 1 else { return Diagnostic(.input, "nothing is built of the targets selected") }
    let target = session.graph[selected[0]]
    return Diagnostic(
      .input, "nothing is built of \"\(target.address)\", which is a \(target.typeName)",
      remedies: ["\"kilt dependents --transitive \(target.address)\" lists what it goes into"])
  }

  // MARK: Text

  private func lines(_ address: Address, _ explanation: RebuildExplanation) -> [String] {
    var lines = [address.description]
    if let time = explanation.lastBuilt {
      let when = "last built \(Timestamp.text(time / 1_000_000_000))"
      switch explanation.lastChanges {
      case nil: lines.append("  \(when), for the first time")
      case let changes?: lines += ["  \(when), because"] + shown(changes)
      }
    }
    switch explanation.state {
    case .upToDate: lines.append("  up to date: none of its \(explanation.inputCount) inputs has changed since")
    case .neverBuilt: lines.append("  never built here: no build of it is on record")
    case .stale: lines += ["  to be built, because"] + shown(explanation.changes)
    }
    return lines
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

  private static func json(_ address: Address, _ explanation: RebuildExplanation) -> JSONValue {
    .members([
      "address": .string(address.description), "state": .string(explanation.state.rawValue),
      "last_built": explanation.lastBuilt.map { .string(Timestamp.text($0 / 1_000_000_000)) } ?? .null,
      "last_changes": explanation.lastChanges.map { .array($0.map(json)) } ?? .null,
      "changes": .array(explanation.changes.map(json)), "inputs": .int(Int64(explanation.inputCount)),
    ])
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
