import FuzzCorpus
import JSON
import SystemSupport
import TOML
import Testing

/// The rules of TOML 1.1, by the cases that suites of TOML readers distinguish.
@Suite("Valid and invalid TOML texts")
struct ConformanceTests {
  static let refused: [String] = [
    // Arrays and inline tables without an end, or with more or less than they should have.
    "a = [", "a = [1", "a = [1,", "a = [1, 2\n", "a = [ [1]", "a = [ [1] ,", "a = [[]", "a = [\"]\"", "a = [ # ]",
    "a = [1]]", "a = [1 2]",
    "a = [,]", "a = [1,,2]", "a = [,1]", "a = {", "a = {b", "a = {b = 1", "a = {b = 1,", "a = {b = 1}}", "a = {,}",
    "a = {b = 1,, c = 2}",
    "a = {b = 1 c = 2}", "a = {b}", "a = {b = 1, b = 2}", "a = { b = 1 ] ", "a = [ 1 }",
    // Keys.
    "a", "a =", "= 1", "a = 1 b = 2", "a b = 1", "a. = 1", ".a = 1", "a..b = 1", "\"a = 1", "\"\"\"a\"\"\" = 1",
    "'''a''' = 1", "\u{E9} = 1",
    "a\n= 1", "a =\n1", "\"a\nb\" = 1", "a = 1 = 2", "a! = 1", "a = 1\na = 2", "a = 1\n\"a\" = 2", "a = 1\na.b = 2",
    "a.b = 1\na.b.c = 2",
    "a.b = 1\na.b = 2", "[a] = 1", "a: 1",
    // Tables.
    "[", "[a", "[a]]", "[[a]", "[[a] ]", "[ [a]]", "[]", "[[]]", "[a.]", "[.a]", "[a..b]", "[a] b = 1", "[a\n]",
    "[a]\n[a]", "a = 1\n[a]", "a = 1\n[a.b]",
    "[a]\nb = 1\n[a.b]", "[a.b]\n[a]\nb = 1", "[a]\n[[a]]", "[[a]]\n[a]", "a = []\n[[a]]", "a = [{}]\n[a.b]",
    "a = {}\n[a]", "a = {}\n[a.b]", "a = {}\na.b = 1",
    "a = {b = {}}\n[a.b.c]", "[a]\nb.c = 1\n[a.b]", "[a.b.c]\nx = 1\n[a]\nb.c.y = 2", "[[a.b]]\n[a]\nb.y = 2",
    "a.b = 1\n[a]", "a.b.c = 1\n[a.b]",
    "[a.b.c]\n[a]\nb.d = 1\n[a.b]", "a = {b.c = 1, b.c.d = 2}", "a = {b = 1, b.c = 2}", "[[a]]\n[[a.b]]\n[a.b]",
    "[a]\n[a.b]\n[a]", "[[a.b]]\n[[a]]",
    // Strings.
    "a = \"", "a = \"x", "a = \"x\ny\"", "a = 'x", "a = 'x\n'", "a = \"\"\"x", "a = \"\"\"x\"\"", "a = '''x''",
    "a = \"\"\"x\"\"\"\"\"\"", "a = \"\\q\"", "a = \"\\\"",
    "a = \"\\u12\"", "a = \"\\u00g0\"", "a = \"\\u+041\"", "a = \"\\ud800\"", "a = \"\\U00110000\"", "a = \"\\x4\"",
    "a = \"\\x+4\"", "a = \"\"\"\\ x\"\"\"",
    "a = \"\u{0}\"", "a = \"\u{8}\"", "a = \"\u{7F}\"", "a = '\u{1F}'", "a = \"\"\"\u{B}\"\"\"", "a = '''\u{7F}'''",
    "a = \"\"\"\r\"\"\"", "a = x", "a = \"x\" y",
    // Numbers.
    "a = 01", "a = -01", "a = 1_", "a = _1", "a = 1__0", "a = 0x", "a = 0xg", "a = 0x_1", "a = 0x1_", "a = +0x1",
    "a = -0b1", "a = 0X1", "a = 0O7", "a = 0b2", "a = 0o8",
    "a = 0_0", "a = ++1", "a = +-1", "a = 1.", "a = .1", "a = 1._0", "a = 1_.0", "a = 1.0_", "a = 1e", "a = 1e_1",
    "a = 1e1_", "a = 1.e1", "a = 1e1.0", "a = 01.0",
    "a = -01.5", "a = 1.2.3", "a = Inf", "a = NaN", "a = +INF", "a = infinity", "a = ++nan", "a = 9223372036854775808",
    "a = -9223372036854775809", "a = True",
    "a = truer", "a = tru", "a = FALSE", "a = 1 0",
    // Dates and times.
    "a = 2021-13-01", "a = 2021-00-01", "a = 2021-01-32", "a = 2021-02-29", "a = 1900-02-29", "a = 2021-1-01",
    "a = 21-01-01", "a = 2021-01-01T", "a = 2021-01-01 x",
    "a = 2021-01-01T24:00:00Z", "a = 2021-01-01T00:60:00Z", "a = 2021-01-01T00:00:61Z", "a = 2021-01-01T00:00:00.Z",
    "a = 2021-01-01T1:00:00Z", "a = 2021-01-01T00:00:00+24:00",
    "a = 2021-01-01T00:00:00+1:00", "a = 2021-01-01T00:00:00+0100", "a = 2021-01-01Z", "a = 07:32:00Z", "a = 7:32:00",
    "a = 07:32:", "a = 24:00:00", "a = 2021-01-01  00:00:00",
    // Space and comments.
    "a = 1\rb = 2", "a = 1 # \u{0}", "a = 1 # \u{7F}", "# \u{1F}", "# a\rb", "a = 1\u{B}", "a = 1\u{A0}", "\u{C}a = 1",
    "a = [ # \u{1}\n]", "\u{0}", "a = 1\n\u{FEFF}b = 2",
  ]

