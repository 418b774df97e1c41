import Digests
import HTTPClient
internal import MarkupText
import Synchronization
import SystemSupport

import enum Crypto.Insecure

/// An upload in parts that was begun and not completed.
struct IncompleteUpload: Sendable, Hashable {
  var key: String
  var id: String
  /// Seconds since 1970.
  var begun: Int64
}

extension S3Storage {
  private struct Part: Sendable {
    var number: Int
    var piece: FilePiece
    var digest: SHA256Digest
    /// The MD5 in hexadecimal digits: S3's ETag of a part.
    var tag: String
  }

  /// Uploads a large blob in parts, four at a time ("Multipart upload" of the S3 user guide): the object appears when
  /// the last request completes it.
  ///
  /// Continues an upload of the same blob that a killed publisher began: parts with correct size and ETag stay. The
  /// name of a blob is its digest, so every upload under it has the same bytes. Other incomplete uploads of the blob
  /// are aborted once it exists.
  func uploadInParts(_ piece: FilePiece, digest: SHA256Digest, to key: String) throws(ArtifactError) {
    let parts = try parts(of: piece, digest: digest)
    let begun = try incompleteUploads(of: key).filter { $0.key == key }.sorted { $0.begun > $1.begun }
    let id: String
    var present: [Int: String] = [:]
    if let last = begun.first {
      id = last.id
      present = try presentParts(key, upload: id)
    } else {
      id = try beginUpload(key)
    }
    do throws(ArtifactError) {
      let tags = try upload(parts, to: key, upload: id, present: present)
      try complete(key, upload: id, tags: tags)
    } catch {
      // Another publisher of the same blob can have completed the upload, or aborted it.
      if try size(of: key) != piece.length {
        guard case .server(_, let reason) = error, reason.contains("NoSuchUpload"), !begun.isEmpty else { throw error }
        let fresh = try beginUpload(key)
        try complete(key, upload: fresh, tags: try upload(parts, to: key, upload: fresh, present: [:]))
      }
    }
    for other in begun.dropFirst() { try abandon(other) }
  }

  /// The uploads in parts under a prefix that were not completed, of all publishers.
  func incompleteUploads(of prefix: String) throws(ArtifactError) -> [IncompleteUpload] {
    let whole = bucket.prefix + prefix
    var found: [IncompleteUpload] = []
    var marker: (key: String, id: String)?
    repeat {
      var request = S3Request(.get, nil)
      request.query = [("uploads", ""), ("prefix", whole), ("encoding-type", "url")]
      if let marker { request.query += [("key-marker", marker.key), ("upload-id-marker", marker.id)] }
      let response = try send(request)
      try requireSuccess(response)
      let page = XMLText(response.body)
      for upload in page.elements("Upload") {
        guard let key = upload.text("Key").flatMap({ PercentEncoding.decode($0) }), key.hasPrefix(whole),
          let id = upload.text("UploadId")
        else { continue }
        let begun = upload.text("Initiated").flatMap { RFC3339.seconds($0) } ?? 0
        found.append(IncompleteUpload(key: String(key.dropFirst(bucket.prefix.count)), id: id, begun: begun))
      }
      guard page.text("IsTruncated") == "true", let key = page.text("NextKeyMarker") else { return found }
      marker = (PercentEncoding.decode(key) ?? key, page.text("NextUploadIdMarker") ?? "")
    } while found.count < 100_000
    return found
  }

  /// Aborts an incomplete upload. A missing upload is not an error.
  func abandon(_ upload: IncompleteUpload) throws(ArtifactError) {
    var request = S3Request(.delete, upload.key)
    request.query = [("uploadId", upload.id)]
    let response = try send(request)
    if response.status != 404 { try requireSuccess(response) }
  }

  private func beginUpload(_ key: String) throws(ArtifactError) -> String {
    var start = S3Request(.post, key)
    start.query = [("uploads", "")]
    let response = try send(start)
    try requireSuccess(response)
    guard let upload = XMLText(response.body).text("UploadId"), !upload.isEmpty else {
      throw .server(repository: location, reason: "the server did not return an UploadId")
    }
    return upload
  }

