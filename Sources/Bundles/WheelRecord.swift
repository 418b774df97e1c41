public import Diagnostics
import Digests
import Zip

/// The check of a wheel's members against its `RECORD` (PEP 427, "The .dist-info directory").
enum WheelRecord {
  /// The member `NAME.dist-info/RECORD`.
  static func find(in archive: ZipArchive) throws -> ZipMember {
    let suffix = Array(".dist-info/RECORD".utf8)
    guard
      let record = archive.members.first(where: {
        $0.nameBytes.suffix(suffix.count) == suffix[...] && $0.nameBytes.count(where: { $0 == UInt8(ascii: "/") }) == 1
      })
    else { throw WheelError(wheel: archive.name, member: nil, problem: .noRecord) }
    return record
  }

  /// Inflates every member, compares its checksum, and its SHA-256 digest where `RECORD` has one.
  ///
  /// `RECORD` has the digest of the file that a symbolic link leads to, or of the link: either is accepted.
  static func check(_ archive: ZipArchive, record: ZipMember) throws {
    if let names = archive.caseCollisions().first {
      throw WheelError(wheel: archive.name, member: names[0], problem: .caseCollision(names[1]))
    }
    let digests = parse(try archive.contents(of: record))
    var done = 0
    for member in archive.members where !member.isDirectory {
      var hasher = SHA256Hasher()
      let expected = member.isLink ? nil : digests[member.name]
      try archive.forEachPiece(of: member) { if expected != nil { hasher.update($0) } }
      if let expected, hasher.digest() != expected {
        throw WheelError(wheel: archive.name, member: member.name, problem: .wrongHash)
      }
      // Memory does not grow with the wheel.
      if member.dataRange.upperBound - done > 8 << 20 {
        archive.release(done..<member.dataRange.upperBound)
        done = member.dataRange.upperBound
      }
    }
  }

  /// The SHA-256 digests by path. Lines without one, and other algorithms, are passed over.
  static func parse(_ bytes: [UInt8]) -> [String: SHA256Digest] {
    var digests: [String: SHA256Digest] = [:]
    for line in bytes.split(whereSeparator: { $0 == 10 || $0 == 13 }) {
      // path,sha256=BASE64,size; the path is quoted where it holds a comma or a quote.
      let text = String(decoding: line, as: UTF8.self)
      guard let last = text.lastIndex(of: ","), let middle = text[..<last].lastIndex(of: ",") else { continue }
      var path = String(text[..<middle])
      if path.hasPrefix("\""), path.hasSuffix("\""), path.count >= 2 {
        path = unquote(path.dropFirst().dropLast())
      }
      let hash = text[text.index(after: middle)..<last]
      guard hash.hasPrefix("sha256="), let value = decodeBase64URL(hash.dropFirst(7)),
        let digest = SHA256Digest(bytes: value)
      else { continue }
      digests[path] = digest
    }
    return digests
  }

  private static func unquote(_ text: Substring) -> String {
    var result = ""
    var previousWasQuote = false
    for character in text {
      if character == "\"", previousWasQuote {
        previousWasQuote = false
        continue
      }
      previousWasQuote = character == "\""
      result.append(character)
    }
    return result
  }

  /// URL-safe base64 without padding (RFC 4648 section 5).
  static func decodeBase64URL(_ text: Substring) -> [UInt8]? {
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for byte in text.utf8 {
      let value: UInt8
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - 65
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - 97 + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - 48 + 52
      case UInt8(ascii: "-"), UInt8(ascii: "+"): value = 62
      case UInt8(ascii: "_"), UInt8(ascii: "/"): value = 63
      case UInt8(ascii: "="): continue
      default: return nil
      }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return bytes
  }
}

/// The problem of a wheel that is a valid zip archive.
public struct WheelError: DiagnosableError, Hashable {
  public var wheel: String
  public var member: String?
  public var problem: Problem

  public enum Problem: Sendable, Hashable {
    case noRecord
    /// A member does not match `RECORD`.
    case wrongHash
    /// A member of `.data` goes where the wheel has another file.
    case takenPlace
    /// Another member's name differs in case alone: one file where the file system does not tell cases apart.
    case caseCollision(String)
  }

  public var diagnostic: Diagnostic {
    switch problem {
    case .noRecord:
      Diagnostic(.input, "\"\(wheel)\" is not a wheel: it has no .dist-info/RECORD")
    case .caseCollision(let other):
      Diagnostic(
        .input, "\"\(member ?? "")\" and \"\(other)\" in \"\(wheel)\" differ only in case",
        notes: ["on file systems that do not tell cases apart, one would replace the other"],
        remedies: ["ask the project for a wheel without one of them"])
    case .takenPlace:
      Diagnostic(
        .input, "\"\(member ?? "")\" in \"\(wheel)\" would be installed over another file of the wheel",
        remedies: ["ask the project for a wheel without one of them"])
    case .wrongHash:
      Diagnostic(
        .input, "\"\(member ?? "")\" in \"\(wheel)\" does not match the hash in the wheel's RECORD",
        remedies: ["fetch or build the wheel again"])
    }
  }
}
