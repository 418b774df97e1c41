import JSON
import SystemSupport
import TOML
import Testing

/// The reader of TOML, compared with Python's.
@Suite struct TOMLTests {
  static let valid = [
    "", "# nothing\n", "a = 1\nb = -2\nc = 1_000\nd = 0x1F\ne = 0o17\nf = 0b11\n", "a = 1.5\nb = 1e3\nc = -2.5E-1\n",
    "a = true\nb = false", "a = \"x\\\"\\\\\\n\\t\\u00e9\\U0001F600\"", "a = 'C:\\x'",
    "\"quoted key\" = 1\n'other' = 2\na.b.c = 3\n",
    "a = \"\"\"\nline\nline \\\n   joined\"\"\"\nb = '''\nraw \\n\n'''", "a = \"\"\"\"quoted\"\"\"\"",
    "a = [1, 2, [3, \"x\"], ]\nb = [\n  # inside\n  1,\n  2 # end\n]\nc = []", "a = { x = 1, y.z = 'b' }\nb = {}",
    "[a]\nx = 1\n[a.b]\ny = 2\n[c.\"d e\"]\n",
    "[[p]]\nn = 1\n[p.q]\nx = 1\n[[p]]\nn = 2\n[[p.r]]\nz = 1\n[[p.r]]\nz = 2\n",
    "a = 1 # comment\r\nb = 2\r\n",
    "[package.metadata]\nrequires-dist = [{ name = \"a\", marker = \"sys_platform == 'win32'\" }]\n",
  ]

  @Test func validTextsHaveTheValuesThatPythonReads() throws {
    let program = """
      import json, sys
      try:
        import tomllib
      except ImportError:
        from pip._vendor import tomli as tomllib
      print(json.dumps([tomllib.loads(text) for text in json.load(sys.stdin)]))
      """
    let python = try #require(Subprocess.find("python3"), "python3 is not there: apt-get install python3 python3-pip")
    let outcome = try Subprocess(
      python.string, ["-c", program], input: JSONValue.array(Self.valid.map { .string($0) }).bytes()
    ).run()
    try #require(
      outcome.termination.isSuccess,
      "Python 3.11 or later, or one with pip, is needed (apt-get install python3-pip): \(outcome.errorText)")
    let answers = try #require(JSONValue(parsing: outcome.output).array)
    try #require(answers.count == Self.valid.count)
    for (text, answer) in zip(Self.valid, answers) {
      #expect(.object(try TOMLDocument(parsing: Array(text.utf8)).root) == answer, "\(text)")
    }
  }

  @Test(arguments: [
    "a", "a =", "= 1", "a = \"x", "a = 'x\n'", "a = [1, 2", "a = {x = 1", "a = 1\na = 2", "[a", "[[a]", "a = 1 b = 2",
    "a = \"\\q\"", "a = nope", "a = 1\n[a]\nx = 1", "a = \"\\ud800\"", "a = [1\n[b]\n", "[a]\n[a]\n",
  ])
  func anInvalidTextIsAnErrorWithItsLine(text: String) {
    let error = #expect(throws: TOMLDocument.Failure.self) { try TOMLDocument(parsing: Array(text.utf8)) }
    #expect((error?.line ?? 0) >= 1)
  }

  @Test func keysHaveTheirPlaces() throws {
    let text = "a = 1\n[ b.\"c d\" ]\n  e.f = { g = 2 }\n[[h]]\ni = 1\n"
    let document = try TOMLDocument(parsing: Array(text.utf8), recordingPlaces: true)
    func place(_ path: String...) -> [Int]? { document.place(of: path).map { [$0.line, $0.column, $0.length] } }
    #expect(place("a") == [1, 1, 1])
    #expect(place("b") == [2, 3, 1])
    #expect(place("b", "c d") == [2, 5, 5])
    #expect(place("b", "c d", "e", "f") == [3, 5, 1])
    #expect(place("b", "c d", "e", "f", "g") == [3, 11, 1])
    #expect(place("h") == [4, 3, 1])
    #expect(place("h", "i") == nil)
    #expect(place("nothing") == nil)
  }

  @Test func anErrorIsWhereItIsMade() {
    let error = #expect(throws: TOMLDocument.Failure.self) {
      try TOMLDocument(parsing: Array("[a]\nx = 1\n  x = 2\n".utf8))
    }
    #expect(error?.line == 3)
    #expect(error?.column == 3)
    #expect(error?.message == "\"x\" is given twice")
  }

  @Test func everyBeginningOfATextIsReadOrRefused() throws {
    // No crash, wherever a file was cut.
    for text in Self.valid {
      for length in 0...text.utf8.count { _ = Result { try TOMLDocument(parsing: Array(text.utf8.prefix(length))) } }
    }
  }
}
