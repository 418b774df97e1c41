import Starlark
import Testing

/// Laws of arithmetic on integers of many sizes, where carries, borrows and estimates of quotients go wrong.
@Suite struct IntegerTests {
  @Test func divisionIsTheInverseOfMultiplication() throws {
    let module = try EmbeddingTests.execute(
      """
      def numbers():
        result = []
        for bits in [1, 31, 32, 33, 63, 64, 65, 95, 96, 127, 128, 160, 256, 1000]:
          for delta in [-2, -1, 0, 1, 0x7fffffff]:
            result += [(1 << bits) + delta, -(1 << bits) + delta]
        seed = 12345678901234567890
        for i in range(40):
          seed = (seed * 6364136223846793005 + 1442695040888963407) % (1 << (40 + i * 9))
          result += [seed, -seed]
        return [n for n in result if n]

      def check():
        all = numbers()
        count = 0
        for a in all:
          for b in all:
            q, r = a // b, a % b
            ok = q * b + r == a and (r == 0 or (r < 0) == (b < 0)) and abs(r) < abs(b)
            ok = ok and (a + b) - b == a and (a * b) // b == a and (a < b) == (a - b < 0)
            ok = ok and (a & b) + (a | b) == a + b and (a ^ b) == (a | b) - (a & b)
            if not ok: fail("a = %d, b = %d" % (a, b))
            count += 1
          if int(str(a)) != a or int("%x" % a, 16) != a or int("%o" % a, 8) != a: fail(a)
          if (a << 37) >> 37 != a or (a >> 5) != a // 32 or ~a != -a - 1: fail(a)
          if int(float(a >> 1 << 1) / 2) - (a >> 1) > abs(a >> 40) + 1: fail(a)
          if {a: 1}.get(a) != 1: fail(a)
        return count
      x = check()
      """)
    #expect((module["x"]?.asInt ?? 0) > 40_000)
  }
}
