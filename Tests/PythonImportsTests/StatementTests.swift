import PythonImports
import Testing

/// The imports of a text as short strings: `line: dots module > name`, with `?` for weak and `~` for type checking only.
func summary(_ source: String, options: ImportOptions = ImportOptions()) -> [String] {
  PythonFileImports(parsing: Array(source.utf8), options: options).imports.map { found in
    let name = found.name.map { " > " + $0 } ?? ""
    let marks = (found.isWeak ? "?" : "") + (found.isTypeCheckingOnly ? "~" : "")
    return "\(found.line): " + String(repeating: ".", count: found.level) + found.module + name + marks
  }
}

@Suite struct StatementTests {
  @Test func importNamesEveryModule() {
    #expect(summary("import a, b.c as d , e . f\n") == ["1: a", "1: b.c", "1: e.f"])
  }

  @Test func fromNamesEachNameWithItsLine() {
    let source = """
      from a.b import c, d as e
      from . import x
      from ...up.there import (  # why
          one,
          two as deux,  # and this

          three
      )
      from z import *
      from.q import(r)
      """
    #expect(
      summary(source) == [
        "1: a.b > c", "1: a.b > d", "2: . > x", "4: ...up.there > one", "5: ...up.there > two",
        "7: ...up.there > three",
        "9: z > *", "10: .q > r",
      ])
  }

  @Test func continuedLinesCount() {
    #expect(summary("import a, \\\n  b\nfrom c \\\n import d\n") == ["1: a", "2: b", "4: c > d"])
  }

  @Test func statementsAfterSemicolonsAndColonsCount() {
    #expect(summary("x = 1; import a; from b import c\nif x: import d\nclass E: import f\n").count == 4)
    #expect(summary("def f(x: int = {1: 2}['a':]) -> dict: import g\n") == ["1: g"])
  }

  @Test func namesThatOnlyBeginLikeKeywordsDoNot() {
    #expect(summary("importer = 1\nfrom_ = 2\nx = y.important\nimport_module\ntry_ = 1\n").isEmpty)
    #expect(summary("def f():\n  yield from g\n  raise X from e\n").isEmpty)
  }

  @Test func stringsAndCommentsHoldNoImports() {
    let source = #"""
      """
      import a
      """
      x = 'import b; \' import c' # import d
      y = r"\"; import e
      z = [
      'x', 1,
      ]
      '''
      \'''
      import f
      '''
      import real
      """#
    // In a raw string a backslash still keeps the quote from closing: line 5 never ends, and the line break does.
    #expect(summary(source) == ["13: real"])
  }

  @Test func formattedStringsFollowTheirFields() {
    let source = #"""
      a = f"{x["import b"]:{'>'}10} {{ {y!r:'^{w}}"
      b = f'''{
        d['k']  # "
      } import c
      '''
      c = f"\N{DASH} {f"{f"{1}"}"}"
      d = rf"\{x}\d"
      import real
      """#
    #expect(summary(source) == ["8: real"])
  }

  @Test func dynamicImportsWithLiteralsCount() {
    let source = """
      m = importlib.import_module("a.b")
      n = __import__ ( 'c' , fromlist=['x'])
      o = import_module(".d", package=__package__)
      p = import_module(name)
      q = __import__("e" + f)
      r = import_module("not a module")
      s = my_import_module("g")
      t = import_module(  # why: infer-dep
        "h")
      u = f"{import_module('i')}"
      v = import_module('''j''', "k")
      w = import_module("l" if x else "m")
      """
    #expect(summary(source) == ["1: a.b", "2: c", "3: .d", "9: h", "10: i", "11: j"])
  }

  @Test("The argument of a dynamic import can be named")
  func namedArguments() {
    let source = """
      m = importlib.import_module(name="a.b")
      n = import_module(package="x.y", name="c.d")
      o = import_module(
        package=a.b,  # why
        name='e', )
      p = __import__(name="f", level=0)
      q = import_module(package="x")
      r = import_module(name=other, package="g")
      s = import_module(name == "h")
      t = import_module(name="i" + j)
      u = import_module(package=f(), name="k")
      v = import_module(name=".l", package=__package__)
      """
    #expect(summary(source) == ["1: a.b", "2: c.d", "5: e", "6: f", "12: .l"])
  }

  @Test("The modules of pytest_plugins are imports")
  func pytestPlugins() {
    let source = """
      pytest_plugins = "a.b"
      pytest_plugins = ["c.d", 'e',  # why
        "f" ".g", "not a module", ]
      pytest_plugins: list[str] = ("h",)
      pytest_plugins += ["i.j"]
      pytest_plugins = "k", "l"
      pytest_plugins = ["m", *others, "n"]
      pytest_plugins == "o"
      pytest_plugins.append("p")
      my_pytest_plugins = "q"
      pytest_plugins = []
      x = 1; pytest_plugins = ["r"]
      """
    #expect(
      summary(source) == [
        "1: a.b", "2: c.d", "2: e", "3: f.g", "4: h", "5: i.j", "6: k", "6: l", "7: m", "12: r",
      ])
    #expect(PythonFileImports(parsing: Array("pytest_plugins = ['a']".utf8)).imports[0].form == .pytestPlugin)
    #expect(summary("pytest_plugins") == [])
    #expect(summary("pytest_plugins = [") == [])
    #expect(summary("pytest_plugins: 'a'\nimport b") == ["2: b"])
  }

  @Test func windowsLinesTabsAndByteOrderMarksAreRead() {
    let source: [UInt8] = [0xEF, 0xBB, 0xBF] + Array("import a\r\nif x:\r\n\timport b\rimport c".utf8)
    #expect(PythonFileImports(parsing: source).imports.map(\.module) == ["a", "b", "c"])
    #expect(PythonFileImports(parsing: source).imports.map(\.line) == [1, 3, 4])
    #expect(summary("import a\r# x\rimport b\r\n\nimport c") == ["1: a", "3: b", "5: c"])
  }

  @Test func blankFilesAreKnown() {
    #expect(PythonFileImports(parsing: Array(" \n\n\t\n".utf8)).isBlank)
    #expect(!PythonFileImports(parsing: Array("# licence\n".utf8)).isBlank)
    #expect(!PythonFileImports(parsing: Array("\n  x".utf8)).isBlank)
  }

  @Test func anyBytesAreSurvived() {
    for source in [
      "import", "from", "from .", "from a import", "from a import (", "import a.", "f\"{", "f\"{x:", "'", "\\", "(",
    ] {
      _ = summary(source)
    }
    let nested = String(repeating: "f\"{", count: 50_000)
    #expect(summary(nested).isEmpty)
    var state: UInt64 = 7
    for _ in 0..<2_000 {
      var bytes: [UInt8] = []
      for _ in 0..<60 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let alphabet = Array("import from try:\n\n\\'\"#(){}[];.,fr*as\r\u{0}\t ".utf8)
        bytes.append(alphabet[Int(state >> 33) % alphabet.count])
      }
      _ = PythonFileImports(parsing: bytes, options: ImportOptions(stringImportMinimumDots: 1, assetMinimumSlashes: 1))
    }
  }
}
