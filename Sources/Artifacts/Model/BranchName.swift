internal import SystemSupport

/// The name of a git branch: 1 to 200 bytes, as git-check-ref-format(1) allows them.
public struct BranchName: Sendable, Hashable, Comparable, CustomStringConvertible {
  public let text: String

  /// The name; nil for a text that git refuses as a branch.
  public init?(_ text: some StringProtocol) {
    guard (1...200).contains(text.utf8.count), text != "@", !text.hasPrefix("-"), !text.hasSuffix("."),
      !text.contains(".."), !text.contains("@{"), !text.contains("//")
    else { return nil }
    let forbidden = Set("~^:?*[\\".unicodeScalars)
    guard text.unicodeScalars.allSatisfy({ $0.value > 32 && $0.value != 127 && !forbidden.contains($0) }) else {
      return nil
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasSuffix(".lock") }) else { return nil }
    self.text = String(text)
  }

  /// One part of a key: the name, percent-encoded.
  var encoded: String { PercentEncoding.encode(text) }

  init?(encoded: some StringProtocol) {
    guard let text = PercentEncoding.decode(encoded), let name = BranchName(text) else { return nil }
    self = name
  }

  public var description: String { text }
  public static func < (left: BranchName, right: BranchName) -> Bool { left.text < right.text }
}