  /// With what they come to, as JSON.
  static let accepted: KeyValuePairs<String, String> = [
    "\u{FEFF}a = 1": "{\"a\":1}", "a = 1\r\n\r\n# \u{E9}\tx": "{\"a\":1}", "'' .\"x y\" = 2": "{\"\":{\"x y\":2}}",
    "a = [ # [\n [1, ] , # ]\n {b = [2]}\n,]": "{\"a\":[[1],{\"b\":[2]}]}", "a = [[[]],]": "{\"a\":[[[]]]}",
    "a = {\n b = 1, # c\n c.d = 2,\n}": "{\"a\":{\"b\":1,\"c\":{\"d\":2}}}",
    "1.2 = 3\n-_ = 4\ntrue = 5": "{\"1\":{\"2\":3},\"-_\":4,\"true\":5}",
    "[a.b]\n[a]\nc = 1": "{\"a\":{\"b\":{},\"c\":1}}",
    "[a]\nb.c = 1\nb.d = 2\n[a.b.e]\nx = 1": "{\"a\":{\"b\":{\"c\":1,\"d\":2,\"e\":{\"x\":1}}}}",
    "[[a.b]]\n[[a.b]]\nx = 1\n[a.b.c]\n[a.d]": "{\"a\":{\"b\":[{},{\"x\":1,\"c\":{}}],\"d\":{}}}",
    "[ a . \"b.c\" ]": "{\"a\":{\"b.c\":{}}}",
    "a = \"\\x41\\e\\u00E9\"": "{\"a\":\"A\\u001b\u{E9}\"}",
    "a = \"\"\"\"\"x\"\"\"\"\"": "{\"a\":\"\\\"\\\"x\\\"\\\"\"}",
    "a = \"\"\"\r\nx\\  \r\n\r\n  y\r\nz\"\"\"": "{\"a\":\"xy\\nz\"}",
    "a = '''\n'x'''''": "{\"a\":\"'x''\"}", "a = 0xdead_BEEF\nb = -0\nc = +1_0": "{\"a\":3735928559,\"b\":0,\"c\":10}",
    "a = 1e06\nb = -1.5E-0_1": "{\"a\":1000000.0,\"b\":-0.15}",
    "a = 2000-02-29 23:59:60.25+23:59\nb = 07:32\nc = 1979-05-27t00:00z":
      "{\"a\":\"2000-02-29 23:59:60.25+23:59\",\"b\":\"07:32\",\"c\":\"1979-05-27t00:00z\"}",
    "\"\u{E9}\" = 1\n\"e\u{301}\" = 2": "{\"\u{E9}\":1,\"e\u{301}\":2}",
  ]

  @Test("Valid texts have their values")
  func accepts() throws {
    for (text, value) in Self.accepted {
      let found = Result { try TOMLDocument(parsing: Array(text.utf8)).root }
      #expect(try found.get() == JSONValue(parsing: value).object, "\(text)")
    }
  }

  @Test("Invalid texts are refused, with a line of the text", arguments: refused)
  func refuses(text: String) {
    let error = #expect(throws: TOMLDocument.Failure.self) { try TOMLDocument(parsing: Array(text.utf8)) }
    #expect((1...(1 + text.utf8.count { $0 == 10 })).contains(error?.line ?? 0))
  }

  @Test("Excessive nesting is refused, and does not crash")
  func nesting() {
    for text in [
      "a = " + String(repeating: "[", count: 100_000), String(repeating: "a.", count: 100_000) + "b = 1",
      "a = " + String(repeating: "{a = ", count: 100_000), "[" + String(repeating: "a.", count: 100_000) + "b]",
    ] {
      #expect(throws: TOMLDocument.Failure.self) { try TOMLDocument(parsing: Array(text.utf8)) }
    }
  }

  @Test("Each input of the fuzzer's corpus is read or refused")
  func corpus() throws {
    for bytes in try FuzzCorpus.inputs(of: "toml") { _ = Result { try TOMLDocument(parsing: bytes) } }
  }

  @Test("Of three thousand damaged texts, those that Python reads have the same values")
  func damaged() throws {
    let program = """
      import json, random, sys
      try:
        import tomllib
      except ImportError:
        from pip._vendor import tomli as tomllib
      seeds = json.load(sys.stdin)
      random.seed(7)
      found = []
      for _ in range(3000):
          text = random.choice(seeds)
          for _ in range(random.randint(1, 3)):
              at = random.randint(0, len(text))
              piece = random.choice(["", "", random.choice(seeds), random.choice("[]{}=.,#'\\\\\\"\\n \\t_-+01eab")])
              text = text[:at] + piece + text[at + random.randint(0, 2):]
          try:
              value = json.loads(json.dumps(tomllib.loads(text), allow_nan=False))
          except (ValueError, TypeError, RecursionError):
              continue
          found.append([text, value])
      print(json.dumps(found))
      """
    let python = try #require(Subprocess.find("python3"), "python3 was not found: run scripts/install-dependencies")
    let outcome = try Subprocess(
      python.string, ["-c", program], input: JSONValue.array(TOMLTests.valid.map { .string($0) }).bytes()
    ).run()
    let pairs = try #require(JSONValue(parsing: outcome.output).array, "\(outcome.errorText)")
    #expect(pairs.count > 500)
    for pair in pairs {
      let (text, value) = (try #require(pair.array?[0].string), pair.array?[1].object)
      let found = Result { try TOMLDocument(parsing: Array(text.utf8)).root }
      #expect((try? found.get()) == value, "\(text)")
    }
  }
}
