import Testing

@testable import Digests

@Suite struct Base64Tests {
  @Test(
    "Base64 is that of RFC 4648, section 10",
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
      ("foobar", "Zm9vYmFy"),
    ])
  func vectors(text: String, expected: String) { #expect(String(base64: Array(text.utf8)) == expected) }

  @Test("Base64 uses + and / for the last two digits")
  func lastDigits() { #expect(String(base64: [0xFB, 0xFF, 0xFE]) == "+//+") }
}
