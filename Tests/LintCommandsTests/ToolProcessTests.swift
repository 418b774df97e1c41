import Diagnostics
import SystemSupport
import Testing

@testable import LintCommands

/// Tools that do not do what they should: shell scripts in the place of ruff.
@Suite struct ToolProcessTests {
  private func run(_ script: String, step: ToolStep = .ruffCheck, timeout: Int = 60_000) throws -> [Finding] {
    let folder = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-tool"))
    defer { try? FileSystem.removeTree(folder) }
    // Not as a program itself: a process that another test starts meanwhile could still have it open for writing.
    let program = folder.appending("tool")
    try FileSystem.write(text: script + "\n", to: program)
    return try ToolProcess(
      step: step, program: "/bin/sh", arguments: [program.string], files: ["lib/a.py"], root: folder, directory: "",
      environment: ["PATH=/usr/bin:/bin"], timeoutMilliseconds: timeout
    ).run()
  }

  private func failure(_ script: String, step: ToolStep = .ruffCheck, timeout: Int = 60_000) throws -> Diagnostic {
    do {
      let findings = try run(script, step: step, timeout: timeout)
      Issue.record("it found \(findings)")
      return Diagnostic(.defect, "")
    } catch let diagnostic as Diagnostic {
      return diagnostic
    }
  }

  @Test("A crash, a timeout, garbage and wrong usage each say what happened and what to do")
  func failures() throws {
    let crash = try failure("echo oh >&2; kill -SEGV $$")
    #expect(crash.summary == "ruff-check crashed with signal 11" && crash.notes.contains("oh"), "\(crash)")
    let hang = try failure("sleep 600", timeout: 200)
    #expect(hang.summary.hasPrefix("ruff-check did not end within") && hang.remedies[0].contains("`timeout`"))
    let garbage = try failure("echo '[{'")
    #expect(garbage.summary.hasPrefix("cannot read the report of ruff-check: "), "\(garbage)")
    let usage = try failure("echo 'unknown option' >&2; exit 2")
    #expect(usage.summary == "ruff-check failed with exit code 2" && usage.notes.contains("unknown option"))
    let silent = try failure("exit 1", step: .mypy)
    #expect(silent.summary == "mypy ended with exit code 1 and no findings")
    // A tool that crashed on the second file says nothing of it.
    let partly = try failure(
      "echo 'lib/a.py:1:1: F401 unused'; echo 'Traceback (most recent call last):' >&2; echo 'KeyError: 1' >&2; exit 1",
      step: .flake8)
    #expect(partly.summary == "flake8 crashed" && partly.notes.contains("KeyError: 1"), "\(partly)")
    for diagnostic in [crash, hang, garbage, usage, silent, partly] { #expect(!diagnostic.remedies.isEmpty) }
  }

  @Test("A program that does not exist is a shortage of the machine")
  func missing() throws {
    let process = ToolProcess(
      step: .black, program: "/nonexistent/black", arguments: [], files: ["a.py"], root: "/tmp", directory: "",
      environment: [], timeoutMilliseconds: 1000)
    #expect {
      try process.run()
    } throws: { error in
      (error as? Diagnostic)?.blame == .environment
    }
  }

  @Test(
    "Reports of each tool become findings with place and rule",
    arguments: [
      (ToolStep.flake8, "echo './lib/a.py:3:8: F401 unused'; exit 1", Optional(3), Optional(8), "F401"),
      (.mypy, "echo 'lib/a.py:5:12: error: Bad thing  [return-value]'; exit 1", 5, 12, "return-value"),
      (.ruffFormat, "echo 'Would reformat: lib/a.py'; exit 1", nil, nil, "format"),
      (.ruffFormat, "echo 'lib/a.py:2:1: unformatted: File would be reformatted'; exit 1", nil, nil, "format"),
      (.black, "echo 'would reformat lib/a.py' >&2; exit 1", nil, nil, "format"),
      (
        .isort, "echo \"ERROR: $PWD/lib/a.py Imports are incorrectly sorted and/or formatted.\" >&2; exit 1", nil, nil,
        "format"
      ),
      (.docformatter, "echo lib/a.py >&2; exit 3", nil, nil, "format"),
      (.shfmt, "echo lib/a.py; exit 1", nil, nil, "format"),
      (
        .pylint,
        "echo '[{\"path\":\"lib/a.py\",\"line\":1,\"column\":0,\"symbol\":\"missing\",\"message\":\"m\",\"type\":\"error\"}]'; exit 2",
        1, 1, "missing"
      ),
      (
        .bandit,
        "echo '{\"errors\":[],\"results\":[{\"filename\":\"lib/a.py\",\"line_number\":2,\"issue_text\":\"t\",\"test_id\":\"B101\"}]}'; exit 1",
        2, nil, "B101"
      ),
      (
        .shellcheck,
        "echo '{\"comments\":[{\"file\":\"lib/a.py\",\"line\":2,\"column\":3,\"code\":2006,\"message\":\"m\",\"level\":\"style\"}]}'; exit 1",
        2, 3, "SC2006"
      ),
      (
        .basedpyright,
        "echo '{\"generalDiagnostics\":[{\"file\":\"lib/a.py\",\"severity\":\"error\",\"message\":\"m\",\"range\":{\"start\":{\"line\":4,\"character\":11}},\"rule\":\"r\"}]}'; exit 1",
        5, 12, "r"
      ),
    ])
  func reports(_ step: ToolStep, _ script: String, _ line: Int?, _ column: Int?, _ rule: String) throws {
    let found = try run(script, step: step)
    #expect(found.count == 1, "\(found)")
    let finding = try #require(found.first)
    #expect(finding.path == "lib/a.py" && finding.rule == rule, "\(finding)")
    #expect(finding.line == line && finding.column == column, "\(finding)")
  }
}
