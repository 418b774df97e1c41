import MarkupText
import Testing

@Suite struct MarkupTextTests {
  @Test("The characters that mean something become references, in content and in attributes")
  func references() {
    #expect(MarkupText.content("a < b && \"c\" > 'd'") == "a &lt; b &amp;&amp; &quot;c&quot; &gt; &#39;d&#39;")
    #expect(MarkupText.attribute("<a href=\"x\">") == "&lt;a href=&quot;x&quot;&gt;")
  }

  @Test("A combining mark after a character does not hide it") func combiningMarks() {
    #expect(MarkupText.content("<\u{301}script>") == "&lt;\u{301}script&gt;")
    #expect(MarkupText.content("&\u{20DD}\"\u{FE0F}") == "&amp;\u{20DD}&quot;\u{FE0F}")
  }

  @Test("Line ends stay in content, and are references in attributes; a carriage return is always one")
  func lines() {
    #expect(MarkupText.content("a\tb\nc\r\nd") == "a\tb\nc&#13;\nd")
    #expect(MarkupText.attribute("a\tb\nc\r\nd") == "a&#9;b&#10;c&#13;&#10;d")
  }

  @Test("Characters that XML cannot represent become U+FFFD, and no others") func impossible() {
    #expect(MarkupText.content("\u{0}\u{8}\u{1B}[31m") == "\u{FFFD}\u{FFFD}\u{FFFD}[31m")
    #expect(MarkupText.content("\u{7F}\u{FFFE}\u{FFFF}") == "\u{FFFD}\u{FFFD}\u{FFFD}")
    #expect(MarkupText.content("é\u{FFFD}\u{FEFF}👩‍🔬") == "é\u{FFFD}\u{FEFF}👩‍🔬")
    #expect(MarkupText.content("") == "")
  }
}
