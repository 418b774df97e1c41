/// The name of an artifact: a job's name for its bundle, such as `fiddler_server`.
///
/// It becomes a part of paths, keys and URLs, so only names that are harmless in all of them are valid: 1 to 128 ASCII
/// letters, digits, `_`, `-`, `.` and `+`, beginning with a letter, a digit or `_`.
public struct ArtifactName: Sendable, Hashable, Comparable, CustomStringConvertible {
  public let text: String

  /// The name, or nil when `text` is not one.
  public init?(_ text: some StringProtocol) {
    let bytes = text.utf8
    guard (1...128).contains(bytes.count), let first = bytes.first, Self.isWord(first) else { return nil }
    guard bytes.allSatisfy({ Self.isWord($0) || Self.isPunctuation($0) }) else { return nil }
    self.text = String(text)
  }

  /// The name, or an error that describes a valid name.
  public init(validating text: some StringProtocol) throws(ArtifactError) {
    guard let name = ArtifactName(text) else { throw .invalidName(String(text)) }
    self = name
  }

  public var description: String { text }
  public static func < (left: ArtifactName, right: ArtifactName) -> Bool { left.text < right.text }

  static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
    default: false
    }
  }

  private static func isPunctuation(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "+")
  }
}
