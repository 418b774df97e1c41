import BuildFiles
import Testing

@testable import KiltCommands
@testable import PythonCommands

@Suite struct FailureCauseTests {
  private func result(_ name: String, output: String, failed: Int = 0, errors: Int = 1) throws -> TestResult {
    var counts = TestCounts()
    counts.failed = failed
    counts.errors = errors
    return TestResult(
      address: Address(directory: "work", name: "tests", file: "\(name).py"), file: "work/\(name).py", status: .failed,
      seconds: 1,
      counts: counts, output: output, report: "")
  }

  private func collectionError(_ name: String, _ error: String) -> String {
    "_____ ERROR collecting work/\(name).py _____\nwork/\(name).py:2: in <module>\n    KEY = os.environ[\"K\"]\nE   \(error)\n"
  }

  @Test("Files with the same collection error have one cause")
  func oneCause() throws {
    let first = try result("a", output: collectionError("a", "KeyError: 'K'"))
    let second = try result("b", output: "\u{1B}[31mE   KeyError: 'K'\u{1B}[0m\n")
    let other = try result("c", output: collectionError("c", "KeyError: 'L'"))
    #expect(FailureCause(first) == FailureCause(second))
    #expect(FailureCause(first)?.title == "KeyError: 'K'")
    #expect(FailureCause(first) != FailureCause(other))
  }

  @Test("A failing test with a unique error shares its cause with no other test")
  func ownFailures() throws {
    #expect(FailureCause(try result("a", output: "E   assert 1 == 2\n", failed: 1, errors: 0)) == nil)
    #expect(FailureCause(try result("a", output: "no error of Python\n")) == nil)
  }

  @Test("The summary lists files with one cause once, with their count")
  func summary() throws {
    let results = try ["a", "b", "c"].map { try result($0, output: collectionError($0, "KeyError: 'K'")) }
    let own = try result("d", output: collectionError("d", "ValueError: no"))
    let text = TestSummary(results + [own], skipped: 0, milliseconds: 10).text(Terminal(-1), rerun: nil)
    #expect(
      text.contains("  failed  3 files with one cause: KeyError: 'K'\n    work/a.py:tests\n    work/b.py:tests\n"))
    #expect(text.contains("  failed  work/d.py:tests\n"))
    #expect(text.contains("4 files: 4 failed; tests: 4 errors"))
  }
}
