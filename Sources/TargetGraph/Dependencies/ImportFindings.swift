internal import BuildFiles
public import Diagnostics
internal import Snapshot
internal import Workspace

/// The unresolved imports of one target.
struct TargetFindings {
  /// Something that several targets provide.
  struct Ambiguous {
    var need: Ambiguity.Need
    var providers: [TargetID]
    var line: Int
    /// Whether the target requires it.
    var isNeeded: Bool
  }

  var ambiguous: [Ambiguous] = []
  /// The imports without a provider.
  var unowned: [(name: String, line: Int)] = []
  /// The `conftest.py` files of a test that no target owns, by path from the workspace root.
  var unownedFixtures: [String] = []

  func encode(into writer: inout ByteWriter) {
    if ambiguous.isEmpty, unowned.isEmpty, unownedFixtures.isEmpty { return }
    writer.write(list: ambiguous) { writer, entry in
      if case .asset = entry.need { writer.write(true) } else { writer.write(false) }
      writer.write(entry.need.text)
      writer.write(list: entry.providers) { $0.write(Int($1.rawValue)) }
      writer.write(entry.line)
      writer.write(entry.isNeeded)
    }
    writer.write(list: unowned) { writer, entry in
      writer.write(entry.name)
      writer.write(entry.line)
    }
    writer.write(list: unownedFixtures) { $0.write($1) }
  }

  init() {}

  init(from reader: inout ByteReader) throws(SnapshotError) {
    ambiguous = try reader.list { reader throws(SnapshotError) in
      let isAsset = try reader.bool()
      let text = try reader.string()
      return Ambiguous(
        need: isAsset ? .asset(text) : .module(text),
        providers: try reader.list { reader throws(SnapshotError) in TargetID(try reader.int()) },
        line: try reader.int(), isNeeded: try reader.bool())
    }
    unowned = try reader.list { reader throws(SnapshotError) in (name: try reader.string(), line: try reader.int()) }
    unownedFixtures = try reader.list { reader throws(SnapshotError) in try reader.string() }
  }
}

/// The imports that inference could not resolve: collected during inference, reported once, by cause.
struct ImportFindings {
  private(set) var all: [TargetID: TargetFindings] = [:]

  subscript(id: TargetID) -> TargetFindings { all[id] ?? TargetFindings() }

  /// Starts again with a target.
  mutating func begin(_ id: TargetID) { all[id] = nil }

  mutating func add(_ ambiguous: TargetFindings.Ambiguous, to importer: TargetID) {
    all[importer, default: TargetFindings()].ambiguous.append(ambiguous)
  }

  mutating func add(unowned name: String, importer: TargetID, line: Int) {
    all[importer, default: TargetFindings()].unowned.append((name, line))
  }

  mutating func add(unownedFixtures path: String, to test: TargetID) {
    all[test, default: TargetFindings()].unownedFixtures.append(path)
  }

  /// The `conftest.py` files that no target owns, by path, with the tests that run without them.
  var unownedFixtures: [String: [TargetID]] {
    var found: [String: [TargetID]] = [:]
    for (id, findings) in all { for path in findings.unownedFixtures { found[path, default: []].append(id) } }
    return found
  }

  /// Adds an earlier run's findings about a target.
  mutating func take(from row: TargetRow, of id: TargetID, in store: GraphStore) {
    guard row.findings.count > 0, all[id] == nil else { return }
    var reader = ByteReader(store.declarationBytes(row.findings))
    guard let found = try? TargetFindings(from: &reader) else {
      preconditionFailure("findings in the state cannot be decoded")
    }
    all[id] = found
  }

  /// The imports without a provider, by importer.
  var unowned: [TargetID: [(name: String, line: Int)]] { all.mapValues(\.unowned).filter { !$0.value.isEmpty } }

  /// Whether some target lacks a required module, because several targets provide it.
  func lacks(_ ambiguity: Ambiguity) -> Bool {
    ambiguity.places.contains { place in
      self[place.target].ambiguous.contains { $0.isNeeded && ambiguity.needs.contains($0.need) }
    }
  }
}

extension DependencyResolver {
  /// The unresolved imports so far, and the warnings about targets: for people, on standard error.
  ///
  /// - Throws: `DiagnosticList` if the configuration makes an unowned import an error.
  public func warnings() throws -> [Diagnostic] {
    var result = graph.warnings + visibility.warnings
    let ambiguities = ambiguities
    let unowned = findings.unowned.sorted { graph.store.precedes($0.key, $1.key) }.map {
      unownedImports($0.key, $0.value)
    }
    if graph.configuration.inference.unownedImports == .error {
      let errors = ambiguities.filter(findings.lacks).map(diagnostic) + unowned
      if !errors.isEmpty { throw DiagnosticList(errors) }
    }
    result += ambiguities.map(diagnostic)
    result += findings.unownedFixtures.sorted { $0.key < $1.key }.map { unownedFixtures($0.key, $0.value) }
    if graph.configuration.inference.unownedImports == .warning { result += unowned }
    return result
  }

  /// Whether a module has a name that the generators of protobuf or Thrift produce.
  private static func isGenerated(_ name: String) -> Bool {
    name.split(separator: ".").contains { $0.hasSuffix("_pb2") || $0.hasSuffix("_pb2_grpc") || $0 == "ttypes" }
  }

  private func unownedFixtures(_ path: String, _ tests: [TargetID]) -> Diagnostic {
    let names = graph.sortedByAddress(tests).map { graph.name(of: $0) }
    return Diagnostic(
      .input, "no target owns the file \"\(path)\", so tests run without its fixtures",
      at: SourceLocation(path: path, line: 1), notes: ["concerned: " + Self.listing(names)],
      remedies: [
        "run `kilt tailor \(Paths.parent(path)):\(Paths.parent(path).isEmpty ? ":" : "")`, or add python_test_utils() to "
          + Paths.join(Paths.parent(path), "BUILD"),
        "set conftests = false under [python.infer] to leave fixtures to dependencies",
      ])
  }

  private func unownedImports(_ id: TargetID, _ imports: [(name: String, line: Int)]) -> Diagnostic {
    let target = graph[id]
    let resolve = graph.resolve(of: target)
    let path = target.file.map { graph.files.path(of: $0) } ?? target.declaration.site.path
    let names = imports.map { "\"\($0.name)\" (line \($0.line))" }
    var diagnostic = Diagnostic(
      .input, "no target provides \(names.joined(separator: ", ")), imported by \"\(target.address)\"",
      at: imports.first.map { SourceLocation(path: path, line: $0.line) })
    for entry in imports {
      for other in modules.otherResolves(of: entry.name, besides: resolve) {
        let addresses = other.targets.map { graph.address(of: $0).description }.joined(separator: ", ")
        diagnostic.notes.append("\"\(entry.name)\" is in the resolve \"\(other.resolve)\": \(addresses)")
      }
    }
    if let type = codeGenerators.first, imports.contains(where: { Self.isGenerated($0.name) }) {
      diagnostic.notes.append("Pants generates such code from \(type); Kilt does not")
      diagnostic.remedies = ["commit the code, or generate it with adhoc_tool and experimental_wrap_as_python_sources"]
      return diagnostic
    }
    diagnostic.remedies = [
      "add the requirement, or a target for the file; if none is needed, write \"# kilt: no-infer-dep\" on the line"
    ]
    return diagnostic
  }
}
