import Starlark
import Testing

@Suite struct DialectTests {
  private func text(_ expression: String) throws -> String? {
    let module = try EmbeddingTests.execute("name = 'kilt'\nn = 7\nf = 2.5\nl = [1, 'a']\nx = \(expression)")
    return try module["x"].map { try StarlarkThread().string(of: $0) }
  }

  @Test(
    arguments: [
      ("f'{name}'", "kilt"), ("f'a{name}b{n}c'", "akiltb7c"), ("f'{{{n}}}'", "{7}"), ("f'{name!r}'", "\"kilt\""),
      ("f'{n + 1} {l[0]} {name.upper()}'", "8 1 KILT"), ("f'{name:>6}|{name:<6}|{name:^6}|'", "  kilt|kilt  | kilt |"),
      ("f'{n:03}'", "007"), ("f'{-n:04}'", "-007"), ("f'{f:.2f}'", "2.50"), ("f'{1234567:,}'", "1,234,567"),
      ("f'{255:x}'", "ff"),
      ("f'{n:*^5}'", "**7**"), ("f'{n:+}'", "+7"), ("f'{0.25:%}'", "25.000000%"), ("f'{\"q\"}'", "q"),
      ("f'''{n}\n'''", "7\n"), ("rf'\\d{n}'", "\\d7"), ("f'\\t{n}'", "\t7"), ("f''", ""), ("f'{n != 8}'", "True"),
      ("f'{ {\"a\": 1}[\"a\"] }'", "1"), ("f'{[i for i in range(3)]}'", "[0, 1, 2]"),
      ("f'{n}' 'b' f'{name}'", "7bkilt"),
      ("'a' 'b' \"c\"", "abc"), ("('a'\n 'b')", "ab"), ("'%s' % n + '%d' % (n,)", "77"), ("'{:>4}'.format(n)", "   7"),
      ("f'{n, 1}'", "(7, 1)"),
    ])
  func fStringsAndJoinedLiteralsWorkInBuildFiles(_ expression: String, _ result: String) throws {
    #expect(try text(expression) == result)
  }

  @Test(arguments: [
    "f'{'", "f'}'", "f'{}'", "f'{n!x}'", "f'{n:>9999}'", "f'{n:q}'", "f'{n'", "f'{n:{n}}'", "f'{1 +}'", "bf'x'",
  ])
  func badFStringsAreErrors(_ expression: String) throws {
    let error = try EmbeddingTests.failure("n = 1\nx = \(expression)")
    #expect(error.location?.line == 2)
  }

  @Test func buildFilesMayLoopBranchAndReassignAtTopLevel() throws {
    let module = try EmbeddingTests.execute(
      """
      names = []
      for name in ["a", "b"]:
        if name == "b":
          names += [name]
        elif name == "c": pass
        else:
          names.append(name.upper())
      count = 1
      count = count + 1
      count += 1
      """)
    #expect(module["count"]?.asInt == 3)
    #expect(try StarlarkThread().string(of: module["names"] ?? .none) == "[\"A\", \"b\"]")
  }

  @Test func pythonSyntaxIsReadWhereItsMeaningIsClear() throws {
    let text = """
      def macro(name: str, tags: list[str] | None = None, *args: int, **kwargs: dict) -> list[Undefined]:
        if tags is None: tags = []
        if name is not None and not name is None: tags = tags + [name]
        count: int = len(tags)
        return tags + [str(count)]
      x = macro("a", tags=["t"])
      s = {"b", "a", "b"}
      j = ",".join(i.upper() for i in x if i)
      y: int = 3
      def all(*args, **kwargs): return [args, kwargs]
      a = [1, 2]
      l = [0, *a, 3, *{"k": 1}]
      d = {"x": 1, **{"y": 2, "x": 3}, "z": 4}
      c = all(0, *a, 3, *a, p=1, **{"q": 2}, **{"r": 3})
      t = ("r", *(f"/{i}" for i in a), "!*")
      u = *a, 3
      def pair(): return *a, *a
      g = (i + 1 for i in a)
      """
    let module = try EmbeddingTests.execute(text)
    let thread = StarlarkThread()
    #expect(try thread.string(of: module["x"] ?? .none) == "[\"t\", \"a\", \"2\"]")
    #expect(try thread.string(of: module["s"] ?? .none) == "set([\"b\", \"a\"])")
    #expect(module["j"]?.asString == "T,A,2")
    #expect(module["y"]?.asInt == 3)
    #expect(try thread.string(of: module["l"] ?? .none) == "[0, 1, 2, 3, \"k\"]")
    #expect(try thread.string(of: module["d"] ?? .none) == "{\"x\": 3, \"y\": 2, \"z\": 4}")
    #expect(
      try thread.string(of: module["c"] ?? .none)
        == "[(0, 1, 2, 3, 1, 2), {\"p\": 1, \"q\": 2, \"r\": 3}]")
    #expect(try thread.string(of: module["t"] ?? .none) == "(\"r\", \"/1\", \"/2\", \"!*\")")
    #expect(try thread.string(of: module["u"] ?? .none) == "(1, 2, 3)")
    #expect(try thread.string(of: module["g"] ?? .none) == "[2, 3]")
    #expect(try EmbeddingTests.failure("x = (*[1])").message.contains("unpacking is only possible in"))
    #expect(try EmbeddingTests.failure("*x, y = [1, 2]").kind == .syntax)
    #expect(try EmbeddingTests.failure("x = dict(**{'a': 1}, **{'a': 2})").message.contains("multiple values"))
    #expect(try EmbeddingTests.failure("x = [*1]").message.contains("int"))
    let comprehension = try EmbeddingTests.failure("x = [*y for y in [[1]]]")
    #expect(comprehension.message == "iterable unpacking cannot be used in a comprehension")
    #expect(comprehension.location?.column == 6)
    for line in [
      "def f(x: int): pass", "def f() -> int: pass", "x: int = 1", "x = {1}", "x = 1 is 2", "f(a for a in [])",
      "x = [*[]]", "x = (*[], 1)", "x = {**{}}", "f(**a, **b)", "f(*a, *b)",
    ] {
      #expect(try EmbeddingTests.failure(line, .standard).kind == .syntax)
    }
  }

  @Test func recursionIsADialect() throws {
    let factorial = "def f(n): return 1 if n < 2 else n * f(n - 1)\nx = f(30)"
    var dialect = Dialect.buildFile
    #expect(try EmbeddingTests.failure(factorial, dialect).message == "function f called recursively")
    dialect.recursion = true
    let module = try EmbeddingTests.execute(factorial, dialect)
    #expect(try StarlarkThread().string(of: module["x"] ?? .none) == "265252859812191058636308480000000")
  }

  @Test func setsAndLoadCanBeSwitchedOff() throws {
    #expect(try EmbeddingTests.failure("set([])", Dialect(sets: false)).message == "undefined: set")
    #expect(try EmbeddingTests.failure("load('a', 'b')", Dialect(load: false)).kind == .syntax)
  }

  @Test(
    arguments: [
      ("import os", "load("), ("from a import b", "load("), ("class A: pass", "struct"), ("while x: pass", "range"),
      ("try: pass", "caught"),
      ("with x: pass", "context"),
      ("del x", "pop"),
    ])
  func pythonStatementsSayWhatToWriteInstead(_ text: String, _ hint: String) throws {
    let error = try EmbeddingTests.failure(text)
    #expect(error.message.contains("is not part of Starlark"))
    #expect(error.hint?.contains(hint) == true)
  }
}
