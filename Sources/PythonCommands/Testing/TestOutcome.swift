internal import JSON
internal import SystemSupport

/// The results of the run of a file: its output, its report, the runner's counts.
struct TestOutcome {
  private let place: TestTree
  /// The maximum that is kept of a file's output, from its end, where the important lines of an endless loop are.
  private static let outputLimit = 4 << 20
  /// Exit codes of pytest (`pytest.ExitCode`).
  private static let noTests = 5

  init(_ place: TestTree) { self.place = place }

  func result(of plan: TestPlan, _ answer: RunnerAnswer) throws -> TestResult {
    var result = TestResult(
      address: plan.address, file: plan.file, status: .failed, seconds: answer.seconds, counts: TestCounts(),
      output: try output(), report: "")
    let told = try readIfPresent(place.result)
    let json = told.flatMap { try? JSONValue(parsing: $0) }
    result.counts = TestCounts(json?["counts"])
    result.failures = json?["failures"]?.strings ?? []
    result.current = json?["current"]?.string
    result.signal = answer.signal
    if answer.timedOut {
      result.status = .timedOut
    } else if json?["code"]?.int == nil {
      // It did not come to its end: os._exit, a signal.
      result.status = .crashed
    } else if answer.code == 0 {
      result.status = .passed
    } else if answer.code == Self.noTests {
      result.status = result.counts.deselected > 0 ? .deselected : .empty
    }
    let report = try readIfPresent(place.report).map { String(decoding: $0, as: UTF8.self) }
    let isWhole = result.status != .timedOut && result.status != .crashed
    result.report = (isWhole ? report : nil) ?? TestReport.replacement(for: result)
    return result
  }

  private func output() throws -> String {
    let bytes = try readIfPresent(place.output) ?? []
    guard bytes.count > Self.outputLimit else { return String(decoding: bytes, as: UTF8.self) }
    let rest = bytes.suffix(Self.outputLimit)
    return "[\(bytes.count - Self.outputLimit) bytes left out]\n" + String(decoding: rest, as: UTF8.self)
  }

  private func readIfPresent(_ path: FilePath) throws(SystemCallError) -> [UInt8]? {
    guard FileSystem.exists(path) else { return nil }
    return try FileSystem.read(path)
  }
}
