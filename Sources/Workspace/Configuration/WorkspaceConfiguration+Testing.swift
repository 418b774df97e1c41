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
  }

  mutating func readTesting(kiltFile file: ConfigurationFile) throws {
    let table = try TableReader(file, "test")
    try readTesting(table)
    testing.pytestArguments = try table.strings("pytest_args") ?? []
    try table.finish()
  }

  mutating func readTesting(pantsFile file: ConfigurationFile) throws {
    try readTesting(try TableReader(file, "test"))
    // Pants splits each as a shell does; quotes are rare enough to be left to kilt.toml.
    let arguments = try TableReader(file, "pytest").strings("args") ?? []
    testing.pytestArguments = arguments.flatMap { $0.split(separator: " ").map(String.init) }
  }

  private mutating func readTesting(_ table: TableReader) throws {
    testing.extraEnvironment = try table.strings("extra_env_vars") ?? []
    testing.timeoutDefault = try table.int("timeout_default")
    testing.timeoutMaximum = try table.int("timeout_maximum")
    testing.attempts = try table.int("attempts_default")
  }
}
