internal import BuildFiles
internal import Diagnostics
internal import PythonCommands
internal import Synchronization
internal import SystemSupport

/// Reports the progress of a test run: a line for each file, and its output on request.
final class TestMonitor: Sendable {
  private struct State {
    var total = 0
    var done = 0
    var failed = 0
    var running: [String] = []
    /// The file whose output showed each cause.
    var shownCauses: [FailureCause: String] = [:]
  }
  private let state = Mutex(State())
  private let progress: ProgressLine
  private let isQuiet: Bool
  private let shown: BuildTest.ShownOutput
  private let width: Int

  /// - Parameter width: of the longest address.
  init(_ progress: ProgressLine, isQuiet: Bool, shown: BuildTest.ShownOutput, width: Int) {
    self.progress = progress
    self.isQuiet = isQuiet
    self.shown = shown
    self.width = width
  }

  func see(_ event: TestRunner.Event) {
    switch event {
    case .planned(let total, let toRun):
      state.withLock { $0.total = total }
      if toRun > 0 { progress.show("preparing \(toRun) of \(total) test files") }
    case .started(let plan):
      progress.show(
        state.withLock { state in
          state.running.append(plan.address.description)
          return Self.line(state)
        })
    case .finished(let result):
      let line = state.withLock { state in
        state.done += 1
        if !result.isSuccess { state.failed += 1 }
        state.running.removeAll { $0 == result.address.description }
        return Self.line(state)
      }
      let text = text(of: result)
      if !text.isEmpty { progress.print(text) }
      progress.show(line)
    }
  }

  private static func line(_ state: State) -> String {
    let failed = state.failed > 0 ? ", \(state.failed) failed" : ""
    return "[\(state.done)/\(state.total)\(failed)] " + state.running.joined(separator: "  ")
  }

  private func text(of result: TestResult) -> String {
    let terminal = Terminal.standardError
    var text = ""
    if !isQuiet || !result.isSuccess {
      let mark = result.isSuccess ? terminal.paint("✓", "32") : terminal.paint("✗", "31")
      let name = result.address.description
      let space = String(repeating: " ", count: max(0, min(width, 80) - name.count))
      var time = result.isCached ? "cached" : TestReport.seconds(result.seconds) + " s"
      if result.attempts > 1 { time += " at attempt \(result.attempts)" }
      text += "\(mark) \(name)\(space)  \(time)  \(Self.outcome(result))\n"
    }
    let wanted =
      switch shown {
      case .all: true
      case .failed: !result.isSuccess
      case .never: false
      }
    if shown == .failed, let cause = FailureCause(result), let first = firstFile(with: cause, result) {
      text += "  \(cause.title)\n  the output is like that of \(first); --output=all shows it\n"
    } else if wanted, !result.output.isEmpty {
      let output = terminal.usesColor ? result.output : TestSession.withoutEscapes(result.output)
      text += output.hasSuffix("\n") ? output : output + "\n"
    }
    if let kept = result.keptTree, !isQuiet { text += "  kept its sandbox: \(kept)\n" }
    return text
  }

  /// The file whose output has shown the cause already; nil when this result is the first with it.
  private func firstFile(with cause: FailureCause, _ result: TestResult) -> String? {
    state.withLock { state in
      if let first = state.shownCauses[cause] { return first }
      state.shownCauses[cause] = result.address.description
      return nil
    }
  }

  /// The outcome of a file in words.
  static func outcome(_ result: TestResult) -> String {
    let counts = result.counts.text
    switch result.status {
    case .passed, .failed: return counts.isEmpty ? result.status.rawValue : counts
    case .deselected: return counts
    case .empty: return "no tests in the file"
    case .timedOut:
      return "timed out" + (result.current.map { " in \($0)" } ?? "") + (counts.isEmpty ? "" : ", " + counts)
    case .crashed:
      let how = result.signal.map { "signal \($0)" } ?? "its process ended"
      return "crashed (\(how))" + (result.current.map { " in \($0)" } ?? "")
    }
  }
}

/// The end of a run: how many, which failed, and how to run those again.
struct TestSummary {
  private let results: [TestResult]
  private let skipped: Int
  private let milliseconds: Int

  init(_ results: [TestResult], skipped: Int, milliseconds: Int) {
    self.results = results
    self.skipped = skipped
    self.milliseconds = milliseconds
  }

  /// Results with a cause of their own, and those that share one, in their order.
  private static func groups(
    _ failed: [TestResult]
  ) -> (single: [TestResult], common: [(FailureCause, [TestResult])]) {
    var byCause: [FailureCause: [TestResult]] = [:]
    var order: [FailureCause] = []
    for result in failed {
      guard let cause = FailureCause(result) else { continue }
      if byCause[cause, default: []].isEmpty { order.append(cause) }
      byCause[cause, default: []].append(result)
    }
    let single = failed.filter { result in FailureCause(result).map { byCause[$0, default: []].count == 1 } ?? true }
    let common = order.compactMap { cause -> (FailureCause, [TestResult])? in
      let results = byCause[cause, default: []]
      return results.count > 1 ? (cause, results) : nil
    }
    return (single, common)
  }

  func text(_ terminal: Terminal, rerun: String?) -> String {
    let failed = results.filter { !$0.isSuccess }
    let cached = results.filter { $0.isCached }.count
    let passed = results.count - failed.count
    var counts = TestCounts()
    for result in results { counts += result.counts }
    var parts: [String] = []
    if !failed.isEmpty { parts.append(terminal.paint("\(failed.count) failed", "1;31")) }
    if passed > 0 || failed.isEmpty {
      let passedText = "\(passed) passed" + (cached > 0 ? " (\(cached) cached)" : "")
      parts.append(failed.isEmpty ? terminal.paint(passedText, "1;32") : passedText)
    }
    if skipped > 0 { parts.append("\(skipped) with skip_tests") }
    let files = counted(results.count, "file")
    var text = ""
    let (single, common) = Self.groups(failed)
    for (cause, results) in common {
      let title = "\(results.count) files with one cause: \(cause.title)"
      text += "  \(terminal.paint("failed", "31"))  \(title)\n"
      for result in results { text += "    \(result.address)\n" }
    }
    for result in single {
      text += "  \(terminal.paint(result.status.rawValue, "31"))  \(result.address)\n"
      for failure in result.failures.prefix(10) { text += "    \(failure)\n" }
      if result.failures.count > 10 { text += "    … and \(result.failures.count - 10) more\n" }
      if result.failures.isEmpty, let current = result.current { text += "    in \(current)\n" }
    }
    text += "\(files): \(parts.joined(separator: ", "))"
    text += counts.text.isEmpty ? "" : "; tests: \(counts.text)"
    text += " in \(TestReport.seconds(Double(milliseconds) / 1000)) s\n"
    if let rerun { text += "rerun the failed tests: \(rerun)\n" }
    return text
  }
}
