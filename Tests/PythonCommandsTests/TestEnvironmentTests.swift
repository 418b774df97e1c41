import Diagnostics
import Testing

@testable import PythonCommands

@Suite struct TestEnvironmentTests {
  private let own = TestEnvironment([
    "PATH=/opt/bin", "HOME=/home/ann", "LANG=de_DE.UTF-8", "APP_A=1", "APP_B=2", "X=y=z",
  ])

  @Test func onlyWhatIsDeclaredReachesATest() throws {
    #expect(
      try own.variables([]) == [
        "LANG=de_DE.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      ])
  }

  @Test func variablesAreGivenByValueByNameAndByPrefix() throws {
    let found = try own.variables(["FLAG=on", "APP_*", "X", "MISSING", "PATH"])
    #expect(found == ["APP_A=1", "APP_B=2", "FLAG=on", "LANG=de_DE.UTF-8", "PATH=/opt/bin", "X=y=z"])
  }

  @Test func laterEntriesWin() throws {
    #expect(try own.variables(["FLAG=on", "FLAG="]).contains("FLAG="))
  }

  @Test func whatIsNoVariableIsRefused() {
    for entry in ["", "=value", "TWO WORDS", "A*B"] {
      #expect(throws: Diagnostic.self, "\(entry)") { try own.variables([entry]) }
    }
  }
}
