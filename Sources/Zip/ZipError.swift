public import Diagnostics

/// The problem of an archive: the archive, the member, and the fact.
public struct ZipError: DiagnosableError, Hashable {
  /// The archive as the user knows it.
  public var archive: String
  /// The member's name, where one is to blame.
  public var member: String?
  public var problem: Problem

  public enum Problem: Sendable, Hashable {
    /// No end record, or one that does not end at the end of the file.
    case notAnArchive
    /// More than one end record matches: readers would disagree on the contents of the archive.
    case ambiguousEnd
    /// A record reaches past the end of its container.
    case truncated(String)
    /// Two statements of the archive contradict each other.
    case inconsistent(String)
    case multipleDisks
    case encrypted
    case unknownMethod(UInt16)
    case unsafeName(String)
    case duplicateName
    /// A name is a file here and a directory there.
    case fileAndDirectory
    case notARegularFile
    case overlaps(String)
    case impossibleRatio(compressed: UInt64, size: UInt64)
    case tooLarge(limit: String)
    case damagedData
    case wrongSize(expected: UInt64)
    case wrongChecksum(expected: UInt32, found: UInt32)
  }

  public init(archive: String, member: String? = nil, _ problem: Problem) {
    self.archive = archive
    self.member = member
    self.problem = problem
  }

  public var diagnostic: Diagnostic {
    let place = member.map { "\"\($0)\" in \"\(archive)\"" } ?? "\"\(archive)\""
    return Diagnostic(
      .input, "\(place) \(sentence)", remedies: ["fetch or build the archive again, and check its hash"])
  }

  private var sentence: String {
    switch problem {
    case .notAnArchive: "is not a zip archive, or its end is cut off"
    case .ambiguousEnd: "has more than one possible end record, so that readers would disagree on its contents"
    case .truncated(let what): "is truncated: \(what) reaches past its end"
    case .inconsistent(let what): "contradicts itself: \(what)"
    case .multipleDisks: "is one part of an archive in several parts"
    case .encrypted: "is encrypted"
    case .unknownMethod(let method): "is compressed with method \(method); only stored (0) and deflated (8) are read"
    case .unsafeName(let why): "has an unsafe name: \(why)"
    case .duplicateName: "occurs twice"
    case .fileAndDirectory: "is both a file and a directory"
    case .notARegularFile: "is a device, a pipe or a socket, which a wheel or bundle must not contain"
    case .overlaps(let other): "overlaps \"\(other)\""
    case .impossibleRatio(let compressed, let size):
      "says \(compressed) compressed bytes become \(size), more than deflate can"
    case .tooLarge(let limit): "is over the limit: \(limit)"
    case .damagedData: "has damaged compressed data"
    case .wrongSize(let expected): "does not have the \(expected) bytes it says"
    case .wrongChecksum(let expected, let found):
      "has the checksum \(String(found, radix: 16)), and says \(String(expected, radix: 16))"
    }
  }
}
