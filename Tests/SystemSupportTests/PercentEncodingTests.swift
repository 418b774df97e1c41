import SystemSupport
import Testing

@Suite struct PercentEncodingTests {
  @Test(
    "Every text survives percent-encoding",
    arguments: ["", "a b", "ä/%?#", "~-._", "\u{0}\u{10FFFF}", "%41"])
  func roundTrip(_ text: String) {
    #expect(PercentEncoding.decode(PercentEncoding.encode(text)) == text)
    #expect(PercentEncoding.decode(PercentEncoding.encode(text, keeping: "/")) == text)
  }

  @Test(
    "A percent sign without two digits is refused", arguments: ["%", "%4", "%zz", "%+5", "% 5", "%-1", "a%4", "%ff"])
  func malformed(_ text: String) {
    #expect(PercentEncoding.decode(text) == nil)
  }

  @Test("A lenient decoding keeps percent signs that encode nothing")
  func lenient() {
    #expect(PercentEncoding.decodeLeniently("a%20b%2+%+5%4") == "a b%2+%+5%4")
  }

  @Test("A path keeps its slashes only when asked")
  func slashes() {
    #expect(PercentEncoding.encode("a/b c") == "a%2Fb%20c")
    #expect(PercentEncoding.encode("a/b c", keeping: "/") == "a/b%20c")
  }
}
