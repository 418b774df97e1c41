import FuzzCorpus
import Glibc
import JSON
import Testing

/// The rules of RFC 8259, by the cases that suites of JSON readers distinguish.
@Suite("Valid and invalid JSON texts")
struct ConformanceTests {
  static let accepted: [String] = [
    "[]", "{}", " [ ] ", "[[]]", "[\"\"]", "[null]", "[1\n]", "[\"a\", 5.0E1 ]", "\"x\"", "42", "-0.1", "null", "true",
    "false",
    // Numbers.
    "[0]", "[-0]", "[-1]", "[123]", "[0e1]", "[0E+1]", "[20e1]", "[1E22]", "[1E-2]", "[123e65]", "[123.456e78]",
    "[123.456789]",
    "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]", "[123123123123123123123123]",
    // Strings.
    "[\"\\u0060\\u012a\\u12AB\"]", "[\"\\uD801\\udc37\"]", "[\"\\ud83d\\ude39\\ud83d\\udc8d\"]",
    "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
    "[\"\\\\u0000\"]", "[\"\\u0000\"]", "[\"\\uFFFF\"]", "[\"\\uDBFF\\uDFFE\"]", "[\"\\u2028\\u2029\"]", "[\"\u{7F}\"]",
    "[\"\u{2028}\u{10FFFF}\"]",
    "[\" \"]", "[\"a/*b*/c\"]", "[\"\\u0022\"]", "[\"\\uA66D\"]", "[\"\u{200B}\"]",
    // Objects.
    "{\"\":0}", "{\"a\":[]}", "{\"a\":\"b\",\"c\":{\"d\":1}}", "{\"foo\\u0000bar\": 42}", "{\n\"a\":\t\"b\"\r}",
    // Two names, although the letters look the same.
    "{\"\u{E9}\":1,\"e\u{301}\":2}",
  ]

  static let refused: [String] = [
    "", " ", "[", "]", "[1", "[1,", "[,1]", "[1,,2]", "[1,]", "[,]", "[\"\",]", "[1 true]", "[a]", "[\"a\" 1]",
    "[3[4]]", "[\"x\"]]",
    "[1]x", "[]]", "[\n1\n,1", "[*]", "[{}", "{]", "[}", "{}}", "{}#", "{}/**/", "/**/{}", "{\"a\":/*c*/1}", "<null>",
    "[<null>]", "[1]\u{0C}",
    "\u{FEFF}", "\u{FEFF}{}", "\u{2060}[]", "[\u{A0}]", "[\u{0C}]", "[\u{0B}1]", "\"\"\"",
    // Words.
    "nul", "[nul]", "[tru]", "[True]", "[TRUE]", "[fals]", "[NaN]", "[Infinity]", "[-Infinity]", "[+Inf]",
    "[undefined]",
    // Numbers.
    "[-]", "[+1]", "[++1]", "[--1]", "[-01]", "[012]", "[-012]", "[.1]", "[1.]", "[-1.]", "[0.e1]", "[1.e1]", "[0.3e]",
    "[0.3e+]", "[0e]", "[1e]",
    "[1eE2]", "[1.0e-]", "[9.e+]", "[0x1]", "[0x42]", "[1 000]", "[1_0]", "[1.2.3]", "[1a]", "[-1x]", "[- 1]",
    "[\u{FF11}]", "[1e999]", "[-1e999]",
    // Strings.
    "\"", "[\"a", "[\"a]", "[\"\\", "[\"\\\"]", "[\"\\u\"]", "[\"\\u1\"]", "[\"\\u12\"]", "[\"\\u123\"]",
    "[\"\\u00g0\"]", "[\"\\x00\"]", "[\"\\a\"]",
    "[\"\\U0041\"]", "[\"\\\u{9}\"]", "[\"\\\u{1F300}\"]", "[\"\u{0}\"]", "[\"\n\"]", "[\"\t\"]", "[\"\u{1F}\"]",
    "['a']", "[\u{AB}a\u{BB}]",
    "[\"\\uD800\"]", "[\"\\uDC00\"]", "[\"\\uD800\\u0041\"]", "[\"\\uD800\\uD800\"]", "[\"\\uD800x\"]",
    "[\"\\uD83D\\\"]", "[\\n]", "[\\u0020\"a\"]",
    // Objects.
    "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{,}", "{\"a\":1,,\"b\":2}", "{\"a\" \"b\"}",
    "{\"a\"::1}", "{\"a\":1 \"b\":2}",
    "{a:1}", "{'a':1}", "{1:1}", "{null:1}", "{\"a\",1}", "{\"a\":1}}", "{\"a\":1}#", "{[]:1}", "{\"x\"::\"b\"}",
  ]

  @Test("Valid texts are read, and equal after a round trip through the writer", arguments: accepted)
  func accepts(text: String) throws {
    let value = try JSONValue(parsing: text)
    for format in [JSONFormat.compact, .pretty, .canonical] {
      #expect(try JSONValue(parsing: value.bytes(format)) == value)
    }
  }

  @Test("Invalid texts are refused, with a location in the text", arguments: refused)
  func refuses(text: String) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    #expect((0...text.utf8.count).contains(error?.offset ?? -1))
  }

  @Test(
    "Bytes that are not UTF-8 are refused",
    arguments: [
      [0xFF], [0x80], [0xC0, 0xAF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
      [0xF8, 0x88, 0x80, 0x80, 0x80],
      [0xC3], [0xE6, 0x97],
    ] as [[UInt8]])
  func encodings(bytes: [UInt8]) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22] + bytes + [0x22]) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: [0x7B, 0x22] + bytes + [0x22, 0x3A, 0x31, 0x7D]) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: [0x5B] + bytes + [0x5D]) }
    // UTF-16, with its mark.
    #expect(throws: JSONError.self) { try JSONValue(parsing: [0xFF, 0xFE, 0x5B, 0, 0x5D, 0]) }
  }

  @Test("A duplicate name is refused, unless the caller lets the last value win")
  func repeatedNames() throws {
    for text in ["{\"a\":1,\"a\":2}", "{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}"] {
      #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }
    let value = try JSONValue(parsing: Array("{\"a\":1,\"b\":3,\"a\":2}".utf8), allowingRepeatedNames: true)
    #expect(value["a"] == 2)
    #expect(value.object?.names == ["a", "b"])
  }

  @Test("Names are distinguished by their bytes, in small objects and in large ones")
  func namesByBytes() throws {
    for more in [0, 40] {
      let others = (0..<more).map { ",\"k\($0)\":\($0)" }.joined()
      let value = try JSONValue(parsing: "{\"\u{E9}\":1,\"e\u{301}\":2\(others)}")
      #expect(value["\u{E9}"] == 1)
      #expect(value["e\u{301}"] == 2)
      #expect(value.object?.count == 2 + more)
    }
  }

  @Test("Deep nesting and a negative zero keep their meaning")
  func edges() throws {
    #expect(try JSONValue(parsing: "-0").double?.sign == .minus)
    let deep = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
    #expect(try JSONValue(parsing: deep).array?.count == 1)
    for text in ["[", "{\"\":", "[{\"\":"] {
      #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: text, count: 100_000)) }
    }
  }

  @Test("Each input of the fuzzer's corpus is read or refused")
  func corpus() throws {
    for bytes in try FuzzCorpus.inputs(of: "json") {
      guard let value = try? JSONValue(parsing: bytes) else { continue }
      #expect(try JSONValue(parsing: value.bytes()) == value)
    }
  }
}
