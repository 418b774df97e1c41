extension Repository {
  /// The bytes of one segment, checked by digest; nil for a segment of more than `limit` bytes.
  public func bytes(of segment: Manifest.Segment, limit: Int64) throws(ArtifactError) -> [UInt8]? {
    guard segment.size <= limit else { return nil }
    var bytes: [UInt8] = []
    try receiveAgain(segment) { () throws(ArtifactError) in
      bytes = []
      try receive(segment) { (chunk) throws(ArtifactError) in bytes.append(contentsOf: chunk) }
    }
    return bytes
  }
}
