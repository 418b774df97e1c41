internal import BuildFiles
internal import MarkupText
public import SystemSupport

/// Reports in JUnit's form: one file a test file, as CI servers read them.
public enum TestReport {
  /// Writes the report of each result into a directory, whose older reports are replaced.
  ///
  /// - Returns: the number of files.
  public static func write(_ results: [TestResult], to folder: FilePath) throws(SystemCallError) -> Int {
    try FileSystem.createDirectories(folder)
    for result in results {
      let name = TestRunner.fileName(result.address.description.map { ":@# ".contains($0) ? "." : "\($0)" }.joined())
      try FileSystem.write(text: result.report, to: folder.appending(name + ".xml"))
    }
    return results.count
  }

  /// A report of a file whose own was never written, with the test that ran last.
  static func replacement(for result: TestResult) -> String {
    let name = result.current.map { $0.split(separator: "::").last.map(String.init) ?? $0 } ?? "the file"
    let suite = result.file.split(separator: "/").joined(separator: ".")
    let module = suite.hasSuffix(".py") ? String(suite.dropLast(3)) : suite
    let message =
      result.status == .timedOut ? "timed out after \(seconds(result.seconds)) s" : "the process ended before the test"
    return """
      <?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="1" failures="0" skipped="0" \
      tests="1" time="\(seconds(result.seconds))"><testcase classname="\(MarkupText.attribute(module))" name="\(MarkupText.attribute(name))" \
      time="\(seconds(result.seconds))"><error message="\(MarkupText.attribute(message))">\(MarkupText.content(result.output))</error>\
      </testcase></testsuite></testsuites>

      """
  }

  /// With two digits after the point.
  public static func seconds(_ seconds: Double) -> String {
    let hundredths = Int((seconds * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}
