import Starlark
import Testing

/// Input made to exhaust the stack, the memory or the time: a clean error within the budget, never a crash.
@Suite struct HostileInputTests {
  static let deep = 100_000

  @Test(
    arguments: [
      "(", "[", "{", "{1:", "-", "+", "~", "not ", "lambda: ", "lambda x=", "f(", "f(x=", "f(*", "f(**", "x[", "x[1:",
      "1 if ",
      "1 if 1 else ", "[x for x in ", "{x: x for x in ", "1 + (", "1 or (", "1 == (", "\"\" % (", "if x:", "def f(): ",
      "def f(x=", "for x in y: ", "load(", "x.", "x = ", "f\"{", "f'{f\"{", "(x, ", "[x, ",
    ])
  func nestedOpeningsAreASyntaxError(_ opening: String) {
    let text = String(repeating: opening, count: Self.deep)
    expectFailure(text, .buildFile) { $0.kind == .syntax || $0.kind == .name }
  }

  @Test func matchedNestingIsASyntaxErrorToo() {
    for (open, close) in [("(", ")"), ("[", "]"), ("{1:", "}"), ("f(", ")"), ("[0 for x in ", "]"), ("x[", "]")] {
      let text = String(repeating: open, count: Self.deep) + "1" + String(repeating: close, count: Self.deep)
      expectFailure(text + "\n", .buildFile) { $0.kind == .syntax && $0.message.contains("too deeply") }
    }
  }

  @Test func deepIndentationIsASyntaxError() {
    var text = ""
    for level in 0..<2000 { text += String(repeating: " ", count: level) + "if 1:\n" }
    expectFailure(text, .buildFile) { $0.message.contains("too many levels") || $0.message.contains("too deeply") }
  }

  @Test func longChainsOfSuffixesAreASyntaxError() {
    for suffix in [".x", "()", "[0]", "[:]"] {
      expectFailure("x" + String(repeating: suffix, count: Self.deep), .buildFile) {
        $0.message.contains("too deeply")
      }
    }
  }

  @Test func longFlatProgramsAreFine() throws {
    let ones = String(repeating: "1+", count: Self.deep)
    let choices = String(repeating: "elif x == 2: y = 2\n", count: 20_000)
    let clauses = String(repeating: "0 or ", count: Self.deep)
    let text = """
      x = \(ones)1
      c = \(clauses)7
      s = [\(String(repeating: "1,", count: Self.deep))]
      if x == 1: y = 1
      \(choices)else: y = 3
      \(String(repeating: "\n#\n;".replacing(";", with: ""), count: Self.deep))
      """
    let module = try StarlarkThread().execute(try Program(text: text, file: "long", dialect: .buildFile))
    #expect(module["x"]?.asInt == Self.deep + 1)
    #expect(module["c"]?.asInt == 7)
    #expect(module["y"]?.asInt == 3)
    #expect(module["s"]?.asElements?.count == Self.deep)
  }

  @Test(
    arguments: [
      "for i in range(1 << 60): pass",
      "all(range(1, 1 << 60))", "max(range(1 << 60))", "sorted(range(1 << 60))", "list(range(1 << 60))",
      "x = [0 for i in range(1 << 20) for j in range(1 << 20) for k in range(1 << 20)]",
      "x = 'a' * 1000000000", "x = 'a' * (1 << 62)", "x = [0] * (1 << 40)", "x = 1000000000 * (1,)",
      "x = b'a' * (1 << 62)",
      "x = 'ab' * (1 << 70)",
      "x = []\nfor i in range(1 << 40): x.append(i)",
      "x = [1]\nfor i in range(100): x += x", "x = [1]\nfor i in range(100): x = x + x",
      "x = 'a'\nfor i in range(100): x += x", "x = (1,)\nfor i in range(100): x += x",
      "x = {}\nfor i in range(1 << 40): x[i] = i", "x = set()\nfor i in range(1 << 40): x.add(i)",
      "x = 3\nfor i in range(100): x = x * x", "x = 1 << (1 << 40)", "x = 1\nfor i in range(1 << 30): x = x << 1000",
      "x = 'a'\nfor i in range(100): x = x.replace('a', 'aaaaaaaaaa')",
      "x = 'a'\nfor i in range(100): x = '%s%s' % (x, x)", "x = 'a'\nfor i in range(100): x = '{0}{0}'.format(x)",
      "x = 'a'\nfor i in range(100): x = f'{x}{x}'", "x = 'a'\nfor i in range(100): x = x.join([x, x, x])",
      "x = ['a']\nfor i in range(100): x = [x, x]\ny = str(x)",
      "x = (1,)\nfor i in range(100): x = (x, x)\ny = {x: 1}",
      "x = [1]\ny = [1]\nfor i in range(100):\n  x = [x, x]\n  y = [y, y]\nz = x == y",
      "x = [1]\ny = [1]\nfor i in range(100):\n  x = [x, x]\n  y = [y, y]\nz = x < y",
      "x = ['a'] * 1000000\ny = ['a'] * 1000000\nfor i in range(1 << 30): x == y",
      "x = ('a' * 5000 + 'b') * 1000\nfor i in range(1 << 40): x.find('a' * 10000 + 'b')",
      "f = lambda *a, **k: len(a)\nfor i in range(1 << 40): f(*range(10000))",
      "s = set(range(5000))\nt = set([-1])\nfor i in range(1 << 40): s & t",
      "x = 1 << 1000000\nfor i in range(1 << 40): '%d' % x", "x = 'a' * 1000000\nfor i in range(1 << 40): 'b' in x",
      "print(*range(1 << 40))", "x = zip(range(1 << 40))", "x = enumerate(range(1 << 40))",
      "a, b = range(1 << 40)", "x = reversed(range(1 << 40))", "x = dict([(i, i) for i in range(1 << 40)])",
    ])
  func runawayProgramsStopWithinTheirBudget(_ text: String) {
    let limits = Limits(steps: 100_000, allocatedBytes: 4 << 20)
    expectFailure(text + "\n", .buildFile, limits) { $0.kind == .limit || $0.message.contains("too large") }
  }

