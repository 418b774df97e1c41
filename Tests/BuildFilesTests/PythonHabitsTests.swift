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

  @Test("Functions of Python that Starlark lacks give what Python gives") func pythonFunctions() throws {
    let package = try evaluate(
      """
      def kind(x):
        return ",".join([name for name, type in [("str", str), ("int", int), ("float", float), ("list", list), ("dict", dict),
          ("tuple", tuple), ("bool", bool)] if isinstance(x, type)])
      file(name="a", source="s", tags=[
        kind("x"), kind(1), kind(True), kind(1.5), kind([]), kind({}), kind(()), str(isinstance(1, (str, int))),
        str(list(map(lambda x, y: x + y, [1, 2], [10, 20, 30]))), str(list(filter(None, ["", "a"]))),
        str(list(filter(lambda x: x > 1, [1, 2]))), str(sum([1, True, 2])), str(sum([0.5, 1])), str(sum([[1], [2]], [])),
        str(next([x for x in [1, 2, 3] if x > 1])), str(next([], "none")), str(round(2.5)), str(round(3.5)), str(round(-1.5)),
        str(round(1.25, 1)), str(callable(kind)), str(callable(file)), str(callable(1)), str(divmod(-7, 2)), str(divmod(7, -2)),
      ])
      """)
    #expect(
      package.targets[0].strings(of: "tags") == [
        "str", "int", "int,bool", "float", "list", "dict", "tuple", "True", "[11, 22]", "[\"a\"]", "[2]", "4", "1.5",
        "[1, 2]", "2", "none", "2", "4", "-2", "1.2", "True", "True", "False", "(-4, 1)", "(-4, -1)",
      ])
    #expect(message("x = isinstance(1, 'int')\n").contains("is not a type"))
    #expect(message("x = next([])\n").contains("no default is given"))
    #expect(message("x = sum([1, 'a'])\n").contains("cannot add string to int"))
    #expect(message("x = map(str)\n").contains("at least one iterable"))
    #expect(message("x = divmod(1, 0)\n").contains("division by zero"))
    #expect(message("x = sum([9223372036854775807, 1])\n").contains("beyond 64 bits"))
    // A macro of the same name wins.
    #expect(
      try evaluate("file(name=round(1), source='s')\n", prelude: "def round(x):\n  return 'own'\n").targets[0].name
        == "own")
  }

  @Test("A docker_image takes fields of newer versions of Pants, and no misspelled ones") func newerFields() throws {
    #expect(try evaluate("docker_image(name='d', source='Dockerfile', new_thing={'a': 1})\n").targets.count == 1)
    #expect(message("docker_image(name='d', image_tag=['x'])\n").contains("the field \"image_tag\""))
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
