/// One thing that a tool does: most tools do one, ruff formats and lints. In the order in which they run.
public enum ToolStep: String, CaseIterable, Sendable, Hashable {
  case docformatter, isort, black
  case ruffFormat = "ruff-format"
  case shfmt
  case ruffCheck = "ruff-check"
  case flake8, pylint, bandit, shellcheck, mypy, pyright, basedpyright
  /// What Kilt itself says of BUILD files.
  case buildFiles = "build-files"

  /// Which command runs it.
  public enum Role: Sendable, Hashable { case format, lint, types, buildFiles }

  /// The program.
  public var tool: CodeTool {
    switch self {
    case .ruffFormat, .ruffCheck, .buildFiles: .ruff
    case .docformatter: .docformatter
    case .isort: .isort
    case .black: .black
    case .shfmt: .shfmt
    case .flake8: .flake8
    case .pylint: .pylint
    case .bandit: .bandit
    case .shellcheck: .shellcheck
    case .mypy: .mypy
    case .pyright: .pyright
    case .basedpyright: .basedpyright
    }
  }

  /// Which command runs it.
  public var role: Role {
    switch self {
    case .docformatter, .isort, .black, .ruffFormat, .shfmt: .format
    case .ruffCheck, .flake8, .pylint, .bandit, .shellcheck: .lint
    case .mypy, .pyright, .basedpyright: .types
    case .buildFiles: .buildFiles
    }
  }

  /// Whether it can change files so that its findings go away.
  public var canFix: Bool { role == .format || self == .ruffCheck }

  /// The fields of targets that leave their files out.
  var skipFields: [String] {
    switch self {
    case .ruffFormat: ["skip_ruff_format", "skip_ruff"]
    case .ruffCheck: ["skip_ruff_check", "skip_ruff", "skip_lint"]
    case .basedpyright: ["skip_pyright"]
    case .buildFiles: []
    case .flake8, .pylint, .bandit, .shellcheck: ["skip_\(rawValue)", "skip_lint"]
    default: ["skip_\(rawValue)"]
    }
  }

  /// The steps of a name: of a tool, or of one step.
  public static func named(_ name: String) -> [ToolStep] {
    allCases.filter { $0.role != .buildFiles && ($0.rawValue == name || $0.tool.rawValue == name) }
  }
}
