import JSON
import Testing

@Suite struct JSONTests {
  @Test func roundTripsInOrder() throws {
    let text = #"{"b":[1,-2,3.5,true,null],"a":{"":"\u0001\"\\ é 😀"},"z":1e+300}"#
    let value = try JSONValue(parsing: text)
    #expect(value.object?.names == ["b", "a", "z"])
    #expect(value["a"]?[""]?.string == "\u{1}\"\\ é 😀")
    #expect(try JSONValue(parsing: value.bytes()) == value)
    #expect(try JSONValue(parsing: value.bytes(.pretty)) == value)
    #expect(value.text(.canonical).hasPrefix(#"{"a":"#))
  }

  @Test func escapesAndSurrogates() throws {
    #expect(try JSONValue(parsing: #""\ud83d\ude00\n\/""#) == "😀\n/")
    #expect(throws: JSONError.self) { try JSONValue(parsing: #""\ud83d""#) }
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\":1,}", "01", "1.", "nul", "\"a", "\"\t\"", "[1] 2", "{\"a\":1,\"a\":2}", "{a:1}", "+1",
    "1e999", "\"\\x\"", "NaN",
  ])
  func refuses(_ text: String) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
  }

  @Test func refusesInvalidUTF8AndDeepNesting() {
    #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: String(repeating: "[", count: 100_000)) }
  }

  @Test func saysWhere() throws {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: "{\n  \"a\": x\n}") }
    #expect(error?.line == 2)
    #expect(error?.column == 8)
  }

  @Test func largeObjectsKeepOrderAndFindMembers() {
    var object = JSONObject()
    for number in 0..<1000 { object["k\(number)"] = .int(Int64(number)) }
    #expect(object["k999"] == 999)
    object["k0"] = nil
    #expect(object["k0"] == nil)
    #expect(object["k999"] == 999)
    #expect(object.names.first == "k1")
  }
}
