import Digests
import SystemSupport

extension BundleCache {
  /// Puts a bundle together in a folder of its own, with its record and the list of its segments. Throws `damagedCache`
  /// when a source is gone or is not what it should be.
  func assemble(
    _ manifest: Manifest, _ sources: [SHA256Digest: FilePiece], in draft: FilePath
  ) throws(ArtifactError) {
    let fileName = "\(manifest.key.name).pex"
    let path = draft.appending(fileName)
    let file = try onFiles { () throws(SystemCallError) in
      try FileSystem.open(
        path, .readWrite, options: [.create, .exclusiveCreate], permissions: FilePermissions(rawValue: 0o755))
    }
    defer { FileSystem.close(file) }
    for segment in manifest.segments {
      guard let source = sources[segment.digest] else { throw .damagedCache }
      try copy(source, to: file)
    }
    try onFiles { () throws(SystemCallError) in try seek(file, to: 0, path: path) }
    let actual = try onFiles { () throws(SystemCallError) in try SHA256Digest.ofFile(file, path: path) }
    guard actual.digest == manifest.digest else { throw .damagedCache }
    try onFiles { () throws(SystemCallError) in
      // After a power cut the record must not speak for a file of zeros.
      try FileSystem.synchronize(file, path: path)
      let record = HitRecord(
        digest: manifest.digest, fileName: fileName, status: try FileSystem.status(of: file), created: manifest.created)
      try FileSystem.write(record.bytes, to: draft.appending("record"))
      try FileSystem.write(Self.segmentList(manifest), to: draft.appending("segments"))
    }
  }

  private func copy(_ source: FilePiece, to file: FileDescriptor) throws(ArtifactError) {
    let input: FileDescriptor
    do throws(SystemCallError) {
      input = try FileSystem.open(source.path, .readOnly)
    } catch {
      throw error.isMissing ? .damagedCache : .file(error)
    }
    defer { FileSystem.close(input) }
    do throws(SystemCallError) {
      try seek(input, to: source.offset, path: source.path)
      try FileSystem.copyBytes(from: input, to: file, length: Int(source.length))
    } catch {
      throw error.errno == .ioError ? .damagedCache : .file(error)
    }
  }

  /// `DIGEST OFFSET SIZE` a line.
  private static func segmentList(_ manifest: Manifest) -> [UInt8] {
    var text = ""
    var offset: Int64 = 0
    for segment in manifest.segments {
      text += "\(segment.digest) \(offset) \(segment.size)\n"
      offset += segment.size
    }
    return Array(text.utf8)
  }

  /// Which cached bundle has which segment, and where.
  func segmentIndex() throws(ArtifactError) -> [SHA256Digest: FilePiece] {
    var index: [SHA256Digest: FilePiece] = [:]
    for name in try entries(bundles) where SHA256Digest(hex: name) != nil {
      let folder = bundles.appending(name)
      guard let record = try record(at: folder.appending("record")) else { continue }
      let path = folder.appending(record.fileName)
      for (digest, offset, size) in try segmentList(in: folder) {
        index[digest] = FilePiece(path: path, offset: offset, length: size)
      }
    }
    return index
  }

  private func segmentList(in folder: FilePath) throws(ArtifactError) -> [(SHA256Digest, Int64, Int64)] {
    let bytes: [UInt8]
    do throws(SystemCallError) {
      bytes = try FileSystem.read(folder.appending("segments"), limit: 4 << 20)
    } catch {
      // Evicted between the two looks.
      if error.isMissing { return [] }
      throw .file(error)
    }
    return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
      guard fields.count == 3, let digest = SHA256Digest(hex: fields[0]), let offset = Int64(fields[1]),
        let size = Int64(fields[2]), offset >= 0, size >= 0
      else { return nil }
      return (digest, offset, size)
    }
  }
}
