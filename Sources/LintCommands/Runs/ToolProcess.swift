internal import BuildFiles
internal import Diagnostics
internal import SystemSupport

/// One call of a tool with some files.
struct ToolProcess: Sendable {
  var step: ToolStep
  var program: FilePath
  var arguments: [String]
  /// From ``root``.
  var files: [String]
  /// The top of the tree that has the files: the workspace, or a copy.
  var root: FilePath
  /// The directory to run in, from ``root``.
  var directory: String
  var environment: [String]
  var timeoutMilliseconds: Int

  /// What the tool found.
  ///
  /// - Parameter cancellation: ends it from another thread.
  /// - Throws: `Diagnostic`: it crashed, hung, or wrote something that is not its report.
  func run(_ cancellation: ProcessCancellation? = nil) throws -> [Finding] {
    let folder = directory.isEmpty ? root : root.appending(directory)
    let outcome: Subprocess.Outcome
    do throws(SystemCallError) {
      outcome = try command(in: folder).run(cancellation: cancellation)
    } catch {
      throw notStarted(error)
    }
    try checkEnd(of: outcome)
    // Python tools write what they have, and end as if they had found something.
    let complaints = outcome.errorText.split(whereSeparator: \.isNewline)
    let isCrash = complaints.contains { line in
      line.hasPrefix("Traceback (most recent call last)") || line.contains(": error: INTERNAL ERROR")
    }
    if isCrash, step.hidesCrashes {
      throw failure("\(step.rawValue) crashed", outcome, remedy: crashRemedy)
    }
    let findings: [Finding]
    do {
      findings = try ToolOutput(step: step, outcome: outcome, directory: folder, root: root).findings()
    } catch let error as ToolOutput.Garbage {
      throw failure("cannot read the report of \(step.rawValue): \(error.reason)", outcome, remedy: crashRemedy)
    }
    let notes = missingPlugin(outcome, findings)
    if !notes.isEmpty {
      throw Diagnostic(
        .work, "\(step.rawValue) cannot import a plug-in", notes: notes,
        remedies: [
          "add its package to `requirements` under [lint.\(step.tool.rawValue)], "
            + "such as requirements = [\"pydantic==2.12.0\"]",
          "or add \(step.tool.package) to the resolve that has the package, and run `kilt lock`",
        ])
    }
    // A tool that says it has found something, and of which nothing is understood, was not understood.
    if findings.isEmpty, case .exited(let code) = outcome.termination, code != 0, step != .docformatter {
      throw failure("\(step.rawValue) ended with exit code \(code) and no findings", outcome, remedy: badUsageRemedy)
    }
    return findings
  }

  /// What the tool says of a plug-in that is not there; empty where it says nothing of that.
  private func missingPlugin(_ outcome: Subprocess.Outcome, _ findings: [Finding]) -> [String] {
    let said = (outcome.errorText + "\n" + outcome.text).split(whereSeparator: \.isNewline)
    switch step {
    case .mypy: return said.filter { $0.contains("Error importing plugin") }.prefix(1).map { PlainText.line($0) }
    case .pylint: return findings.filter { $0.rule == "bad-plugin-value" }.map { PlainText.line($0.message) }
    case .flake8:
      guard said.contains(where: { $0.contains("plugins were not installed") || $0.contains("Failed to load plugin") })
      else { return [] }
      return said.suffix(4).map { PlainText.line($0.prefix(400)) }
    default: return []
    }
  }

  func command(in folder: FilePath) -> Subprocess {
    Subprocess(
      program.string, arguments + files.map { argument($0) }, environment: environment, workingDirectory: folder,
      deadlineMilliseconds: timeoutMilliseconds)
  }

  func notStarted(_ error: SystemCallError) -> Diagnostic {
    Diagnostic(
      .environment, "cannot start \(step.rawValue): \(error.errno)", notes: ["program: \(program)"],
      remedies: ["run `kilt cache verify`, which removes what is damaged"])
  }

  /// Throws for an end that is not that of work done.
  func checkEnd(of outcome: Subprocess.Outcome) throws {
    switch outcome.termination {
    case .exited(let code) where step.isExpected(exit: code): break
    case .exited(let code):
      throw failure("\(step.rawValue) failed with exit code \(code)", outcome, remedy: badUsageRemedy)
    case .signaled(let signal):
      throw failure("\(step.rawValue) crashed with signal \(signal)", outcome, remedy: crashRemedy)
    case .timedOut:
      throw failure(
        "\(step.rawValue) did not end within \(timeoutMilliseconds / 1000) s", outcome,
        remedy: "set `timeout` under [lint] to a higher number of seconds, or leave the file out with a skip field")
    }
  }

  /// A file as an argument: seen from the tool's directory, and no option.
  private func argument(_ path: String) -> String {
    let relative = Paths.relative(path, to: directory)
    return relative.hasPrefix("-") || relative.hasPrefix("@") ? "./" + relative : relative
  }

  private var badUsageRemedy: String {
    "correct the tool's configuration, or `args` under [lint.\(step.tool.rawValue)]; plug-ins belong in `requirements` there"
  }

  private var crashRemedy: String {
    "set another `version` under [lint.\(step.tool.rawValue)], or run the other tools with --only"
  }

  private func failure(_ summary: String, _ outcome: Subprocess.Outcome, remedy: String) -> Diagnostic {
    let said = (outcome.errorText.isEmpty ? outcome.text : outcome.errorText).split(whereSeparator: \.isNewline)
    let notes = said.suffix(6).map { PlainText.line($0.prefix(400)) }
    let subject = files.count == 1 ? ["file: \(PlainText.line(files[0]))"] : ["files: \(files.count)"]
    return Diagnostic(.work, summary, notes: subject + notes, remedies: [remedy])
  }
}
