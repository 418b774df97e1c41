/// A version of PEP 440 in its normal form: `1!2.0rc1.post2.dev3+local.4`.
///
/// Numbers fit 64 bits; a larger number makes the text invalid.
public struct Version: Sendable, CustomStringConvertible {
  /// The kinds of pre-release, in order.
  public enum PreRelease: String, Sendable, Hashable, Comparable {
    case alpha = "a"
    case beta = "b"
    case candidate = "rc"

    public static func < (left: PreRelease, right: PreRelease) -> Bool { left.rawValue < right.rawValue }
  }

  /// A part of a local version: numbers are after texts, and compare as numbers.
  public enum LocalPart: Sendable, Hashable {
    case text(String)
    case number(UInt64)
  }

  public var epoch: UInt64
  /// The numbers between dots, at least one, as written: zeros at the end are kept but do not count in comparisons.
  public var release: [UInt64]
  public var preRelease: (kind: PreRelease, number: UInt64)?
  public var postRelease: UInt64?
  public var developmentRelease: UInt64?
  public var local: [LocalPart]

  public init(
    epoch: UInt64 = 0, release: [UInt64], preRelease: (kind: PreRelease, number: UInt64)? = nil,
    postRelease: UInt64? = nil, developmentRelease: UInt64? = nil, local: [LocalPart] = []
  ) {
    self.epoch = epoch
    self.release = release
    self.preRelease = preRelease
    self.postRelease = postRelease
    self.developmentRelease = developmentRelease
    self.local = local
  }

  /// Whether it is an alpha, beta, candidate or development release.
  public var isPreRelease: Bool { preRelease != nil || developmentRelease != nil }

  /// The version without its local part.
  public var withoutLocal: Version {
    var version = self
    version.local = []
    return version
  }

  /// Epoch and release alone.
  public var base: Version { Version(epoch: epoch, release: release) }

  /// The normal form (PEP 440, "Normalization").
  public var description: String {
    var text = epoch == 0 ? "" : "\(epoch)!"
    text += release.map { String($0) }.joined(separator: ".")
    if let preRelease { text += "\(preRelease.kind.rawValue)\(preRelease.number)" }
    if let postRelease { text += ".post\(postRelease)" }
    if let developmentRelease { text += ".dev\(developmentRelease)" }
    if !local.isEmpty { text += "+" + localText }
    return text
  }

  var localText: String {
    local.map { part in
      switch part {
      case .text(let text): text
      case .number(let number): String(number)
      }
    }.joined(separator: ".")
  }

  /// The release without the zeros at its end.
  var significantRelease: ArraySlice<UInt64> {
    var slice = release[...]
    while slice.count > 1, slice.last == 0 { slice.removeLast() }
    return slice
  }
}
