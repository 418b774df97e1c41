public import SystemSupport

/// A file as a list of segments, and the one digest that represents them: the SHA-256 of the line `kilt tree 1`, then
/// `DIGEST SIZE` for each segment, each line with a final newline.
///
/// A reader that has verified each segment has verified the whole, without hashing it again.
public struct TreeDigest: Sendable, Hashable {
  public struct Segment: Sendable, Hashable {
    public var digest: SHA256Digest
    /// Bytes.
    public var size: Int64

    public init(digest: SHA256Digest, size: Int64) {
      self.digest = digest
      self.size = size
    }
  }

  public var segments: [Segment]

  public init(_ segments: [Segment]) { self.segments = segments }

  public var digest: SHA256Digest {
    var hasher = SHA256Hasher()
    hasher.update("kilt tree 1\n")
    for segment in segments { hasher.update("\(segment.digest) \(segment.size)\n") }
    return hasher.digest()
  }

  /// Bytes of the whole file.
  public var size: Int64 { segments.reduce(0) { $0 + $1.size } }

  /// Whether a file consists of these segments. Reads the whole file.
  public func matches(_ path: FilePath) throws(SystemCallError) -> Bool {
    let file = try FileSystem.open(path, .readOnly)
    defer { FileSystem.close(file) }
    guard try FileSystem.status(of: file).size == size else { return false }
    var offset: UInt64 = 0
    for segment in segments {
      let end = offset + UInt64(segment.size)
      guard try SHA256Digest.ofFile(file, offset..<end) == segment.digest else { return false }
      offset = end
    }
    return true
  }

  /// Reads the list that a runner cache keeps beside a bundle, `DIGEST OFFSET SIZE` on each line, in order and without
  /// gaps; nil for any other text.
  public init?(parsing text: some StringProtocol) {
    var segments: [Segment] = []
    var end: Int64 = 0
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ", omittingEmptySubsequences: false)
      guard fields.count == 3, let digest = SHA256Digest(hex: fields[0]), let offset = Int64(fields[1]),
        let size = Int64(fields[2]), offset == end, size >= 0, end <= 1 << 42, size <= 1 << 42
      else { return nil }
      segments.append(Segment(digest: digest, size: size))
      end += size
    }
    guard !segments.isEmpty else { return nil }
    self.init(segments)
  }
}
