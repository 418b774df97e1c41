internal import BuildFiles
public import Diagnostics
internal import Workspace

/// What inference could not settle: gathered while it works, reported once, by cause.
struct ImportFindings {
  struct Place: Hashable {
    var target: TargetID
    var line: Int
  }

  /// The importers by module, by the targets that could be meant.
  var ambiguous: [[TargetID]: [String: [Place]]] = [:]
  /// The imports that nothing provides, by importer.
  var unowned: [TargetID: [(name: String, line: Int)]] = [:]

  mutating func add(ambiguous name: String, providers: [TargetID], importer: TargetID, line: Int) {
    ambiguous[providers.sorted(), default: [:]][name, default: []].append(Place(target: importer, line: line))
  }

  mutating func add(unowned name: String, importer: TargetID, line: Int) {
    unowned[importer, default: []].append((name, line))
  }
}

extension DependencyResolver {
  /// What inference could not settle so far, and what was odd about the targets: for people, on standard error.
  ///
  /// - Throws: `DiagnosticList` where the configuration makes unowned imports errors.
  public func warnings() throws -> [Diagnostic] {
    var result = graph.warnings
    for (providers, modules) in findings.ambiguous.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      result.append(ambiguity(providers, modules))
    }
    let unowned = findings.unowned.sorted { $0.key < $1.key }.map { unownedImports($0.key, $0.value) }
    switch graph.configuration.inference.unownedImports {
    case .ignore: break
    case .warning: result += unowned
    case .error: if !unowned.isEmpty { throw DiagnosticList(unowned) }
    }
    return result
  }

  private func ambiguity(_ providers: [TargetID], _ modules: [String: [ImportFindings.Place]]) -> Diagnostic {
    let names = modules.keys.sorted()
    let importers = Set(modules.values.flatMap { $0.map(\.target) }).sorted()
    let addresses = providers.map { graph.address(of: $0).description }
    let first = modules[names[0]]?.min { $0.target < $1.target }
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
