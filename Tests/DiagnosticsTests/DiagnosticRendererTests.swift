import Diagnostics
import Testing

@Suite struct DiagnosticRendererTests {
  let renderer = DiagnosticRenderer(color: false)

  @Test func showsPlaceLineAndCaret() {
    let location = SourceLocation(
      path: "services/fiddler/BUILD", line: 4, column: 19, length: 15,
      lineText: "  dependencies = [\"lib/auth:atuh\"],")
    let diagnostic = Diagnostic(
      .input, "the target \"lib/auth:atuh\" does not exist", at: location, notes: ["one\ntwo"],
      remedies: ["did you mean \"lib/auth:auth\"?"])
    #expect(
      renderer.render(diagnostic) == """
        error: the target "lib/auth:atuh" does not exist
          --> services/fiddler/BUILD:4:19
           |
         4 |   dependencies = ["lib/auth:atuh"],
           |                   ^^^^^^^^^^^^^^^
          note: one
                two
          help: did you mean "lib/auth:auth"?

        """)
  }

  @Test func keepsControlCharactersAwayFromTheTerminal() {
    let location = SourceLocation(path: "BUILD", line: 1, column: 1, lineText: "\u{1B}[31mred")
    #expect(!renderer.render(Diagnostic(.input, "x", at: location)).contains("\u{1B}"))
  }

  @Test func exitCodesFollowTheBlame() {
    #expect(DiagnosticRenderer.exitCode(for: Diagnostic(.input, "x")) == 2)
    #expect(DiagnosticRenderer.exitCode(for: Diagnostic(.environment, "x")) == 3)
    #expect(DiagnosticRenderer.exitCode(for: Diagnostic(.work, "x")) == 1)
    struct Unknown: Error {}
    #expect(DiagnosticRenderer.exitCode(for: Unknown()) == 70)
    let mixed = DiagnosticList([Diagnostic(.work, "a"), Diagnostic(.environment, "b"), Diagnostic(.input, "c")])
    #expect(DiagnosticRenderer.exitCode(for: mixed) == 3)
  }

  @Test func suggestsNearNamesOnly() {
    #expect(Suggestions.nearest(to: "depencies", among: ["dependencies", "sources", "name"]) == ["dependencies"])
    #expect(Suggestions.nearest(to: "atuh", among: ["auth"]) == ["auth"])
    #expect(Suggestions.nearest(to: "xyzzy", among: ["dependencies"]) == [])
    #expect(Suggestions.remedy(for: "nam", among: ["name", "game"]) == "did you mean \"name\" or \"game\"?")
  }
}