  /// The ETags of the parts that the server has, by number. They count only where size and ETag are right.
  private func presentParts(_ key: String, upload: String) throws(ArtifactError) -> [Int: String] {
    var found: [Int: String] = [:]
    var marker: String?
    repeat {
      var request = S3Request(.get, key)
      request.query = [("uploadId", upload)]
      if let marker { request.query.append(("part-number-marker", marker)) }
      let response = try send(request)
      if response.status == 404 { return [:] }
      try requireSuccess(response)
      let page = XMLText(response.body)
      for part in page.elements("Part") {
        guard let number = part.text("PartNumber").flatMap({ Int($0) }), let tag = part.text("ETag") else { continue }
        found[number] = tag
      }
      marker = page.text("IsTruncated") == "true" ? page.text("NextPartNumberMarker") : nil
    } while marker != nil && found.count < 10_000
    return found
  }

  /// The parts of a piece, hashed in one pass together with the whole.
  private func parts(of piece: FilePiece, digest: SHA256Digest) throws(ArtifactError) -> [Part] {
    // At most 10,000 parts, each but the last of 5 MiB or more.
    let size = max(partSize, (piece.length + 9_999) / 10_000)
    var whole = SHA256Hasher()
    var parts: [Part] = []
    var offset: Int64 = 0
    while offset < piece.length {
      let part = FilePiece(path: piece.path, offset: piece.offset + offset, length: min(size, piece.length - offset))
      var hasher = SHA256Hasher()
      var tag = Insecure.MD5()
      try part.forEachChunk { (bytes) throws(ArtifactError) in
        whole.update(bytes)
        hasher.update(bytes)
        tag.update(bufferPointer: bytes)
      }
      parts.append(
        Part(
          number: parts.count + 1, piece: part, digest: hasher.digest(),
          tag: String(hexadecimal: Array(tag.finalize()))))
      offset += size
    }
    guard whole.digest() == digest else {
      throw .bundleMismatch(path: piece.path.string, reason: "it changed while it was being published")
    }
    return parts
  }

  /// The tags of the parts, in order.
  private func upload(
    _ parts: [Part], to key: String, upload: String, present: [Int: String]
  ) throws(ArtifactError) -> [String] {
    let tags = Mutex<[Int: String]>([:])
    try forEachInParallel(parts, threads: 4) { (part) throws(ArtifactError) in
      if let tag = present[part.number], tag.filter({ $0 != "\"" }) == part.tag {
        tags.withLock { $0[part.number] = tag }
        return
      }
      var request = S3Request(.put, key)
      request.query = [("partNumber", "\(part.number)"), ("uploadId", upload)]
      request.body = .file(path: part.piece.path.string, offset: part.piece.offset, length: part.piece.length)
      request.payload = part.digest.hex
      let response = try send(request)
      try requireSuccess(response)
      guard let tag = response.headers["etag"] else {
        throw .server(repository: location, reason: "the server did not return an ETag for a part")
      }
      tags.withLock { $0[part.number] = tag }
    }
    let found = tags.withLock { $0 }
    return parts.compactMap { found[$0.number] }
  }

  private func complete(_ key: String, upload: String, tags: [String]) throws(ArtifactError) {
    let parts = tags.enumerated().map { index, tag in
      "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(MarkupText.content(tag))</ETag></Part>"
    }
    let body = Array("<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>".utf8)
    var request = S3Request(.post, key)
    request.query = [("uploadId", upload)]
    request.body = .bytes(body)
    request.payload = SHA256Digest.of(body).hex
    request.headers = [("content-type", "application/xml")]
    let response = try send(request)
    try requireSuccess(response)
    // A failure can come after the status was sent ("CompleteMultipartUpload" of the S3 API reference).
    if let code = XMLText(response.body).elements("Error").first?.text("Code") {
      throw .server(repository: location, reason: "the upload could not be completed: \(code)")
    }
  }
}
