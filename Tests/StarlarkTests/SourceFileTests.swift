import Testing

@testable import Starlark

@Suite struct SourceFileTests {
  @Test func countsLinesAndCodePointColumnsFromOne() {
    let source = SourceFile(name: "BUILD", bytes: Array("a = 1\r\nä = b\n".utf8))
    let place = SourceLocation(source: source, offset: 12)
    #expect(place.line == 2)
    #expect(place.column == 5)
    #expect(place.sourceLine == "ä = b")
    #expect("\(place)" == "BUILD:2:5")
    #expect(source.text(ofLine: 1) == "a = 1")
    #expect(source.text(ofLine: 9) == "")
  }
}
