internal import PythonEnvironments
internal import SystemSupport

/// The variables that tools see: the locale, and nothing by which a user's own settings would change results.
enum ToolEnvironment {
  /// The variables of a tool that are the same in every run.
  ///
  /// - Parameter sources: directories that imports start at.
  static func variables(
    _ environment: PythonEnvironment, sources: [FilePath] = [], further: [String: String] = [:]
  ) -> [String] {
    var variables = [
      "PATH": environment.scripts.string + ":/usr/local/bin:/usr/bin:/bin",
      "TMPDIR": environmentVariable("TMPDIR") ?? "/tmp", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
      "PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "NO_COLOR": "1",
      "RUFF_OUTPUT_FORMAT": "concise", "VIRTUAL_ENV": environment.path.string,
    ]
    if !sources.isEmpty { variables["PYTHONPATH"] = sources.map(\.string).joined(separator: ":") }
    variables.merge(further) { _, new in new }
    return variables.map { "\($0.key)=\($0.value)" }.sorted()
  }

  /// The variables of one run.
  ///
  /// - Parameter home: an empty directory, in the place of the user's.
  static func complete(_ variables: [String], home: FilePath) -> [String] {
    variables + [
      "HOME=\(home)", "XDG_CONFIG_HOME=\(home.appending("config"))", "XDG_CACHE_HOME=\(home.appending("cache"))",
    ]
  }
}
