internal import Workspace

/// How a tool is called.
struct ToolCall {
  enum Mode {
    /// Says what is wrong, and changes nothing.
    case report
    /// Changes the files, which are copies.
    case fix
  }

  var mode: Mode
  var options: WorkspaceConfiguration.Linting.Tool
  /// The file of the option `config`, absolute.
  var configuration: String?
  /// Whether nothing of the workspace configures the tool: no other file of this machine is to do so.
  var isIsolated: Bool
  /// The lowest Python of the files, as `py311`, where their configuration does not say it.
  var pythonVersion: String?
}

extension ToolStep {
  /// The program, as the environment's `bin` names it.
  var program: String { tool.rawValue }

  /// The arguments before the files.
  func arguments(_ call: ToolCall) -> [String] {
    let own = call.options.arguments
    let fixes = call.mode == .fix
    func configured(_ option: String) -> [String] { call.configuration.map { [option, $0] } ?? [] }
    switch self {
    case .ruffFormat, .ruffCheck:
      var arguments = self == .ruffFormat ? ["format"] : ["check"]
      arguments += own + ["--no-cache", "--force-exclude"] + configured("--config")
      if call.isIsolated, call.configuration == nil { arguments.append("--isolated") }
      if let version = call.pythonVersion { arguments += ["--target-version", version] }
      if self == .ruffFormat { return arguments + (fixes ? [] : ["--check"]) + ["--"] }
      return arguments + (fixes ? ["--fix-only"] : ["--no-fix", "--output-format", "json"]) + ["--quiet", "--"]
    case .black:
      return own + ["--workers", "1", "--no-color"] + configured("--config") + (fixes ? ["--quiet"] : ["--check"])
        + ["--"]
    case .isort: return own + configured("--settings-file") + (fixes ? ["--quiet"] : ["--check-only"]) + ["--"]
    case .docformatter: return own + configured("--config") + (fixes ? ["--in-place"] : ["--check"]) + ["--"]
    case .shfmt: return own + (fixes ? ["-w"] : ["-l"]) + ["--"]
    case .flake8:
      return own + ["-j", "1", "--color", "never", "--format", "%(path)s:%(row)d:%(col)d: %(code)s %(text)s"]
        + configured("--config") + ["--"]
    case .pylint: return own + ["-j", "1", "--output-format", "json"] + configured("--rcfile") + ["--"]
    case .bandit: return own + ["--format", "json", "--quiet"] + configured("--configfile") + ["--"]
    case .shellcheck: return own + ["--format", "json1"] + configured("--rcfile") + ["--"]
    case .mypy:
      return own + [
        "--no-pretty", "--no-color-output", "--no-error-summary", "--show-column-numbers", "--show-error-codes",
        "--hide-error-context", "--namespace-packages", "--explicit-package-bases",
      ] + configured("--config-file")
    case .pyright, .basedpyright: return own + ["--outputjson"] + configured("--project")
    // Not a program.
    case .buildFiles: return []
    }
  }

  /// Whether a crash has the exit code of findings. Pylint and bandit go on after one, and report it.
  var hidesCrashes: Bool { [.docformatter, .isort, .black, .flake8, .mypy].contains(self) }

  /// The exit codes with which the tool has done its work.
  func isExpected(exit code: Int32) -> Bool {
    switch self {
    case .ruffFormat: [0, 1, 2].contains(code)
    case .ruffCheck, .flake8, .bandit, .isort, .shfmt, .pyright, .basedpyright: [0, 1].contains(code)
    case .shellcheck: [0, 1, 2].contains(code)
    case .black: [0, 1, 123].contains(code)
    case .docformatter: [0, 1, 3].contains(code)
    // Bits for the kinds of messages; 32 is wrong usage.
    case .pylint: (0..<32).contains(code)
    // 2 is a syntax error, which is told as a finding.
    case .mypy: [0, 1, 2].contains(code)
    case .buildFiles: false
    }
  }
}
