import JSON
import Testing

@testable import LintCommands

@Suite struct FindingTests {
  @Test("A recorded finding reads back as it was")
  func recorded() throws {
    let finding = Finding(
      step: .ruffCheck, path: "a/b.py", line: 3, column: 8, rule: "F401", message: "`os` imported but unused",
      severity: .warning, isFixable: true)
    #expect(Finding(recorded: finding.recorded, step: .ruffCheck, path: "a/b.py") == finding)
    #expect(Finding(recorded: .array([]), step: .ruffCheck, path: "a/b.py") == nil)
  }
}
