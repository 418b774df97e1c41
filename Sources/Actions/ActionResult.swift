public import ContentStore
internal import Digests
public import JSON

/// The outputs of an action: an `ActionResult` in the Remote Execution API.
public struct ActionResult: Sendable, Hashable {
  /// The outputs: the root of a tree.
  public var outputs: BlobReference
  /// Its standard output and standard error.
  public var standardOutput: BlobReference
  public var standardError: BlobReference
  /// Its duration.
  public var milliseconds: Int64

  public init(
    outputs: BlobReference, standardOutput: BlobReference, standardError: BlobReference, milliseconds: Int64
  ) {
    self.outputs = outputs
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.milliseconds = milliseconds
  }

  /// The result in its stored form.
  public var json: JSONValue {
    func value(_ reference: BlobReference) -> JSONValue {
      .members(["sha256": .string(reference.digest.hex), "size": .int(reference.size)])
    }
    return .members([
      "outputs": value(outputs), "stdout": value(standardOutput), "stderr": value(standardError),
      "milliseconds": .int(milliseconds),
    ])
  }

  /// Reads a stored result; nil for invalid bytes.
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
