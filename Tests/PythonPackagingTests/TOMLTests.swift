import JSON
import Testing

@testable import PythonPackaging

/// The reader of TOML, compared with Python's.
@Suite struct TOMLTests {
  private static let valid = [
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
    let answers = try Oracle.ask(
      """
      try:
        import tomllib
      except ImportError:
        from pip._vendor import tomli as tomllib
      for text in cases: answers.append(tomllib.loads(text))
      """, Self.valid.map { .string($0) })
    for (text, answer) in zip(Self.valid, answers) {
      #expect(.object(try TOMLReader.parse(Array(text.utf8))) == answer, "\(text)")
    }
  }

  @Test(arguments: [
    "a", "a =", "= 1", "a = \"x", "a = 'x\n'", "a = [1, 2", "a = {x = 1", "a = 1\na = 2", "[a", "[[a]", "a = 1 b = 2",
    "a = \"\\q\"", "a = nope", "a = 1\n[a]\nx = 1", "a = \"\\ud800\"", "a = [1\n[b]\n",
  ])
  func anInvalidTextIsAnErrorWithItsLine(text: String) {
    let error = #expect(throws: TOMLReader.Failure.self) { try TOMLReader.parse(Array(text.utf8)) }
    #expect((error?.line ?? 0) >= 1)
  }

  @Test func everyBeginningOfATextIsReadOrRefused() throws {
    // No crash, wherever a file was cut.
    for text in Self.valid {
      for length in 0...text.utf8.count { _ = Result { try TOMLReader.parse(Array(text.utf8.prefix(length))) } }
    }
  }
}
