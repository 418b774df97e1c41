import Diagnostics
import Testing

@testable import YAML

@Suite struct YAMLErrorTests {
  @Test func syntaxErrorsShowTheLine() {
    #expect(
      message("a: 1\nb: {x: 1\nc: 2\n") == """
        error: not valid YAML: did not find expected ',' or '}'
          --> f.yaml:3:2
           |
         3 | c: 2
           |  ^
          note: while parsing a flow mapping that begins in line 2

        """)
  }

  @Test func aKeyGivenTwiceIsAnError() {
    #expect(
      message("stages: {}\nuser: a\nuser: b\n") == """
        error: the key "user" is given twice
          --> f.yaml:3:1
           |
         3 | user: b
           | ^^^^
          note: the first is in line 2

        """)
    #expect(message("{a: 1, 'a': 2}").contains("given twice"))
  }

  @Test(arguments: [
    ("[*x]", "there is no anchor \"x\""), ("&a [*a]", "stands within its own anchor"),
    ("[&a 1, &a 2]", "the anchor &a is given twice"), ("? [1]\n: 2\n", "a key must be a plain value"),
    ("a: 1\n---\nb: 2\n", "a second document begins here"), ("<<: 1", "<< takes a mapping"),
    ("a:\n\tb: 1\n", "not valid YAML"), ("a: 'x", "not valid YAML"), ("a: \u{1}", "not valid YAML"),
    ("%YAML 3.0\n---\n", "not valid YAML"), ("@a", "not valid YAML"),
  ])
  func whatIsNotTakenIsNamed(text: String, words: String) {
    #expect(message(text).contains(words))
    #expect(message(text).contains("--> f.yaml:"))
  }

  @Test func bytesThatAreNotUTF8AreRefused() {
    for bytes: [UInt8] in [[0x61, 0x3A, 0x20, 0xFF], [0xFE, 0xFF, 0, 0x61], [0xED, 0xA0, 0x80], [0xC3]] {
      do {
        _ = try YAMLDocument(parsing: bytes, path: "f.yaml")
        Issue.record("accepted: \(bytes)")
      } catch {
        #expect(error.kind == .notUTF8)
      }
    }
  }

  @Test func aliasesThatGrowAreStopped() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      text +=
        "a\(level): &a\(level) [" + [String](repeating: "*a\(level - 1)", count: 9).joined(separator: ", ") + "]\n"
    }
    #expect(message(text).contains("more than 100000 values"))
  }

  @Test func depthIsBoundedThroughAliasesToo() {
    let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    #expect(message(deep).contains("more than 64 mappings and lists"))
    var text = "a0: &a0 [x]\n"
    for level in 1...70 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
    #expect(message(text).contains("more than 64 mappings and lists"))
    let fits = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(throws: Never.self) { try parse(fits) }
  }

  @Test func sizeIsBounded() {
    #expect(message("a: 1", limits: YAMLLimits(bytes: 3)).contains("has 4 bytes, more than the 3"))
    #expect(message("[1, 2, 3]", limits: YAMLLimits(nodes: 3)).contains("more than 3 values"))
  }

  /// Any damage to a good file gives a tree or an error, never a crash, and each node has a place in the text.
  @Test func damagedFilesAreReadOrRefused() throws {
    let good = Array(
      "file: &f a.aurora\nconfig: {cpu: 0.5, ram: \"256MB\"}\nargs: !!map\n  - *f\n  - |\n    é\nstages: {<<: {a: 1}}\n"
        .utf8)
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var read = 0
    for _ in 0..<5_000 {
      var bytes = good
      for _ in 0...random(4) {
        switch random(3) {
        case 0: bytes[random(bytes.count)] = UInt8(random(256))
        case 1: bytes.remove(at: random(bytes.count))
        default: bytes.insert(Array("{}[]:-&*!|>'\"\n #%,?".utf8)[random(19)], at: random(bytes.count))
        }
      }
      guard let document = try? YAMLDocument(parsing: bytes, path: "f.yaml") else { continue }
      read += 1
      func check(_ node: YAMLNode) {
        #expect(node.line >= 1 && node.line <= document.lines.starts.count && node.column >= 1 && node.length >= 1)
        node.sequence?.forEach(check)
        node.mapping?.forEach {
          check($0.key); check($0.value)
        }
      }
      check(document.root)
    }
    #expect(read > 0)
  }
}
