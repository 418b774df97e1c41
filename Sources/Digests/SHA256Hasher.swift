internal import Crypto
public import SystemSupport

/// Computes a SHA-256 digest piece by piece.
public struct SHA256Hasher: Sendable {
  private var state = SHA256()

  public init() {}

  public mutating func update(_ bytes: UnsafeRawBufferPointer) { state.update(bufferPointer: bytes) }

  public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { state.update(bufferPointer: $0) } }

  public mutating func update(_ text: String) {
    var text = text
    text.withUTF8 { state.update(bufferPointer: UnsafeRawBufferPointer($0)) }
  }

  /// The digest of all bytes so far; more can follow.
  public func digest() -> SHA256Digest {
    state.finalize().withUnsafeBytes { buffer in
      guard let digest = SHA256Digest(bytes: buffer) else { preconditionFailure("SHA-256 has 32 bytes") }
      return digest
    }
  }
}

extension SHA256Digest {
  /// The digest of some bytes.
  public static func of(_ bytes: UnsafeRawBufferPointer) -> SHA256Digest {
    var hasher = SHA256Hasher()
    hasher.update(bytes)
    return hasher.digest()
  }

  /// The digest of some bytes.
  public static func of(_ bytes: [UInt8]) -> SHA256Digest { bytes.withUnsafeBytes { of($0) } }

  /// The digest of a text's UTF-8 bytes.
  public static func of(_ text: String) -> SHA256Digest {
    var hasher = SHA256Hasher()
    hasher.update(text)
    return hasher.digest()
  }

  /// The digest and size of a file's bytes.
  public static func ofFile(_ path: FilePath) throws(SystemCallError) -> (digest: SHA256Digest, size: Int64) {
    let file = try FileSystem.open(path, .readOnly)
    defer { FileSystem.close(file) }
    return try ofFile(file, path: path)
  }

  /// The digest of a part of an open file, whose position stays.
  public static func ofFile(_ file: FileDescriptor, _ range: Range<UInt64>) throws(SystemCallError) -> SHA256Digest {
    var hasher = SHA256Hasher()
    var start = range.lowerBound
    while start < range.upperBound {
      let end = min(range.upperBound, start + (1 << 18))
      hasher.update(try FileSystem.read(file, start..<end))
      start = end
    }
    return hasher.digest()
  }

  /// The digest and size of the rest of an open file, read in pieces of 256 KiB.
  public static func ofFile(
    _ file: FileDescriptor, path: FilePath? = nil
  ) throws(SystemCallError) -> (digest: SHA256Digest, size: Int64) {
    var hasher = SHA256Hasher()
    var size: Int64 = 0
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
    defer { buffer.deallocate() }
    while true {
      let count = try FileSystem.read(file, into: buffer, path: path)
      if count == 0 { return (hasher.digest(), size) }
      hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      size += Int64(count)
    }
  }
}
