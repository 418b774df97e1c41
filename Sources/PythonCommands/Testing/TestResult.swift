public import BuildFiles
public import Digests

/// The result of one test file.
public struct TestResult: Sendable {
  public enum Status: String, Sendable, CaseIterable {
    case passed
    case failed
    /// It exceeded its time limit.
    case timedOut = "timed out"
    /// Its process ended in the middle of a test.
    case crashed
    /// There are tests, but none that the arguments for pytest select.
    case deselected
    /// The file has no tests.
    case empty
  }

  public var address: Address
  /// From the workspace root.
  public var file: String
  public var status: Status
  /// Whether it comes from an earlier run of the same inputs.
  public var isCached = false
  /// Seconds of the last attempt, without set-up.
  public var seconds: Double
  public var attempts = 1
  public var counts: TestCounts
  /// The tests that failed, as pytest names them.
  public var failures: [String] = []
  /// The test that ran when its process ended or was ended.
  public var current: String?
  /// The signal that ended its process.
  public var signal: Int?
  /// Its output.
  public var output: String
  /// Its report in JUnit's form.
  public var report: String
  /// Its coverage data, in the content store.
  public var coverage: SHA256Digest?
  /// The path of its kept sandbox.
  public var keptTree: String?

  /// Whether nothing failed.
  public var isSuccess: Bool { status == .passed || status == .deselected }
}

/// The number of tests per outcome, in pytest's terms.
public struct TestCounts: Sendable, Hashable {
  public var passed = 0
  public var failed = 0
  public var errors = 0
  public var skipped = 0
  public var xfailed = 0
  public var xpassed = 0
  public var deselected = 0

  public init() {}

  /// Their names and indexes, in the order of output.
  static let names: [(name: String, path: any WritableKeyPath<TestCounts, Int> & Sendable)] = [
    ("failed", \.failed), ("errors", \.errors), ("passed", \.passed), ("skipped", \.skipped), ("xfailed", \.xfailed),
    ("xpassed", \.xpassed), ("deselected", \.deselected),
  ]

  public static func += (left: inout TestCounts, right: TestCounts) {
    for (_, path) in names { left[keyPath: path] += right[keyPath: path] }
  }

  /// Those that are not 0, by name.
  public var named: [(name: String, count: Int)] {
    Self.names.map { ($0.name, self[keyPath: $0.path]) }.filter { $0.1 > 0 }
  }

  /// The number of tests that were run.
  public var run: Int { passed + failed + errors + xfailed + xpassed }

  /// For people: `1 failed, 5 passed`; empty when there are none.
  public var text: String {
    named.map { name, count in "\(count) \(name == "errors" && count == 1 ? "error" : name)" }.joined(separator: ", ")
  }
}
