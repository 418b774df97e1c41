extension WorkspaceConfiguration {
  /// `[test]`: what holds for all test runs where the command line does not say otherwise.
  public struct Testing: Sendable, Hashable {
    /// Variables: `NAME=value`, `NAME`, `NAME*`.
    public var extraEnvironment: [String] = []
    /// Seconds for files whose target names none.
    public var timeoutDefault: Int?
    /// No file gets more.
    public var timeoutMaximum: Int?
    /// How often a file is tried until it passes.
    public var attempts: Int?
    /// What pytest gets before the arguments of the command line.
    public var pytestArguments: [String] = []
    /// Packages of the lockfile that all tests have: plugins of pytest.
    public var pytestPlugins: [String] = []
    /// Whether a plugin that a lockfile does not have is an error. Of a `pants.toml` it is not: there, plugins may come
    /// from a resolve of their own.
    public var requiresPlugins = true
    /// The resolve that pytest and its plugins come from (Pants' `install_from_resolve`): those of ``pytestPlugins``, or all
    /// of it where there are none. Nil where they come from the resolve of each test.
    public var pytestResolve: String?
    /// The file that pytest is configured by, from the workspace root.
    public var pytestConfiguration: String?
    /// Whether the files at the root that configure pytest are seen.
    public var findsPytestConfiguration = true
    /// Whether test files are held to their time limits.
    public var hasTimeouts = true
    /// Whether coverage is measured, in which forms it is reported, and below which share, in per cent, a run fails.
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
    // Of "pytest-cov!=2.12.1,>=2.12" the name is what counts: versions are those of the lock.
    // An address of a target of one requirement ends in its name: "//3rdparty:reqs#pytest-cov".
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
