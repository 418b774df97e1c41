import BuildFiles
import TargetGraph
import Testing
import Workspace

/// Directories and files whose names hold marks of the address grammar, line ends among them.
@Suite struct AddressTextTests {
  private static let names = [
    "a:b", "c#", "st*r", "two\nlines", "esc\u{1B}[31m", "at@k=v", "50%", "%3A", "-minus", "!not", " blank", "a,b", "#",
    "::",
  ]

  private func fixture() -> GraphFixture {
    var texts: [String: String] = [:]
    for directory in Self.names + Self.names.map({ "in/\($0)" }) {
      texts["\(directory)/BUILD"] = "files(sources=['*.txt'])\nfile(name='one', source='x.txt')\n"
      for name in Self.names { texts["\(directory)/\(name).txt"] = "" }
      texts["\(directory)/x.txt"] = ""
    }
    return GraphFixture(texts)
  }

  @Test("Each address that a list prints selects its target, on the command line and as a dependency")
  func roundTrip() throws {
    var fixture = fixture()
    let graph = try fixture.graph()
    let all = graph.allTargets
    #expect(all.count == Self.names.count * 2 * (Self.names.count + 3))
    var output: [UInt8] = []
    graph.write(graph.sortedByAddress(all), into: &output)
    let lines = String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
    #expect(lines.count == all.count)
    for line in lines {
      let found = try graph.select([try Spec(parsing: line, workingDirectory: "in")])
      // A path alone selects all owners of the file.
      #expect(found.map { graph.name(of: $0) }.contains(line), "\(line) selects \(found.map { graph.name(of: $0) })")
    }
    let quoted = lines.map { "r'\($0)'" }.joined(separator: ", ")
    fixture.texts["user/BUILD"] = "files(sources=['y.txt'], dependencies=[\(quoted)])\n"
    fixture.texts["user/y.txt"] = ""
    #expect(try fixture.resolver().dependencies("user/y.txt") == lines)
  }

  @Test("Specs of directories and globs take escaped names")
  func specs() throws {
    let graph = try fixture().graph()
    func names(_ text: String) throws -> [String] {
      try graph.select([try Spec(parsing: text)]).map { graph.name(of: $0) }
    }
    #expect(try names("in/a%3Ab:").count == Self.names.count + 3)
    #expect(try names("in/a%3Ab::") == names("in/a%3Ab:"))
    #expect(try names("in/a%3Ab/st%2A*") == ["in/a%3Ab/st%2Ar.txt"])
    #expect(try names("//-minus:one") == ["//-minus:one"])
  }

  @Test("A path typed without escapes that means something else is answered with the right spelling")
  func remedy() throws {
    let graph = try fixture().graph()
    let text = message { _ = try graph.select([try Spec(parsing: "in/a:b")]) }
    #expect(text.contains("help: write \"in/a%3Ab\" for it"), "\(text)")
  }
}
