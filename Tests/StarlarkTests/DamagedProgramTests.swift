import FuzzCorpus
import Glibc
import Starlark
import Testing

/// Programs damaged at random: read and run, or refused with an error that has a place; never a crash.
///
/// A seed that fails is in the message. `KILT_FUZZ_ITERATIONS` asks for more than the few that every run makes.
@Suite struct DamagedProgramTests {
  /// xorshift64*, so that a seed means the same everywhere.
  struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state ^= state >> 12
      state ^= state << 25
      state ^= state >> 27
      return state &* 0x2545_F491_4F6C_DD1D
    }
  }

  private static let fragments = [
    "(", ")", "[", "]", "{", "}", ",", ":", "=", "==", "**", "*", "-", "~", "%", "//", "<<", "|=", "\n", "\n  ", " ",
    "#", "\\\n", "'",
    "\"\"\"", "f'{", "}'", "b\"", "r'", "\\x41", "\\u00e9", "0x", "1e9", "1.5", "9223372036854775807", "if ", "else ",
    "elif ", "for ",
    " in ", "not ", "def f(x, *a, **k):", "return ", "lambda x: ", "load(", "x", "y", "x.append(", "[i for i in ",
    "range(10)", "None",
    "str(", "len(", "sorted(", "dict(", "set(", "zip(", ".format(", ".join(", ".split(", ".items()", "[::-1]", "[1:",
    "pass", "break",
    "continue", "is ", "int(", "'a' * 100", "{1: 2}", "hash(", "enumerate(", "min(", "getattr(x, ", "\u{e9}",
    "\u{1F600}", "\0",
  ]

  private static let programs = [
    "def f(a, b=[1], *c, d, **e):\n  for x, y in zip(a, b):\n    if x < y: b.append(x)\n  return [a, b, c, d, e]\nx = f([1], d=2, z=3)\n",
    "x = {k: [v] for k, v in {'a': 1, 'b': 2}.items() if v}\nfor k in x: x[k] += [k]\nprint(f\"{x!r:>20} {len(x)}\", '%s %d' % (x, 3))\n",
    "s = set([1, 2]) | set([3])\nt = sorted(s, key=lambda i: -i, reverse=True)\ny = ','.join([str(i) for i in t]).split(',')\n",
    "n = 1 << 70\nm = [n // 7, n % -7, -n * n, ~n, n & 255, 1.5 * 2, 7 / 2]\nz = 'a{}b{c}'.format(n, c=m) if n else None\n",
    "def outer(v):\n  def inner(): return v + w\n  w = 1\n  return inner\nq = [outer(i)() for i in range(3)][::-1]\nr = (q, {1: q})[0][1:]\n",
  ]

  @Test func areReadOrRefused() {
    let iterations = getenv("KILT_FUZZ_ITERATIONS").flatMap { Int(String(cString: $0)) } ?? 1500
    let seed = getenv("KILT_FUZZ_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1
    let limits = Limits(steps: 20_000, allocatedBytes: 1 << 20, callDepth: 50)
    for iteration in 0..<iterations {
      var generator = Generator(state: (seed &+ UInt64(iteration)) &* 0x9E37_79B9_7F4A_7C15 | 1)
      let bytes = Self.damaged(&generator)
      Self.expectResultOrPlacedError(
        bytes, iteration % 3 == 0 ? .standard : .buildFile, limits, "iteration \(iteration) of seed \(seed)")
    }
  }

  /// The inputs that the fuzzer found to cover the code best (scripts/fuzz), whose first byte picks the dialect.
  @Test func inputsOfTheFuzzersCorpusAreReadOrRefused() throws {
    let inputs = try FuzzCorpus.inputs(of: "starlark")
    #expect(inputs.count > 500)
    let limits = Limits(steps: 5_000, allocatedBytes: 1 << 20, callDepth: 40)
    for input in inputs {
      guard let selector = input.first else { continue }
      let dialect: Dialect = [.standard, .buildFile, .template][Int(selector % 3)]
      Self.expectResultOrPlacedError(Array(input.dropFirst()), dialect, limits, "\(input)")
    }
  }

  private static func expectResultOrPlacedError(
    _ bytes: [UInt8], _ dialect: Dialect, _ limits: Limits, _ name: @autoclosure () -> String
  ) {
    do {
      let program = try Program(source: SourceFile(name: "damaged", bytes: bytes), dialect: dialect)
      let module = try StarlarkThread(limits: limits).execute(program)
      for (_, value) in module.globals { _ = try StarlarkThread(limits: limits).representation(of: value) }
    } catch let error as StarlarkError {
      let isPlaced = error.location != nil || error.kind == .limit
      #expect(isPlaced, "\(name()): \(error)")
      #expect(!error.traceback.isEmpty)
    } catch {
      Issue.record("\(name()): \(error)")
    }
  }

  private static func damaged(_ generator: inout Generator) -> [UInt8] {
    var bytes = Array(programs[Int.random(in: 0..<programs.count, using: &generator)].utf8)
    for _ in 0..<Int.random(in: 1...8, using: &generator) {
      let position = Int.random(in: 0...bytes.count, using: &generator)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes.removeSubrange(position..<min(bytes.count, position + Int.random(in: 1...12, using: &generator)))
      case 1: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: position)
      case 2:
        let other = Array(programs[Int.random(in: 0..<programs.count, using: &generator)].utf8)
        let start = Int.random(in: 0..<other.count, using: &generator)
        bytes.insert(contentsOf: other[start..<min(other.count, start + 30)], at: position)
      default:
        let fragment = fragments[Int.random(in: 0..<fragments.count, using: &generator)]
        let count = Int.random(in: 0..<20, using: &generator) == 0 ? 300 : 1
        for _ in 0..<count { bytes.insert(contentsOf: fragment.utf8, at: position) }
      }
    }
    return bytes
  }
}
