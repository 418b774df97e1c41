import Starlark
import Testing

/// What a host relies on: places, arguments, modules, freezing, budgets.
@Suite struct EmbeddingTests {
  final class Log {
    var lines: [String] = []
  }

  static func execute(
    _ text: String, _ dialect: Dialect = .buildFile, _ values: [String: Value] = [:],
    _ prepare: (StarlarkThread) -> Void = { _ in }
  ) throws -> StarlarkModule {
    let program = try Program(text: text, file: "pkg/BUILD", dialect: dialect, environment: Environment(values))
    let thread = StarlarkThread()
    prepare(thread)
    return try thread.execute(program)
  }

  static func failure(
    _ text: String, _ dialect: Dialect = .buildFile, _ values: [String: Value] = [:],
    _ prepare: (StarlarkThread) -> Void = { _ in }
  ) throws -> StarlarkError {
    do {
      _ = try execute(text, dialect, values, prepare)
    } catch let error as StarlarkError {
      return error
    }
    throw StarlarkError("did not fail: \(text)")
  }

  @Test func aBuiltinSeesWhereItIsCalled() throws {
    let log = Log()
    let target = Value.builtin("target") { call in
      guard let place = call.location else { throw StarlarkError("no place") }
      let calls = call.callStack.map(\.function).joined(separator: " > ")
      call.context(Log.self)?.lines.append("\(place) [\(place.sourceLine)] \(calls)")
      return .none
    }
    let text = """
      x = 1; target(name="a")
      def macro(n):
        return [target(name=n),
                  target(name=n)]
      macro("é"); target()
      """
    _ = try Self.execute(text, .buildFile, ["target": target]) { $0.context = log }
    #expect(
      log.lines == [
        "pkg/BUILD:1:8 [x = 1; target(name=\"a\")] <toplevel>",
        "pkg/BUILD:3:11 [  return [target(name=n),] <toplevel> > macro",
        "pkg/BUILD:4:13 [            target(name=n)]] <toplevel> > macro",
        "pkg/BUILD:5:13 [macro(\"é\"); target()] <toplevel>",
      ])
  }

  @Test func aThreadWithoutAContextHasNone() throws {
    let seen = Value.builtin("seen") { call in .bool(call.context(Log.self) != nil) }
    let module = try Self.execute("x = seen()", .buildFile, ["seen": seen])
    #expect(module.globals.first { $0.name == "x" }?.value.isTruthy == false)
  }

  @Test func argumentsAreMatchedWithParametersOrExplained() throws {
    let f = Value.builtin("f") { call in
      let bound = try call.bind(["name", "sources", "tags"], required: 1)
      return .string(bound.map { $0.map { $0.asString ?? "?" } ?? "-" }.joined(separator: ","))
    }
    let module = try Self.execute(
      "a = f('x')\nb = f('x', tags='t')\nc = f(sources='s', name='n')", .buildFile, ["f": f])
    #expect(module["a"]?.asString == "x,-,-")
    #expect(module["b"]?.asString == "x,-,t")
    #expect(module["c"]?.asString == "n,s,-")
    for (text, message, hint) in [
      ("f()", "f: missing argument for name", nil),
      ("f('x', source='y')", "f: unexpected keyword argument \"source\"", "did you mean sources?"),
      ("f('x', name='y')", "f: got multiple values for parameter \"name\"", nil),
      ("f(1, 2, 3, 4)", "f: got 4 arguments, want at most 3", nil),
    ] as [(String, String, String?)] {
      let error = try Self.failure(text, .buildFile, ["f": f])
      #expect(error.message == message)
      #expect(error.hint == hint)
      #expect(error.location?.line == 1)
      #expect(error.callStack.map(\.function) == ["<toplevel>", "f"])
    }
  }

  @Test func errorsShowPlaceCallStackAndLine() throws {
    let error = try Self.failure("def f(x):\n  return 1 + x\n\nf('a')\n")
    #expect(
      error.traceback == """
        Traceback (most recent call last):
          pkg/BUILD:4:1: in <toplevel>
          pkg/BUILD:2:12: in f
        Error: pkg/BUILD:2:12: unknown binary op: int + string
            return 1 + x
                     ^

        """)
    #expect(error.kind == .evaluation)
    #expect((error.file, error.line, error.column) == ("pkg/BUILD", 2, 12))
  }

  @Test func undefinedNamesAreFoundBeforeAnythingRuns() throws {
    let log = Log()
    let error = try Self.failure(
      "print('ran')\ndef f(): return python_source()\n", .buildFile, ["python_sources": .none]
    ) {
      $0.print = { text, _ in log.lines.append(text) }
    }
    #expect(error.kind == .name)
    #expect(error.message == "undefined: python_source")
    #expect(error.hint == "did you mean python_sources?")
    #expect(error.location?.description == "pkg/BUILD:2:17")
    #expect(log.lines.isEmpty)
  }

  struct HostFailure: Error, Equatable { var code: Int }

  @Test func errorsOfTheHostComeBackAsCause() throws {
    let f = Value.builtin("f") { _ in throw HostFailure(code: 7) }
    let error = try Self.failure("x = [f() for _ in [1]]", .buildFile, ["f": f])
    #expect(error.cause as? HostFailure == HostFailure(code: 7))
    #expect(error.location?.column == 6)
  }

  @Test func loadedValuesAreFrozenAndLoadedNamesStayPrivate() throws {
    let library = try Self.execute("shared = [1]\ndef get(): return shared\n_hidden = 2\nunset = [i for i in []]")
    let log = Log()
    let prepare: (StarlarkThread) -> Void = {
      $0.load = { module, place in
        log.lines.append("\(module) from \(place)")
        return library
      }
    }
    let module = try Self.execute("load('lib.star', 'get', s='shared')\nx = get()\ny = x == s", .standard, [:], prepare)
    #expect(log.lines == ["lib.star from pkg/BUILD:1:1"])
    #expect(module.globals.map(\.name) == ["x", "y"])
    #expect(module["y"]?.asBool == true)
    let append = try Self.failure("load('lib.star', 'shared')\nshared.append(2)", .standard, [:], prepare)
    #expect(append.message == "cannot append to frozen list")
    let missing = try Self.failure("load('lib.star', 'gte')", .standard, [:], prepare)
    #expect(missing.hint == "did you mean get?")
    #expect(try Self.failure("load('lib.star', '_hidden')").kind == .syntax)
    #expect(try Self.failure("load('lib.star', 'get')").message == "load is not available here")
    #expect(try Program(text: "load('a', 'x')\nload('b', 'y')\nload('a', 'z')", file: "f").loads == ["a", "b"])
  }

  @Test func aModuleIsFrozenWhenItsEvaluationEnds() throws {
    let module = try Self.execute(
      "a = [1]\nd = {'x': [2]}\nt = ([3],)\ndef f(l=[]):\n  l.append(1)\n  return l\ns = set([1])")
    #expect(throws: StarlarkError.self) {
      guard case .list(let list)? = module["a"] else { return }
      try list.append(.none)
    }
    let thread = StarlarkThread()
    #expect(throws: StarlarkError.self) { try thread.call(module["f"] ?? .none) }
    for name in ["d", "t"] {
      let inner = name == "d" ? module["d"]?.asItems?.first?.value : module["t"]?.asElements?.first
      guard case .list(let list)? = inner else {
        Issue.record("\(name) holds a list")
        continue
      }
      #expect(list.isFrozen)
    }
  }

  @Test func frozenModulesServeManyThreads() async throws {
    let library = try Self.execute(
      "table = {str(i): [i, (i,)] for i in range(100)}\ndef total(): return len([k for k in table for v in table[k]])")
    let program = try Program(
      text: "load('lib', 'table', 'total')\nx = [total() for _ in range(20)]\ny = sorted(table)[0]", file: "BUILD")
    let results = await withTaskGroup(of: [Int?].self) { group in
      for _ in 0..<8 {
        group.addTask {
          let thread = StarlarkThread()
          thread.load = { _, _ in library }
          let module = try? thread.execute(program)
          return module?["x"]?.asElements?.map(\.asInt) ?? []
        }
      }
      var results: [[Int?]] = []
      for await result in group { results.append(result) }
      return results
    }
    #expect(results.count == 8)
    for result in results { #expect(result == Array(repeating: 200, count: 20)) }
  }

  @Test func oneProgramTakesOtherValuesEachTime() throws {
    let program = try Program(text: "x = 'in ' + directory", file: "f", environment: Environment(["directory": .none]))
    for name in ["a", "b"] {
      let module = try StarlarkThread().execute(program, environment: Environment(["directory": .string(name)]))
      #expect(module["x"]?.asString == "in \(name)")
    }
    #expect(throws: StarlarkError.self) { try StarlarkThread().execute(program, environment: Environment()) }
  }

  @Test func lateNamesAreAskedForWhenTheyAreEvaluated() throws {
    let include = Value.builtin("include") { call in
      try call.thread.define("included", .int(call.positional.first?.asInt ?? 0))
      return .none
    }
    let prepare: (StarlarkThread) -> Void = {
      $0.undefinedName = { name, place in name == "magic" ? .string("\(name)@\(place.line)") : nil }
    }
    let text = "def f(): return included\ninclude(5)\nx = included\ny = f()\nz = magic"
    let module = try Self.execute(text, .template, ["include": include], prepare)
    #expect(module["x"]?.asInt == 5)
    #expect(module["y"]?.asInt == 5)
    #expect(module["z"]?.asString == "magic@5")
    #expect(module["included"]?.asInt == 5)
    let error = try Self.failure("include(1)\nx = includde", .template, ["include": include], prepare)
    #expect(error.message == "undefined: includde")
    #expect(error.hint == "did you mean include?")
  }

  @Test func aLoadedFunctionDefinesNamesOfTheFileThatRuns() throws {
    let include = Value.builtin("include") { call in
      try call.thread.define("included", .int(1))
      return .none
    }
    let library = try Self.execute("def helper(): include()", .template, ["include": include])
    let module = try Self.execute("load('lib', 'helper')\nhelper()\nx = included + 1", .template) {
      $0.load = { _, _ in library }
    }
    #expect(module["x"]?.asInt == 2)
    #expect(library["included"] == nil)
    #expect(throws: StarlarkError.self) { try StarlarkThread().call(library["helper"] ?? .none) }
  }

  @Test func budgetsCoverWhatTheHostAllocates() throws {
    let thread = StarlarkThread(limits: Limits(steps: 1000, allocatedBytes: 1000, callDepth: 10))
    try thread.allocate(900)
    #expect(throws: StarlarkError.self) { try thread.allocate(200) }
    #expect(thread.allocatedBytes == 900)
    let program = try Program(text: "def f():\n  for i in range(10000): pass\nf()", file: "f")
    do {
      _ = try StarlarkThread(limits: Limits(steps: 1000)).execute(program)
      Issue.record("must stop")
    } catch let error as StarlarkError {
      #expect(error.kind == .limit)
      #expect(error.location?.line == 2)
    }
  }

  @Test func printGoesToTheHost() throws {
    let log = Log()
    _ = try Self.execute("print('a', 1, [None], sep='-')\nprint('x', y=2)") {
      $0.print = { text, place in log.lines.append("\(place?.line ?? 0) \(text)") }
    }
    #expect(log.lines == ["1 a-1-[None]", "2 x y=2"])
  }

  @Test func valuesConvert() throws {
    let module = try Self.execute(
      "s = 'é'\ni = 3\nb = True\nl = [1]\nt = (1, 2)\nd = {'k': 1}\nn = None\nf = 1.5\nr = range(3)")
    #expect(module["s"]?.asString == "é")
    #expect(module["i"]?.asInt == 3)
    #expect(module["b"]?.asBool == true)
    #expect(module["b"]?.asInt == nil)
    #expect(module["l"]?.asElements?.count == 1)
    #expect(module["t"]?.asElements?.count == 2)
    #expect(module["d"]?.asItems?.map(\.key.asString) == ["k"])
    #expect(module["n"]?.isNone == true)
    #expect(module["f"]?.asDouble == 1.5)
    #expect(module["r"]?.iterated?.map(\.asInt) == [0, 1, 2])
    let dict = StarlarkDict([("a", .int(1)), ("b", .string("x"))])
    #expect(dict["a"]?.asInt == 1)
    #expect(dict["c"] == nil)
    #expect(try dict.value(for: .string("b"))?.asString == "x")
  }
}
