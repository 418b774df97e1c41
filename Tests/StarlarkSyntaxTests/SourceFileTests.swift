import StarlarkSyntax
import Testing

@Suite struct SourceFileTests {
  @Test func countsLinesAndCodePointColumnsFromOne() {
    let source = SourceFile(name: "BUILD", bytes: Array("a = 1\r\nä = b\n".utf8))
    let place = StarlarkLocation(source: source, offset: 12)
    #expect(place.line == 2)
    #expect(place.column == 5)
    #expect(place.sourceLine == "ä = b")
    #expect("\(place)" == "BUILD:2:5")
    #expect(source.text(ofLine: 1) == "a = 1")
    #expect(source.text(ofLine: 9) == "")
  }

  @Test func theEndOfAFileIsAPlaceToo() {
    for text in ["", "x", "x\n"] {
      let source = SourceFile(name: "f", bytes: Array(text.utf8))
      #expect(source.line(at: text.utf8.count) == (text.hasSuffix("\n") ? 2 : 1))
      #expect(source.column(at: text.utf8.count) == (text == "x" ? 2 : 1))
    }
  }
}

@Suite struct SyntaxErrorTests {
  @Test(
    arguments: [
      ("x = (1,\n     2", "2:7", "got end of file"), ("x = = 1", "1:5", "got '=', want expression"),
      ("def f(:\n  pass", "1:7", "got ':', want parameter"), ("if x\n  y", "1:5", "got newline, want ':'"),
      ("é = 1 $", "1:7", "unexpected character"), ("x = 'a\ny", "1:5", "unterminated string"),
      ("def f():\nx = 1", "2:1", "want indent"), ("x = [1 2]", "1:8", "got int literal"),
      ("x.1", "1:2", "got float literal"),
      ("f(a b)", "1:5", "got identifier b"), ("x = \"\"\"\n\n", "1:5", "unterminated"),
      ("return 1", "1:1", "not within a function"),
      ("x = y if z", "1:11", "without else"), ("\tx = 1", "1:2", "unexpected indent"),
      ("a = b = 1", "1:7", "cannot be chained"),
      ("[x for x in y z]", "1:15", "got identifier z"), ("'\\xg'", "1:2", "truncated escape"),
      ("0x", "1:1", "invalid number"),
      ("1e+", "1:1", "invalid float"), ("x = 1 if 2 else", "1:16", "want expression"),
      ("lambda: pass", "1:9", "want expression"),
    ])
  func errorsPointAtTheirCause(_ text: String, _ place: String, _ message: String) throws {
    do {
      _ = try Parser.parse(SourceFile(name: "f", bytes: Array(text.utf8)), .buildFile)
      Issue.record("\(text): must fail")
    } catch let error as StarlarkError {
      #expect(error.kind == .syntax)
      #expect(error.location?.description == "f:\(place)", "\(text): \(error)")
      #expect(error.message.contains(message), "\(text): \(error)")
    }
  }

  @Test(arguments: [
    "\u{FEFF}x = 1\r\ny = 2\r\n", "x = 1 # no newline at the end", "\n\n  # only a comment\n", "",
    "def f():\n\treturn (1 +\n2)\n",
    "if x:\n  pass\n # comment at an odd column\nelse: pass\n", "x = 1; y = 2;\n", "x = \\\n  1\n",
    "f(\n  a,\n\n  # comment\n  b=2,\n)\n",
    "x = 0b11 + 0o17 + 0XFF + 1.5E-3 + .5 + 5.\n", "x = not a in b\n", "(a, [b, c.d]), e[0] = f\n",
    "for x, in y: pass\n",
  ])
  func unusualLayoutsAreRead(_ text: String) throws {
    let tree = try Parser.parse(SourceFile(name: "f", bytes: Array(text.utf8)), .buildFile)
    #expect(tree[tree.root].kind == .block)
  }
}

@Suite struct SuggestionTests {
  @Test(
    arguments: [
      ("python_source", "python_sources"), ("pyhton_tests", "python_tests"), ("Resources", "resources"), ("xyz", nil),
      ("a", nil),
    ] as [(String, String?)])
  func onlyNearNamesAreSuggested(_ name: String, _ expected: String?) {
    let hint = Suggestion.hint(for: name, among: ["python_tests", "python_sources", "resources", "pex_binary"])
    #expect(hint == expected.map { "did you mean \($0)?" })
  }
}
