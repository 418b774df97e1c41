internal import BuildFiles
public import Diagnostics
internal import Snapshot
internal import Workspace

/// What inference could not settle of one target.
struct TargetFindings {
  var ambiguous: [(name: String, providers: [TargetID], line: Int)] = []
  /// The imports that nothing provides.
  var unowned: [(name: String, line: Int)] = []

  func encode(into writer: inout ByteWriter) {
    if ambiguous.isEmpty, unowned.isEmpty { return }
    writer.write(list: ambiguous) { writer, entry in
      writer.write(entry.name)
      writer.write(list: entry.providers) { $0.write(Int($1.rawValue)) }
      writer.write(entry.line)
    }
    writer.write(list: unowned) { writer, entry in
      writer.write(entry.name)
      writer.write(entry.line)
    }
  }

  init() {}

  init(from reader: inout ByteReader) throws(SnapshotError) {
    ambiguous = try reader.list { reader throws(SnapshotError) in
      (
        name: try reader.string(),
        providers: try reader.list { reader throws(SnapshotError) in TargetID(try reader.int()) },
        line: try reader.int()
      )
    }
    unowned = try reader.list { reader throws(SnapshotError) in (name: try reader.string(), line: try reader.int()) }
  }
}

/// What inference could not settle: gathered while it works, reported once, by cause.
struct ImportFindings {
  struct Place: Hashable {
    var target: TargetID
    var line: Int
  }

  private var byTarget: [TargetID: TargetFindings] = [:]

  subscript(id: TargetID) -> TargetFindings { byTarget[id] ?? TargetFindings() }

  /// Begins anew with a target.
  mutating func begin(_ id: TargetID) { byTarget[id] = nil }

  mutating func add(ambiguous name: String, providers: [TargetID], importer: TargetID, line: Int) {
    byTarget[importer, default: TargetFindings()].ambiguous.append((name, providers, line))
  }

  mutating func add(unowned name: String, importer: TargetID, line: Int) {
    byTarget[importer, default: TargetFindings()].unowned.append((name, line))
  }

  /// Takes what an earlier run has found of a target.
  mutating func take(from row: TargetRow, of id: TargetID, in store: GraphStore) {
    guard row.findings.count > 0, byTarget[id] == nil else { return }
    var reader = ByteReader(store.declarationBytes(row.findings))
    guard let found = try? TargetFindings(from: &reader) else {
      preconditionFailure("findings in the state can not be decoded")
    }
    byTarget[id] = found
  }

  /// The importers by module, by the targets that could be meant.
  var ambiguous: [[TargetID]: [String: [Place]]] {
    var result: [[TargetID]: [String: [Place]]] = [:]
    for (importer, found) in byTarget {
      for entry in found.ambiguous {
        result[entry.providers.sorted(), default: [:]][entry.name, default: []].append(
          Place(target: importer, line: entry.line))
      }
    }
    return result
  }

  /// The imports that nothing provides, by importer.
  var unowned: [TargetID: [(name: String, line: Int)]] { byTarget.mapValues(\.unowned).filter { !$0.value.isEmpty } }
}

extension DependencyResolver {
  /// What inference could not settle so far, and what was odd about the targets: for people, on standard error.
  ///
  /// - Throws: `DiagnosticList` where the configuration makes unowned imports errors.
  public func warnings() throws -> [Diagnostic] {
    var result = graph.warnings + visibility.warnings
    let ambiguous = findings.ambiguous.map { (graph.sortedByAddress($0.key), $0.value) }
    for (providers, modules) in ambiguous.sorted(by: { left, right in
      left.0.lexicographicallyPrecedes(right.0, by: graph.store.precedes)
    }) {
      result.append(ambiguity(providers, modules))
    }
    let unowned = findings.unowned.sorted { graph.store.precedes($0.key, $1.key) }.map {
      unownedImports($0.key, $0.value)
    }
    switch graph.configuration.inference.unownedImports {
    case .ignore: break
    case .warning: result += unowned
    case .error: if !unowned.isEmpty { throw DiagnosticList(unowned) }
    }
    return result
  }

  private func ambiguity(_ providers: [TargetID], _ modules: [String: [ImportFindings.Place]]) -> Diagnostic {
    let names = modules.keys.sorted()
    let importers = graph.sortedByAddress(Array(Set(modules.values.flatMap { $0.map(\.target) })))
    let addresses = providers.map { graph.address(of: $0).description }
    let first = modules[names[0]]?.min {
      $0.target == $1.target ? $0.line < $1.line : graph.store.precedes($0.target, $1.target)
    }
    var diagnostic = Diagnostic(
      .input,
      "\(names.map { "\"\($0)\"" }.joined(separator: ", ")) could come from \(addresses.count) targets, so nothing was inferred",
      notes: [
        "provided by " + addresses.joined(separator: ", "),
        "imported by " + Self.listing(importers.map { graph.address(of: $0).description }),
      ],
      remedies: [
        "name one in the importing target: dependencies=[\"\(addresses[0])\"], or exclude the others: "
          + "dependencies=[\"!\(addresses[addresses.count - 1])\"]"
      ])
    if let first, let file = graph[first.target].file {
      diagnostic.location = SourceLocation(path: graph.files.path(of: file), line: first.line)
    }
    return diagnostic
  }

  private static func listing(_ names: [String]) -> String {
    names.count <= 5
      ? names.joined(separator: ", ")
      : names.prefix(5).joined(separator: ", ") + " and \(names.count - 5) more"
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
    diagnostic.remedies = [
      "add the requirement, or a target for the file; \"# kilt: no-infer-dep\" on the line says that none is needed"
    ]
    return diagnostic
  }
}
