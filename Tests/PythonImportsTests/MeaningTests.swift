import PythonImports
import Testing

@Suite struct MeaningTests {
  @Test func importsThatMayFailAreWeak() {
    let source = """
      try:
        import a
        if x:
          import b
      except (ValueError, ImportError):
        import c
      else:
        import d
      import e
      try: import f
      except ModuleNotFoundError: pass
      try:
        import g
      except ValueError:
        pass
      with contextlib.suppress(ImportError):
        import h
      import i
      with suppress("(ImportError", ValueError):
        import j
      with open(x) as y, suppress(ModuleNotFoundError):
        import k
      """
    #expect(
      summary(source) == [
        "2: a?", "4: b?", "6: c", "8: d", "9: e", "10: f?", "13: g", "17: h?", "18: i", "20: j", "22: k?",
      ])
  }

  @Test func typeCheckingBlocksAreKnown() {
    let source = """
      if typing.TYPE_CHECKING:
        from a import b
      else:
        import c
      if not TYPE_CHECKING:
        import d
      if TYPE_CHECKING: import e
      if x:
        import f
      elif TYPE_CHECKING and y:
        import g
      else:
        import h
      if not TYPE_CHECKING:
        import i
      else:
        import j
      if TYPE_CHECKING or x:
        import k
      if not (TYPE_CHECKING and x):
        import l
      else:
        import m
      """
    #expect(
      summary(source) == [
        "2: a > b~", "4: c", "6: d", "7: e~", "9: f", "11: g~", "13: h", "15: i", "17: j~", "19: k", "21: l", "23: m",
      ])
  }

  @Test func marksKeepImportsOutOfInference() {
    let source = """
      import a  # pants: no-infer-dep
      import b  # noqa # kilt: no-infer-dep
      from c import (
        d,  # pants: no-infer-dep
        e,
      )
      from f import (
        g,
      )  # kilt: no-infer-dep
      x = __import__("h")  # pants: no-infer-dep
      # pants: no-infer-dep
      import i
      y = import_module(  # pants: no-infer-dep
        "j")
      import k; import l  # kilt: no-infer-dep
      """
    #expect(summary(source) == ["5: c > e", "12: i", "14: j"])
  }

  @Test func commentsCanNameDependencies() {
    let found = PythonFileImports(parsing: Array("x = 1\n# pants: infer-dep(lib/a.py)\n# kilt: infer-dep(:b)\n".utf8))
    #expect(found.explicitDependencies == [LineText(text: ":b", line: 3)])
  }

  @Test func stringsCountOnlyWhenAskedFor() {
    let source = "x = ['a.b.C', 'no dots', 'a..b', '.a.b.c', 'dir/file.txt', 'dir/LICENSE', 'a.b', '1.2.3', 'a/b c']\n"
    #expect(summary(source).isEmpty)
    #expect(summary(source, options: ImportOptions(stringImportMinimumDots: 2)) == ["1: a.b.C"])
    let assets = PythonFileImports(parsing: Array(source.utf8), options: ImportOptions(assetMinimumSlashes: 1)).assets
    #expect(assets.map(\.text) == ["dir/file.txt", "dir/LICENSE"])
  }

  @Test func adjacentLiteralsAreOneString() {
    let source = """
      x = ("a.b"
        '.c')
      y = "d.e"
      ".f"
      z = f"g.h.i", f"{j}k.l.m", "n.o" f"{p}.q.r", b"s.t.u", 'v.w\\.x'
      import_module("aa" ".bb")
      """
    #expect(
      summary(source, options: ImportOptions(stringImportMinimumDots: 2)) == [
        "1: a.b.c", "5: g.h.i", "5: s.t.u", "6: aa.bb",
      ])
  }

  @Test func theDottedNameJoinsModuleAndName() {
    let found = PythonFileImports(
      parsing: Array("from a.b import c\nfrom d import *\nfrom . import e\nimport f.g\n".utf8))
    #expect(found.imports.map(\.dottedName) == ["a.b.c", "d", "e", "f.g"])
  }
}
