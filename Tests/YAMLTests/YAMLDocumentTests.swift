import Diagnostics
import Testing

@testable import YAML

func parse(_ text: String, limits: YAMLLimits = YAMLLimits()) throws -> YAMLDocument {
  try YAMLDocument(parsing: Array(text.utf8), path: "f.yaml", limits: limits)
}

/// The message for a text that must be refused.
func message(_ text: String, limits: YAMLLimits = YAMLLimits()) -> String {
  do {
    _ = try parse(text, limits: limits)
    Issue.record("accepted: \(text)")
    return ""
  } catch {
    return DiagnosticRenderer(color: false).render(error)
  }
}

/// The tree without places, in a form that is easy to compare.
func show(_ node: YAMLNode) -> String {
  switch node.value {
  case .mapping(let entries): "{" + entries.map { show($0.key) + ": " + show($0.value) }.joined(separator: ", ") + "}"
  case .sequence(let nodes): "[" + nodes.map(show).joined(separator: ", ") + "]"
  case .scalar(let scalar):
    switch scalar.content {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .int(let value): "\(value)"
    case .float(let value): "\(value)f"
    case .string: "'\(scalar.text)'"
    }
  }
}

@Suite struct YAMLDocumentTests {
  @Test func aJobFileIsATree() throws {
    let document = try parse(
      """
      # comment
      file: a.aurora
      config: {cpu: 0.5, ram: 256MB, instances: 2}
      list:
      - one
      - "two\\n"
      - |
        block
      """)
    #expect(
      show(document.root)
        == "{'file': 'a.aurora', 'config': {'cpu': 0.5f, 'ram': '256MB', 'instances': 2}, 'list': ['one', 'two\n', 'block']}"
    )
    #expect(document.root["config"]?["instances"]?.scalar?.content == .int(2))
    #expect(document.root["nothing"] == nil)
  }

  @Test func placesCountBytesFromOne() throws {
    let document = try parse("a: 1\n\"é\": {ü: value}\n")
    let node = try #require(document.root["é"]?["ü"])
    #expect(document.location(of: node).line == 2)
    #expect(document.location(of: node).column == 12)
    #expect(document.location(of: node).length == 5)
    #expect(document.location(of: node).lineText == "\"é\": {ü: value}")
  }

  @Test func linesEndAsYAMLSays() throws {
    let document = try parse("\u{FEFF}a: 1\r\nb: 2\rc: 3\u{2028}d: 4\n")
    #expect(document.root.mapping?.map(\.value.line) == [1, 2, 3, 4])
    #expect(document.root.mapping?.map(\.value.column) == [4, 4, 4, 4])
  }

  @Test(arguments: ["", "# only a comment\n", "---\n", "---\n...\n", "~"])
  func aFileWithNothingInItIsNull(text: String) throws {
    #expect(try parse(text).root.isNull)
  }

  @Test func anchorsAndAliasesAndMerges() throws {
    let document = try parse("base: &b {x: 1, y: 2}\nother: &o {y: 3, z: 4}\nuse: {<<: [*b, *o], x: 9}\nsame: *b\n")
    #expect(document.root["use"].map(show) == "{'x': 9, 'y': 2, 'z': 4}")
    #expect(document.root["same"].map(show) == "{'x': 1, 'y': 2}")
    #expect(try show(parse("{'<<': 1}").root) == "{'<<': 1}")
  }

  @Test func tagsOfTheCoreSchemaSayTheType() throws {
    #expect(
      try show(parse("[!!str 12, !!float 3, ! 4, !!int 5, !!bool true, !!null ~]").root)
        == "['12', 3.0f, '4', 5, true, null]")
    #expect(message("!!int x").contains("\"x\" is not what its tag !!int says"))
    #expect(message("!Ref x").contains("unknown tag \"!Ref\""))
    #expect(message("!!python/object:os.system {}").contains("unknown tag"))
  }

  @Test func nulCharactersAndLongTextsSurvive() throws {
    #expect(try parse("\"a\\0b\"").root.scalar?.text == "a\0b")
    let long = String(repeating: "x", count: 100_000)
    #expect(try parse("k: \(long)").root["k"]?.scalar?.text == long)
  }
}

@Suite struct ScalarTests {
  @Test(arguments: [
    ("12", "12"), ("-3", "-3"), ("+3", "3"), ("0o17", "15"), ("0x1F", "31"), ("017", "17"), ("1_000", "'1_000'"),
    ("1.5", "1.5f"), ("1.", "1.0f"), (".5", "0.5f"), ("-.5", "-0.5f"), ("1e3", "1000.0f"), ("1.e3", "1000.0f"),
    (".inf", "inff"), ("-.inf", "-inff"), (".nan", "nanf"), ("true", "true"), ("FALSE", "false"), ("yes", "'yes'"),
    ("no", "'no'"), ("null", "null"), ("~", "null"), ("1:30", "'1:30'"), ("2001-01-01", "'2001-01-01'"), ("-", "'-'"),
    ("+", "'+'"), (".", "'.'"), ("1e", "'1e'"), ("1e+", "'1e+'"), ("1.2.3", "'1.2.3'"), ("0x", "'0x'"),
    ("--1", "'--1'"),
    ("0x+1", "'0x+1'"), ("infinity", "'infinity'"), ("nan", "'nan'"), ("0b11", "'0b11'"), ("-0x1", "'-0x1'"),
    ("9223372036854775807", "9223372036854775807"),
  ])
  func plainScalarsFollowTheCoreSchema(text: String, value: String) throws {
    #expect(try show(parse("[\(text == "-" ? "! -" : text)]").root) == "[\(value)]")
  }

  @Test(arguments: [
    ("yes", "true"), ("Off", "false"), ("017", "15"), ("1_000", "1000"), ("0b11", "3"), ("-0x1F", "-31"),
    ("08", "'08'"),
  ])
  func aDirectiveAsksForTheTypesOfYAML11(text: String, value: String) throws {
    #expect(try show(parse("%YAML 1.1\n---\n[\(text)]\n").root) == "[\(value)]")
  }

  @Test(arguments: ["1234567", "12e45678", "0012345", "99999999999999999999999999", "1e5"])
  func abbreviatedCommitsKeepTheirText(text: String) throws {
    #expect(try parse("githash: \(text)").root["githash"]?.scalar?.text == text)
  }

  @Test func numbersThatDoNotFitAreStrings() throws {
    #expect(try show(parse("[9223372036854775808, 1e999]").root) == "['9223372036854775808', '1e999']")
  }
}
