import Testing

@testable import Diagnostics

@Suite struct PlainTextTests {
  /// Clears the screen, sets the title, colors, moves back, an overlong C1 introducer, a right-to-left override.
  private static let hostile = "\u{1B}[2J\u{1B}]0;x\u{07}\u{1B}[31mred\r\u{08}\u{9B}1m\u{202E}txt\u{2066}\nforged: line"

  @Test("A line contains no control character of a text")
  func line() {
    let text = PlainText.line(Self.hostile)
    #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) })
    #expect(!text.contains("\u{202E}") && !text.contains("\u{2066}"))
    #expect(text.hasPrefix("\\x1b[2J\\x1b]0;x\\x07\\x1b[31mred\\r\\x08\\x9b1m\\u{202e}txt"))
    #expect(text.hasSuffix("\\nforged: line"))
  }

  @Test("Ordinary text of all scripts stays unchanged", arguments: ["", "plain", "ünïcode 日本語 👍🏽 العربية"])
  func ordinary(text: String) {
    #expect(PlainText.line(text) == text)
    #expect(PlainText.logLine("\t" + text) == "\t" + text)
  }

  @Test("A message that holds a task's text stays one message")
  func messages() {
    let text = DiagnosticRenderer(color: false).render(
      Diagnostic(
        .work, "bad\u{1B}[2J\nerror: forged", notes: ["x\u{1B}]0;t\u{07}\nhelp: forged"], remedies: ["a\nb"]))
    #expect(!text.contains("\u{1B}") && !text.contains("\u{07}"))
    #expect(
      text == """
        error: bad\\x1b[2J
          error: forged
          note: x\\x1b]0;t\\x07
                help: forged
          help: a
                b

        """)
  }
}
