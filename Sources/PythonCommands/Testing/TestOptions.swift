public import Actions

/// Options for running tests.
public struct TestOptions: Sendable {
  /// The arguments for pytest besides the file.
  public var arguments: [String] = []
  public var plugins = TestPlugins()
  /// Files at a time.
  public var jobs = 1
  /// Runs files with a cached pass as well.
  public var force = false
  public var usesCoverage = false
  /// Whether files have a time limit.
  public var hasTimeouts = true
  /// Seconds for files whose target names none; nil means no limit.
  public var timeoutDefault: Int?
  /// No file gets more seconds than this.
  public var timeoutMaximum: Int?
  /// The maximum number of attempts of a file.
  public var attempts = 1
  /// Variables for all tests: `NAME=value`, `NAME` or `NAME*` for values of Kilt's own environment.
  public var environment: [String] = []
  /// Whether output can contain ANSI colors.
  public var usesColor = false
  /// The files whose sandboxes stay after the run, for inspection.
  public var keptSandboxes = SandboxRetention.never

  public init() {}

  /// The limit of a test in seconds; nil for none.
  func timeout(of plan: TestPlan) -> Int? { timeout(ofField: plan.timeout) }

  func timeout(ofField field: Int?) -> Int? {
    guard hasTimeouts, let seconds = field ?? timeoutDefault else { return nil }
    return timeoutMaximum.map { min($0, seconds) } ?? seconds
  }
}

/// Plugins of pytest that all tests have, regardless of their dependencies.
public struct TestPlugins: Sendable {
  /// The names of their packages, which the lockfile of a test's resolve has.
  public var names: [String]
  /// Whether a plugin that a lockfile does not have is an error.
  public var areRequired: Bool

  /// The lockfile of pytest and the plugins; nil for the lockfile of each test's resolve.
  public var lockfile: String?

  public init(names: [String] = [], areRequired: Bool = true, lockfile: String? = nil) {
    self.names = names
    self.lockfile = lockfile
    self.areRequired = areRequired
  }
}
