public import Actions

/// How tests are run.
public struct TestOptions: Sendable {
  /// What pytest gets besides the file.
  public var arguments: [String] = []
  public var plugins = TestPlugins()
  /// Files at a time.
  public var jobs = 1
  /// Runs what is known to pass as well.
  public var force = false
  public var usesCoverage = false
  /// Whether files have a time limit at all.
  public var hasTimeouts = true
  /// Seconds for files whose target names none; nil means no limit.
  public var timeoutDefault: Int?
  /// No file gets more seconds than this.
  public var timeoutMaximum: Int?
  /// How often a file is tried until it passes.
  public var attempts = 1
  /// Variables for all tests: `NAME=value`, `NAME` or `NAME*` for what Kilt itself has.
  public var environment: [String] = []
  /// Whether output may hold ANSI colours.
  public var usesColor = false
  /// Whose sandboxes stay after the run, to be looked at.
  public var keptSandboxes = SandboxRetention.never

  public init() {}

  /// The limit of a test in seconds; nil for none.
  func timeout(of plan: TestPlan) -> Int? { timeout(ofField: plan.timeout) }

  func timeout(ofField field: Int?) -> Int? {
    guard hasTimeouts, let seconds = field ?? timeoutDefault else { return nil }
    return timeoutMaximum.map { min($0, seconds) } ?? seconds
  }
}

/// Plugins of pytest that all tests have, whatever they depend on.
public struct TestPlugins: Sendable {
  /// The names of their packages, which the lockfile of a test's resolve has.
  public var names: [String]
  /// Whether one that a lockfile does not have is an error.
  public var areRequired: Bool

  /// The lockfile that pytest and they come from; nil for that of each test's resolve.
  public var lockfile: String?

  public init(names: [String] = [], areRequired: Bool = true, lockfile: String? = nil) {
    self.names = names
    self.lockfile = lockfile
    self.areRequired = areRequired
  }
}
