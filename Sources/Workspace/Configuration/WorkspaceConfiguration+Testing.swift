extension WorkspaceConfiguration {
  /// `[test]`: settings for all test runs that the command line does not override.
  public struct Testing: Sendable, Hashable {
    /// Variables: `NAME=value`, `NAME`, `NAME*`.
    public var extraEnvironment: [String] = []
    /// Seconds for files whose target names none.
    public var timeoutDefault: Int?
    /// No file gets more.
    public var timeoutMaximum: Int?
    /// The maximum number of attempts of a file.
    public var attempts: Int?
    /// The arguments for pytest before the arguments of the command line.
    public var pytestArguments: [String] = []
    /// Packages of the lockfile that all tests have: plugins of pytest.
    public var pytestPlugins: [String] = []
    /// Whether a plugin that a lockfile does not have is an error. It is not an error with a `pants.toml`: there,
    /// plugins can come from a separate resolve.
    public var requiresPlugins = true
    /// The resolve of pytest and its plugins (Pants' `install_from_resolve`): the packages of ``pytestPlugins``, or the
    /// whole resolve if there are none. Nil if they come from the resolve of each test.
    public var pytestResolve: String?
    /// The file that pytest is configured by, from the workspace root.
    public var pytestConfiguration: String?
    /// Whether tests see the files at the root that configure pytest.
    public var findsPytestConfiguration = true
    /// Whether time limits apply to test files.
    public var hasTimeouts = true
    /// Whether coverage is measured, the forms of its report, and the percentage below which a run fails.
    public var usesCoverage = false
    public var coverageReports: [String] = []
    public var coverageFailUnder: Double?
  }

  mutating func readTesting(kiltFile file: ConfigurationFile) throws {
    let table = try TableReader(file, "test")
    try readTesting(table)
    testing.pytestArguments = try table.strings("pytest_args") ?? []
    testing.pytestPlugins = try table.strings("pytest_plugins") ?? []
    try table.finish()
  }

  mutating func readTesting(pantsFile file: ConfigurationFile) throws {
    try readTesting(try TableReader(file, "test"))
    let table = try TableReader(file, "pytest")
    let arguments = try table.strings("args") ?? []
    testing.pytestArguments = arguments.flatMap { ShellWords.split(file.interpolated($0, in: "pytest")) }
    testing.pytestConfiguration = try table.string("config").map { text in
      try file.inside(file.interpolated(text, in: "pytest"), table: "pytest", key: "config")
    }
    testing.findsPytestConfiguration = try table.bool("config_discovery") ?? true
    let test = try TableReader(file, "test")
    testing.hasTimeouts = try test.bool("timeouts") ?? true
    testing.usesCoverage = try test.bool("use_coverage") ?? false
    let coverage = try TableReader(file, "coverage-py")
    testing.coverageReports = try coverage.strings("report", default: [])
    testing.coverageFailUnder = try coverage.number("fail_under")
    let requirements = try (table.strings("requirements") ?? []) + (table.strings("extra_requirements") ?? [])
    // Of "pytest-cov!=2.12.1,>=2.12" only the name counts: versions come from the lockfile. An address of a target of
    // one requirement ends in its name: "//3rdparty:reqs#pytest-cov".
    let names = requirements.map { text in
      let name =
        text.hasPrefix("//")
        ? text[(text.lastIndex { "#:/".contains($0) } ?? text.startIndex)...].dropFirst() : text[...]
      return String(name.prefix { $0.isLetter || $0.isNumber || "-_.".contains($0) })
    }
    testing.pytestPlugins = names.filter { !$0.isEmpty && $0 != "pytest" }
    testing.requiresPlugins = false
    testing.pytestResolve = try table.string("install_from_resolve")
  }

  private mutating func readTesting(_ table: TableReader) throws {
    testing.extraEnvironment = try table.strings("extra_env_vars") ?? []
    testing.timeoutDefault = try table.int("timeout_default")
    testing.timeoutMaximum = try table.int("timeout_maximum")
    testing.attempts = try table.int("attempts_default")
  }
}
