import BuildFiles
import Testing

@Suite struct GlobTests {
  @Test(arguments: [
    ("*.py", "a.py", true), ("*.py", "d/a.py", false), ("**/*.py", "a.py", true), ("**/*.py", "d/e/a.py", true),
    ("d/**", "d/e/f", true), ("d/**", "d", false), ("d/**/x", "d/x", true), ("d/**/x", "d/e/f/x", true),
    ("test_?.py", "test_a.py", true), ("test_?.py", "test_ab.py", false), ("[ab]*.txt", "bx.txt", true),
    ("[!ab]*.txt", "bx.txt", false), ("[a-c]", "b", true), ("[a-c]", "d", false), ("[", "[", true),
    ("a*b*c", "axxbxxc", true), ("a*b*c", "axxbxx", false), ("*", ".hidden", true), ("a/b.txt", "a/b.txt", true),
    ("./*.py", "a.py", true), ("./d/./**/x.py", "d/x.py", true), (".//a.py", "a.py", true), ("./*.py", "d/a.py", false),
    ("**", "x/y", true), ("*a*a*a*a*a*b", String(repeating: "a", count: 200), false),
  ])
  func patternsMatchWholePaths(pattern: String, path: String, expected: Bool) {
    #expect(GlobPattern(pattern).matches(path) == expected)
  }

  @Test func exclusionsWinWhateverTheirOrder() {
    let globs = SourceGlobs(["!*_test.py", "*.py", "!gen/**"])
    #expect(globs.matches("a.py"))
    #expect(!globs.matches("a_test.py"))
    #expect(globs.depth == 0)
    #expect(SourceGlobs(["a/*.py"]).depth == 1)
    #expect(SourceGlobs(["**/*.py"]).depth == nil)
  }
}
