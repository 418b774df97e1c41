public import BuildFiles
public import Digests

/// Why a test file would be run now, or why it would not.
public struct TestExplanation: Sendable {
  public var address: Address
  /// What its result depends on, now.
  public var inputs: InputList
  /// Whether a result of these inputs is known.
  public var isKnown: Bool

  /// The namespace of the records that hold results, whose keys are the digests of ``inputs``.
  public static var recordNamespace: String { TestRecord.namespace }
}
