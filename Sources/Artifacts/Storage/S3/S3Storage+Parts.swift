import Digests
import HTTPClient
import Synchronization
import SystemSupport

extension S3Storage {
  /// Uploads a large blob in parts, four at a time ("Multipart upload" of the S3 user guide): the object appears when the
  /// last request completes it. What was uploaded is given up when that fails.
  func uploadInParts(_ piece: FilePiece, digest: SHA256Digest, to key: String) throws(ArtifactError) {
    var start = S3Request(.post, key)
    start.query = [("uploads", "")]
    let response = try send(start)
    try requireSuccess(response)
    guard let upload = XMLText(response.body).text("UploadId"), !upload.isEmpty else {
      throw .server(repository: location, reason: "the server gave no UploadId")
    }
    do throws(ArtifactError) {
      let tags = try uploadParts(piece, digest: digest, to: key, upload: upload)
      try complete(key, upload: upload, tags: tags)
    } catch {
      var abort = S3Request(.delete, key)
      abort.query = [("uploadId", upload)]
      // The first error says what matters; a bucket should have a rule that removes what is left of uploads.
      do throws(ArtifactError) { _ = try send(abort) } catch {}
      throw error
    }
  }

  /// The tags of the parts, in order.
  private func uploadParts(
    _ piece: FilePiece, digest: SHA256Digest, to key: String, upload: String
  ) throws(ArtifactError) -> [String] {
    // At most 10,000 parts, each but the last of 5 MiB or more.
    let size = max(partSize, (piece.length + 9_999) / 10_000)
    let count = Int((piece.length + size - 1) / size)
    // One pass gives the digest of the whole and of each part; the server then refuses a part that has changed since.
    var whole = SHA256Hasher()
    var parts: [(number: Int, piece: FilePiece, digest: SHA256Digest)] = []
    for index in 0..<count {
      let offset = Int64(index) * size
      let part = FilePiece(path: piece.path, offset: piece.offset + offset, length: min(size, piece.length - offset))
      var hasher = SHA256Hasher()
      try part.forEachChunk { (bytes) throws(ArtifactError) in
        whole.update(bytes)
        hasher.update(bytes)
      }
      parts.append((index + 1, part, hasher.digest()))
    }
    guard whole.digest() == digest else {
      throw .bundleMismatch(path: piece.path.string, reason: "it changed while it was being published")
    }
    let tags = Mutex<[Int: String]>([:])
    try forEachInParallel(parts, threads: 4) { (part) throws(ArtifactError) in
      var request = S3Request(.put, key)
      request.query = [("partNumber", "\(part.number)"), ("uploadId", upload)]
      request.body = .file(path: part.piece.path.string, offset: part.piece.offset, length: part.piece.length)
      request.payload = part.digest.hex
      let response = try send(request)
      try requireSuccess(response)
      guard let tag = response.headers["etag"] else {
        throw .server(repository: location, reason: "the server gave no ETag for a part")
      }
      tags.withLock { $0[part.number] = tag }
    }
    let found = tags.withLock { $0 }
    return parts.compactMap { found[$0.number] }
  }

  private func complete(_ key: String, upload: String, tags: [String]) throws(ArtifactError) {
    let parts = tags.enumerated().map { index, tag in
      "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(XMLText.escape(tag))</ETag></Part>"
    }
    let body = Array("<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>".utf8)
    var request = S3Request(.post, key)
    request.query = [("uploadId", upload)]
    request.body = .bytes(body)
    request.payload = SHA256Digest.of(body).hex
    request.headers = [("content-type", "application/xml")]
    let response = try send(request)
    try requireSuccess(response)
    // A failure may come after the status was sent ("CompleteMultipartUpload" of the S3 API reference).
    if let code = XMLText(response.body).elements("Error").first?.text("Code") {
      throw .server(repository: location, reason: "the upload could not be completed: \(code)")
    }
  }
}
