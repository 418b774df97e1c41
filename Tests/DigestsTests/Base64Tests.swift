import Testing

@testable import Digests

@Suite struct Base64Tests {
  @Test(
    "Base64 matches the examples of RFC 4648, section 10",
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
      ("foobar", "Zm9vYmFy"),
    ])
  func vectors(text: String, expected: String) {
    #expect(Base64.encode(Array(text.utf8)) == expected)
    #expect(Base64.decode(expected) == Array(text.utf8))
  }

  @Test("Base64 uses + and / for the last two digits")
  func lastDigits() { #expect(Base64.encode([0xFB, 0xFF, 0xFE]) == "+//+") }

  @Test("Base64 has one text for each value", arguments: 0..<40) func changes(_ count: Int) {
    let value = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 149 &+ count) }
    var changed = Array(Base64.encode(value).utf8)
    for index in changed.indices {
      let original = changed[index]
      for replacement in [original ^ 1, UInt8(ascii: "="), UInt8(ascii: "-"), UInt8(ascii: "B")]
      where replacement != original {
        changed[index] = replacement
        #expect(Base64.decode(String(decoding: changed, as: UTF8.self)) != value)
      }
      changed[index] = original
    }
  }
}
