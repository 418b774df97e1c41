import BuildFiles
import SystemSupport
import Testing

@testable import PythonCommands

@Suite struct TestReportTests {
  private func result(_ output: String) throws -> TestResult {
    var result = TestResult(
      address: Address(directory: "lib", name: "tests", file: "lib/a_test.py"), file: "lib/a_test.py",
      status: .timedOut, seconds: 2.004, counts: TestCounts(), output: output, report: "")
    result.current = "lib/a_test.py::test_<slow>"
    return result
  }

  @Test func aFileWithoutAReportGetsOneThatIsValid() throws {
    let text = TestReport.replacement(for: try result("a & b \u{1B}[31m<c>\u{0}"))
    let code = """
      import sys, xml.etree.ElementTree as tree
      case = tree.fromstring(sys.stdin.buffer.read()).find('testsuite/testcase')
      print(case.get('classname'), case.get('name'), case.find('error').get('message'), case.find('error').text)
      """
    let outcome = try Subprocess("python3", ["-c", code], input: Array(text.utf8)).run()
    #expect(
      outcome.text == "lib.a_test test_<slow> timed out after 2.00 s a & b \u{FFFD}[31m<c>\u{FFFD}",
      "\(outcome.errorText)")
  }

  @Test(arguments: [(0.0, "0.00"), (0.006, "0.01"), (1.5, "1.50"), (61.999, "62.00")])
  func secondsHaveTwoDigits(seconds: Double, text: String) { #expect(TestReport.seconds(seconds) == text) }

  @Test func countsAreSaidInTheOrderOfTheirGravity() {
    var counts = TestCounts()
    counts.passed = 3
    counts.failed = 1
    counts.skipped = 2
    #expect(counts.text == "1 failed, 3 passed, 2 skipped")
    counts += counts
    #expect(counts.named.map(\.count) == [2, 6, 4])
    #expect(counts.run == 8)
  }

  @Test func theLimitOfAFileIsItsOwnTheDefaultAndNeverAboveTheMaximum() {
    var options = TestOptions()
    func limit(_ own: Int?) -> Int? { options.timeout(ofField: own) }
    #expect(limit(nil) == nil)
    #expect(limit(5) == 5)
    options.timeoutDefault = 60
    options.timeoutMaximum = 30
    #expect(limit(nil) == 30)
    #expect(limit(5) == 5)
    #expect(limit(90) == 30)
    options.hasTimeouts = false
    #expect(limit(5) == nil)
  }
}
