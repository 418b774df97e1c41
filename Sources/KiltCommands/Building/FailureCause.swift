internal import PythonCommands

/// An error that kept the tests of a file from running: a missing module, a missing setting, a broken fixture.
///
/// Many files have such an error in common, with tracebacks that differ only in their own name.
struct FailureCause: Hashable {
  /// The error as Python prints it, such as `KeyError: 'SHOP_SECRET'`; several lines for several errors.
  let text: String

  /// Nil when the file passed, or when a test failed by an assertion of its own: then each output tells more.
  init?(_ result: TestResult) {
    guard !result.isSuccess, result.status != .timedOut, result.counts.failed == 0 else { return nil }
    // pytest marks the lines of an error with "E" and three spaces.
    let lines = TestSession.withoutEscapes(result.output).split(separator: "\n").filter { $0.hasPrefix("E   ") }
      .map { $0.dropFirst(4).drop { $0 == " " } }
    guard !lines.isEmpty else { return nil }
    // A fixture fails for each test that uses it.
    var seen: Set<Substring> = []
    text = lines.filter { seen.insert($0).inserted }.joined(separator: "\n")
  }

  /// The line that says most in a list: an exception's own line is the last one of it.
  var title: String { text.split(separator: "\n").last.map(String.init) ?? text }
}
