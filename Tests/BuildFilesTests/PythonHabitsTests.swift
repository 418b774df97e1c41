import BuildFiles
import Diagnostics
import Testing

/// What BUILD files and macros written for Pants, which is Python, do beyond Starlark.
@Suite struct PythonHabitsTests {
  func message(_ text: String, prelude: String? = nil) -> String {
    do {
      _ = try evaluate(text, prelude: prelude)
      return "no error"
    } catch {
      return DiagnosticRenderer(color: false).render(error)
    }
  }

  @Test func namedArgumentsFollowADictionary() throws {
    let package = try evaluate("common = {'tags': ['a']}\nfile(name='x', **common, source='y')\n")
    #expect(package.targets[0].strings(of: "tags") == ["a"])
    #expect(package.targets[0].value(of: "source") == .string("y"))
    #expect(message("file(**{'name': 'x'}, 'y')\n").contains("may not follow **kwargs"))
  }

  @Test func raiseAndAssertFail() throws {
    let prelude = """
      def license(**kwargs):
        assert "name" in kwargs, "a name is needed"
        if "source" not in kwargs:
          raise ValueError("'source' is required")
        file(**kwargs)
      """
    #expect(try evaluate("license(name='x', source='y')\n", prelude: prelude).targets.map(\.name) == ["x"])
    #expect(message("license(name='x')\n", prelude: prelude).contains("'source' is required"))
    #expect(message("license()\n", prelude: prelude).contains("a name is needed"))
    #expect(message("raise KeyError\n").contains("fail: KeyError"))
  }

  @Test func theDirectoryIsAPath() throws {
    let package = try evaluate(
      """
      here = build_file_dir()
      file(name=here.name, source=f"{here}.txt", tags=list(here.parts))
      file(name="b", source=str(here.parent / "x.txt"), description=here + "/y", tags=[here / "z"])
      """, in: "st2/packs/core")
    #expect(package.targets[0].name == "core")
    #expect(package.targets[0].value(of: "source") == .string("st2/packs/core.txt"))
    #expect(package.targets[0].strings(of: "tags") == ["st2", "packs", "core"])
    #expect(package.targets[1].value(of: "source") == .string("st2/packs/x.txt"))
    #expect(package.targets[1].value(of: "description") == .string("st2/packs/core/y"))
    #expect(package.targets[1].strings(of: "tags") == ["st2/packs/core/z"])
  }
}
