public import Diagnostics
public import SystemSupport

/// The errors of an action.
public enum ActionError: DiagnosableError, Hashable {
  /// The program could not be started at all.
  case notStarted(action: String, SystemCallError)
  /// It ended otherwise than with exit code 0.
  case failed(
    action: String, Subprocess.Termination, seconds: Int?, output: String, errorOutput: String, sandbox: FilePath?)
  /// It did not create its declared outputs.
  case missingOutputs(action: String, [String], made: [String], output: String, errorOutput: String)
  /// A file of the workspace was changed while the action ran.
  case inputChanged(action: String, path: FilePath)
  /// The caller has cancelled it.
  case cancelled

  public var diagnostic: Diagnostic {
    switch self {
    case .notStarted(let action, let error):
      Diagnostic(
        .environment, "cannot start the command of \"\(action)\"", notes: [error.description],
        remedies: ["check that its program exists and is executable"])
    case .failed(let action, let termination, let seconds, let output, let errorOutput, let sandbox):
      Diagnostic(
        .work, "the command of \"\(action)\" \(Self.text(termination, seconds))",
        notes: Self.notes(output, errorOutput),
        remedies: [
          sandbox.map { "run `\($0)/__run.sh` to run it again in its sandbox" }
            ?? "add `--keep-sandboxes=on_failure` to keep its sandbox, with a script that reruns it"
        ])
    case .missingOutputs(let action, let missing, let made, let output, let errorOutput):
      Diagnostic(
        .work, "the command of \"\(action)\" did not create \(missing.map { "\"\($0)\"" }.joined(separator: ", "))",
        notes: [made.isEmpty ? "it created no files" : "it created " + made.prefix(20).joined(separator: ", ")]
          + Self.notes(output, errorOutput),
        remedies: ["name its outputs, relative to its working directory, in output_files or output_directories"])
    case .inputChanged(let action, let path):
      Diagnostic(
        .work, "\"\(path)\" was changed while \"\(action)\" was built from it",
        notes: ["the result was not cached: it may mix both versions of the file"],
        remedies: ["run the command again"])
    case .cancelled: Diagnostic(.work, "interrupted")
    }
  }

  private static func text(_ termination: Subprocess.Termination, _ seconds: Int?) -> String {
    switch termination {
    case .exited(let code): "failed with exit code \(code)"
    case .signaled(let signal): "was ended by signal \(signal)"
    case .timedOut: "took longer than its timeout" + (seconds.map { " of \($0) s" } ?? "")
    }
  }

  private static func notes(_ output: String, _ errorOutput: String) -> [String] {
    var notes: [String] = []
    if !output.isEmpty { notes.append("standard output:\n" + output) }
    if !errorOutput.isEmpty { notes.append("standard error:\n" + errorOutput) }
    return notes.isEmpty ? ["it wrote nothing"] : notes
  }
}
