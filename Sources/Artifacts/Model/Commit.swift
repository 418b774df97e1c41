import Digests

/// The full object name of a git commit: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
public struct Commit: Sendable, Hashable, Comparable, CustomStringConvertible {
  public let text: String
  /// The number of digits in file names.
  public static let abbreviatedLength = 12

  /// The commit, or nil when `text` is not a full object name. Upper-case digits become lower-case.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.count == 40 || text.utf8.count == 64, let digits = hexadecimalDigits(text) else { return nil }
    self.text = digits
  }

  /// A name of 64 digits for a version that is not a commit.
  init(padding digest: SHA256Digest) { text = digest.hex }

  /// The first 12 digits.
  public var abbreviated: String { String(text.prefix(Self.abbreviatedLength)) }
  public var description: String { text }
  public static func < (left: Commit, right: Commit) -> Bool { left.text < right.text }
}

/// A commit as a user writes it: the full name, or at least its first 7 digits.
public struct CommitPrefix: Sendable, Hashable, CustomStringConvertible {
  public let text: String

  /// The prefix, or nil if `text` has fewer than 7 or more than 64 digits, or a character that is not a hexadecimal
  /// digit.
  public init?(_ text: some StringProtocol) {
    guard (7...64).contains(text.utf8.count), let digits = hexadecimalDigits(text) else { return nil }
    self.text = digits
  }

  public init(_ commit: Commit) { text = commit.text }

  /// The full name when it is one.
  public var commit: Commit? { Commit(text) }
  public func matches(_ commit: Commit) -> Bool { commit.text.hasPrefix(text) }
  public var description: String { text }
}

/// The digits in lower case; nil when there is anything else among them.
func hexadecimalDigits(_ text: some StringProtocol) -> String? {
  var digits: [UInt8] = []
  digits.reserveCapacity(text.utf8.count)
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): digits.append(byte)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digits.append(byte | 0x20)
    default: return nil
    }
  }
  return String(decoding: digits, as: UTF8.self)
}

/// An artifact as a user writes it: `NAME@COMMIT`.
public struct ArtifactReference: Sendable, Hashable, CustomStringConvertible {
  public var name: ArtifactName
  public var commit: CommitPrefix

  public init(name: ArtifactName, commit: CommitPrefix) {
    self.name = name
    self.commit = commit
  }

  /// Parses `NAME@COMMIT`; COMMIT has 7 or more hexadecimal digits.
  public init(parsing text: String) throws(ArtifactError) {
    guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { throw .missingCommit(text) }
    let name = try ArtifactName(validating: text[..<at])
    let digits = text[text.utf8.index(after: at)...]
    guard let commit = CommitPrefix(digits) else { throw .invalidCommit(String(digits)) }
    self.init(name: name, commit: commit)
  }

  public var description: String { "\(name)@\(commit)" }
}
