public import Diagnostics

/// What came of a run of tools.
public struct CodeReport: Sendable {
  /// What one step did.
  public struct Step: Sendable {
    public var step: ToolStep
    /// The versions that ran, or would have: several where resolves have several.
    public var versions: [String] = []
    /// The number of files that it is for.
    public var files = 0
    /// How many of these had a result already.
    public var cached = 0
    /// The number of files that it changed.
    public var changed = 0

    /// A step that has done nothing yet.
    public init(step: ToolStep, files: Int = 0) {
      self.step = step
      self.files = files
    }
  }

  /// A tool that could not do its work.
  public struct Failure: Sendable {
    public var step: ToolStep
    public var diagnostic: Diagnostic
  }

  public var steps: [Step] = []
  /// By file and place.
  public var findings: [Finding] = []
  public var failures: [Failure] = []
  /// The files that were changed, from the workspace root.
  public var changed: [String] = []
  /// The number of files that any step is for.
  public var files = 0
  /// Whether everything was read, so that an equal workspace gives the same report.
  public var isRepeatable = true

  /// An empty report.
  public init() {}

  /// Whether nothing is to be done: no errors, no warnings, no failures.
  public var isClean: Bool { failures.isEmpty && !findings.contains { $0.severity != .note } }
}