  @Test(
    arguments: [
      "x = []\nfor i in range(50000): x = [x]",
      "x = ()\nfor i in range(50000): x = (x,)",
      "x = {}\nfor i in range(50000): x = {1: x}",
      "x = None\ndef f(x): return lambda: x\nfor i in range(50000): x = f(x)",
      "x = None\nfor i in range(50000): x = lambda x=x: x",
      "x = []\nfor i in range(50000): x = [x.append]",
      "x = []\ny = x\nfor i in range(50000):\n  z = []\n  y.append(z)\n  y = z",
    ])
  func deeplyNestedValuesAreFrozenAndReleased(_ text: String) throws {
    let module = try StarlarkThread().execute(try Program(text: text + "\n", file: "nested", dialect: .buildFile))
    #expect(module["x"] != nil)
  }

  @Test(
    arguments: [
      "y = str(x)", "y = repr((x,))", "y = x == [x]", "y = x == z", "y = x < z", "y = x in z", "y = sorted([x, z])",
    ])
  func deeplyNestedValuesAreNotDescendedInto(_ operation: String) {
    let text = "x = []\nz = []\nfor i in range(100000):\n  x = [x]\n  z = [z]\n\(operation)\n"
    expectFailure(text, .buildFile) { $0.kind == .limit }
    expectFailure("x = ()\nfor i in range(100000): x = (x,)\ny = {x: 1}\n", .buildFile) { $0.kind == .limit }
  }

  @Test func callsDoNotNestWithoutEnd() {
    var recursive = Dialect.buildFile
    recursive.recursion = true
    expectFailure("def f(): return f()\nf()\n", recursive) { $0.kind == .limit && $0.message.contains("nested calls") }
    expectFailure("def f(x): return sorted([x], key=f)\nf(1)\n", recursive) { $0.kind == .limit }
    expectFailure("def f(): return f()\nf()\n", .buildFile) { $0.message.contains("recursively") }
    // Without recursion, by as many functions.
    let many = (0..<2000).map { "def f\($0)(): return f\($0 + 1)()\n" }.joined() + "f0()\ndef f2000(): return 1\n"
    expectFailure(many, .buildFile) { _ in true }
  }

  @Test func bytesThatAreNotTextAreSyntaxErrors() {
    let inputs: [[UInt8]] = [
      [0xFF], [0x78, 0x3D, 0x00], [0x22, 0x00, 0x22], [0x23, 0x00], [0xC0, 0x80], [0xED, 0xA0, 0x80],
      [0xF5, 0x80, 0x80, 0x80],
      [0x22, 0xE4, 0x22], [0xE4, 0xB8],
    ]
    for input in inputs {
      #expect(throws: StarlarkError.self, "\(input)") {
        try Program(source: SourceFile(name: "bytes", bytes: input), dialect: .buildFile)
      }
    }
  }

  @Test func everyPrefixOfAProgramIsReadOrRefused() {
    let text = Array(
      """
      load("a.star", "b", c="d")
      def f(a, b=[1, 2], *args, c={"x": (1, )}, **kwargs):
        for x, (y, z) in [(1, (2, 3))]:
          if x < 1 and not y or z in b: return f"{x!r:>3} {{}} {y + 1}"
          elif x: continue
          else: break
        return lambda *a: [i for i in a if i][0:1:2]
      x = f(1, *[2], c=3, **{}) if True else -1.5e3 + 0x1F % 2
      y = '''a
      b''' r'\\n' b"\\xff"; z = {1: 2}["a"].b
      x += 1
      """.utf8)
    for length in 0...text.count {
      for tail in [[], Array("(".utf8), Array("\"".utf8), Array("\n ".utf8), [0xFF]] {
        do {
          _ = try Program(
            source: SourceFile(name: "prefix", bytes: Array(text[..<length]) + tail), dialect: .buildFile)
        } catch let error as StarlarkError {
          #expect(error.location != nil)
        } catch {
          Issue.record("not a StarlarkError: \(error)")
        }
      }
    }
  }

  private func expectFailure(
    _ text: String, _ dialect: Dialect, _ limits: Limits = .standard, _ accept: (StarlarkError) -> Bool
  ) {
    let shown = text.prefix(60)
    do {
      let program = try Program(text: text, file: "hostile", dialect: dialect)
      _ = try StarlarkThread(limits: limits).execute(program)
      Issue.record("must fail: \(shown)")
    } catch let error as StarlarkError {
      #expect(accept(error), "\(shown): \(String(error.description.prefix(300)))")
    } catch {
      Issue.record("\(shown): not a StarlarkError: \(error)")
    }
  }
}
