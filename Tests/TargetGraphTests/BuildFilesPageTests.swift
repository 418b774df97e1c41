import BuildFiles
import Diagnostics
import Starlark
import SystemSupport
import Testing
import Workspace

@testable import TargetGraph

/// Evaluates what docs/build-files.md shows.
@Suite struct BuildFilesPageTests {
  /// The files of a fence, and what the fence behind it says of them.
  struct Example: CustomStringConvertible {
    var files: [String: String] = [:]
    var expected: [String] = []
    var isError = false
    var description: String { files["BUILD"] ?? files.keys.sorted().joined(separator: " ") }
  }

  static let lines: [String] = {
    let page = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
      .appending("docs/build-files.md")
    do {
      return try FileSystem.readText(page).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    } catch {
      Issue.record("\(page) cannot be read: \(error)")
      return []
    }
  }()

  static let examples: [Example] = {
    var found: [Example] = []
    var others: [String] = []
    var index = 0
    while index < lines.count {
      let line = lines[index]
      index += 1
      if line.hasPrefix("<!-- with ") { others = line.dropFirst(10).dropLast(4).split(separator: " ").map(String.init) }
      guard line.hasPrefix("```"), line.count > 3 else { continue }
      let end = lines[index...].firstIndex(of: "```") ?? lines.count
      let body = Array(lines[index..<end])
      index = end + 1
      switch line {
      case "```python":
        var example = Example()
        for path in others { example.files[path] = "" }
        var path = "BUILD"
        for text in body {
          let name = text.dropFirst(2)
          if text.hasPrefix("# "), name.hasSuffix("BUILD") || name.contains("."), !name.contains(" ") {
            path = String(name)
            example.files[path] = ""
          } else {
            example.files[path, default: ""] += text + "\n"
          }
        }
        found.append(example)
      case "```text", "```error":
        found[found.count - 1].expected = body
        found[found.count - 1].isError = line == "```error"
      default: break
      }
    }
    return found
  }()

  @Test func thePageHasExamples() {
    #expect(Self.examples.count > 10)
    #expect(Self.examples.allSatisfy { !$0.expected.isEmpty })
  }

  @Test(arguments: examples.indices)
  func examplesMeanWhatThePageSays(_ index: Int) throws {
    let example = Self.examples[index]
    let fixture = GraphFixture(example.files)
    let resolver: DependencyResolver
    do {
      resolver = try fixture.resolver()
      try resolver.resolveAll()
    } catch {
      let text = DiagnosticRenderer(color: false).render(error)
      #expect(example.isError && example.expected.allSatisfy { text.contains($0) }, "\(text)")
      return
    }
    #expect(!example.isError, "no error where the page shows \(example.expected)")
    let graph = resolver.graph
    let all = graph.sortedByAddress(graph.allTargets).filter { graph.type(of: $0) != .generatorSources }
    if !example.expected.contains(where: { $0.contains(" -> ") }) {
      #expect(all.map { graph.name(of: $0) } == example.expected)
    }
    for line in example.expected {
      guard let arrow = line.firstRange(of: " -> ") else { continue }
      let id = try #require(all.first { graph.name(of: $0) == line[..<arrow.lowerBound] }, "\(line)")
      let found = resolver.expandingGenerators(try resolver.dependencies(of: id)).map { graph.name(of: $0) }
        .filter { !$0.hasSuffix("requirements.txt:reqs") }
      #expect("\(line[..<arrow.lowerBound]) -> \(found.joined(separator: ", "))" == line)
    }
  }

  /// The rows of the table of fields.
  static let rows = lines.filter { $0.hasPrefix("| `") }.map { line in
    line.split(separator: "|").map { $0.split(separator: " ").joined(separator: " ") }
  }.filter { $0.count == 3 && TargetType(rawValue: names(in: $0[0]).first ?? "") != nil }

  /// What stands between backquotes.
  static func names(in cell: String) -> [String] {
    cell.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map {
      String($0.element)
    }
  }

  @Test(arguments: rows)
  func fieldsHaveTheDefaultsThatThePageSays(_ row: [String]) throws {
    for type in Self.names(in: row[0]) {
      let type = try #require(TargetType(rawValue: type), "\(type)")
      for part in row[1].split(separator: ",") {
        let name = try #require(Self.names(in: String(part)).first)
        let field = try #require(type.field(named: name), "\(type.rawValue) has no field \(name)")
        #expect(field.defaultValue.source == Self.names(in: row[2]).first, "\(type.rawValue).\(name)")
        #expect(field.isRequired == part.contains("(required)"), "\(type.rawValue).\(name)")
      }
    }
  }

  @Test func theTableHasRows() { #expect(Self.rows.count > 25) }
}
