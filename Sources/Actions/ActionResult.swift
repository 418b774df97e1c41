public import ContentStore
internal import Digests
public import JSON

/// What an action left: what the Remote Execution API calls an `ActionResult`.
public struct ActionResult: Sendable, Hashable {
  /// The outputs: the root of a tree.
  public var outputs: BlobReference
  /// What it wrote to standard output and to standard error.
  public var standardOutput: BlobReference
  public var standardError: BlobReference
  /// How long it took.
  public var milliseconds: Int64

  public init(
    outputs: BlobReference, standardOutput: BlobReference, standardError: BlobReference, milliseconds: Int64
  ) {
    self.outputs = outputs
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.milliseconds = milliseconds
  }

  /// The result in the form in which it is kept.
  public var json: JSONValue {
    func value(_ reference: BlobReference) -> JSONValue {
      .members(["sha256": .string(reference.digest.hex), "size": .int(reference.size)])
    }
    return .members([
      "outputs": value(outputs), "stdout": value(standardOutput), "stderr": value(standardError),
      "milliseconds": .int(milliseconds),
    ])
  }

  /// Reads a kept result; nil for what is none.
  public init?(json: JSONValue) {
    func reference(_ name: String) -> BlobReference? {
      guard let value = json[name], let digest = value["sha256"]?.string.flatMap({ SHA256Digest(hex: $0) }),
        let size = value["size"]?.int
      else { return nil }
      return BlobReference(digest, size: size)
    }
    guard let outputs = reference("outputs"), let output = reference("stdout"), let error = reference("stderr") else {
      return nil
    }
    self.init(
      outputs: outputs, standardOutput: output, standardError: error, milliseconds: json["milliseconds"]?.int ?? 0)
  }
}
