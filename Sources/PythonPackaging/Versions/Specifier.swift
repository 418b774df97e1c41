/// One condition on a version (PEP 440, "Version specifiers"): `>=1.2`, `==1.*`, `~=2.0`, `===anything`.
public struct Specifier: Sendable, Hashable, CustomStringConvertible {
  /// The comparison operators, as they are written.
  public enum Operator: String, Sendable, Hashable, CaseIterable {
    case arbitrary = "==="
    case compatible = "~="
    case equal = "=="
    case notEqual = "!="
    case atMost = "<="
    case atLeast = ">="
    case less = "<"
    case greater = ">"
  }

  public let comparison: Operator
  /// The version; nil for `===` with a text that is none.
  public let version: Version?
  /// Whether `.*` followed the version.
  public let isPrefix: Bool
  /// The version as it was written, without `.*` and white space.
  public let versionText: String

  /// Nil for a text that is not a specifier.
  public init?(_ text: some StringProtocol) {
    var scanner = ByteScanner(text)
    scanner.skipSpace()
    guard let specifier = Specifier(scanning: &scanner) else { return nil }
    scanner.skipSpace()
    guard scanner.isAtEnd else { return nil }
    self = specifier
  }

  init?(scanning scanner: inout ByteScanner) {
    guard let comparison = Self.scanOperator(&scanner) else { return nil }
    self.comparison = comparison
    scanner.skipSpace()
    if comparison == .arbitrary {
      versionText = scanner.text { !$0.isSpace && !";),".utf8.contains($0) }
      version = Version(versionText)
      isPrefix = false
      return
    }
    let start = scanner.position
    guard let version = Version(scanning: &scanner) else { return nil }
    versionText = String(decoding: scanner.bytes[start..<scanner.position], as: UTF8.self)
    self.version = version
    isPrefix = scanner.peek == UInt8(ascii: ".") && scanner.peek(1) == UInt8(ascii: "*")
    if isPrefix { scanner.position += 2 }
    let isEquality = comparison == .equal || comparison == .notEqual
    if isPrefix, !isEquality || version.isPreRelease || version.postRelease != nil { return nil }
    if !version.local.isEmpty, !isEquality || isPrefix { return nil }
    if comparison == .compatible, version.release.count < 2 { return nil }
  }

  private static func scanOperator(_ scanner: inout ByteScanner) -> Operator? {
    if scanner.take("===") { return .arbitrary }
    if scanner.take("~=") { return .compatible }
    if scanner.take("==") { return .equal }
    if scanner.take("!=") { return .notEqual }
    if scanner.take("<=") { return .atMost }
    if scanner.take(">=") { return .atLeast }
    if scanner.take("<") { return .less }
    if scanner.take(">") { return .greater }
    return nil
  }

  /// As written except for white space and case.
  public var description: String { comparison.rawValue + versionText + (isPrefix ? ".*" : "") }

  /// Whether it names a pre-release, and so admits pre-releases (PEP 440, "Handling of pre-releases").
  public var admitsPreReleases: Bool {
    guard let version, !isPrefix, comparison != .notEqual, comparison != .less else { return false }
    return version.isPreRelease && comparison != .greater
  }

  /// Whether a version meets the condition. Does not exclude pre-releases: the caller that chooses does.
  public func contains(_ candidate: Version) -> Bool {
    guard let version else { return lowercased(versionText) == candidate.description }
    switch comparison {
    case .arbitrary: return lowercased(versionText) == candidate.description
    case .equal: return matches(candidate, version)
    case .notEqual: return !matches(candidate, version)
    case .atMost: return candidate.withoutLocal <= version
    case .atLeast: return candidate.withoutLocal >= version
    case .compatible:
      guard candidate.withoutLocal >= version else { return false }
      return Self.hasPrefix(candidate, Version(epoch: version.epoch, release: Array(version.release.dropLast())))
    case .less:
      // "<1.0" does not admit 1.0's own pre-releases, of which 1.0.dev0 is the first.
      guard !version.isPreRelease else { return candidate < version }
      var first = version
      first.developmentRelease = 0
      return candidate < first
    case .greater:
      // ">1.0" does not mean 1.0's own post-releases and local versions.
      guard candidate.withoutLocal > version else { return false }
      guard version.postRelease == nil, version.developmentRelease == nil, candidate.postRelease != nil else {
        return true
      }
      var own = candidate.withoutLocal
      own.postRelease = nil
      own.developmentRelease = nil
      return own != version
    }
  }

  /// Whether a version in the index's spelling meets the condition: `===` compares the exact text, and an invalid
  /// version meets nothing else.
  public func contains(text: String) -> Bool {
    if comparison == .arbitrary { return lowercased(text) == lowercased(versionText) }
    return Version(text).map { contains($0) } ?? false
  }

  private func matches(_ candidate: Version, _ version: Version) -> Bool {
    if isPrefix { return Self.hasPrefix(candidate, version) }
    return (version.local.isEmpty ? candidate.withoutLocal : candidate) == version
  }

  private static func hasPrefix(_ candidate: Version, _ prefix: Version) -> Bool {
    guard candidate.epoch == prefix.epoch else { return false }
    return prefix.release.indices.allSatisfy { index in
      (index < candidate.release.count ? candidate.release[index] : 0) == prefix.release[index]
    }
  }
}

/// Conditions that must all hold, written with commas: `>=3.9,<3.13,!=3.10.1`. Empty means any version.
public struct SpecifierSet: Sendable, Hashable, CustomStringConvertible {
  public var specifiers: [Specifier]

  public init(_ specifiers: [Specifier] = []) { self.specifiers = specifiers }

  /// Nil if a part is not a specifier. Skips empty parts.
  public init?(_ text: some StringProtocol) {
    specifiers = []
    for part in text.split(separator: ",") where !trimmed(part).isEmpty {
      guard let specifier = Specifier(part) else { return nil }
      specifiers.append(specifier)
    }
  }

  public var isEmpty: Bool { specifiers.isEmpty }

  /// Whether a version meets every condition.
  ///
  /// - Parameter preReleases: whether pre-releases are allowed. With nil they are allowed as the only existing
  ///   candidate (PEP 440, "Handling of pre-releases"); a caller that chooses among several uses
  ///   ``Specifier/admitsPreReleases``.
  public func contains(_ version: Version, preReleases: Bool? = nil) -> Bool {
    if version.isPreRelease, preReleases == false { return false }
    return specifiers.allSatisfy { $0.contains(version) }
  }

  /// Whether a version in the index's spelling meets every condition; see ``Specifier/contains(text:)``.
  public func contains(text: String, preReleases: Bool? = nil) -> Bool {
    if Version(text)?.isPreRelease ?? false, preReleases == false { return false }
    return specifiers.allSatisfy { $0.contains(text: text) }
  }

  public static func == (left: SpecifierSet, right: SpecifierSet) -> Bool {
    Set(left.specifiers) == Set(right.specifiers)
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(Set(specifiers)) }

  /// The conditions in the order of their text, each once: equal sets have equal descriptions.
  public var description: String { Set(specifiers.map(\.description)).sorted().joined(separator: ",") }
}
