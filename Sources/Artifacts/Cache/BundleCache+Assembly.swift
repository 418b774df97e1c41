import CSystemShims
import Digests
import Glibc
import SystemSupport

extension BundleCache {
  /// Assembles a bundle in a separate directory, with its record and the list of its segments. Throws `damagedCache` if
  /// a source is missing or has wrong bytes.
  func assemble(
    _ manifest: Manifest, _ sources: SegmentSources, in draft: FilePath
  ) throws(ArtifactError) {
    let fileName = "\(manifest.key.name).pex"
    let path = draft.appending(fileName)
    let file = try onFiles { () throws(SystemCallError) in
      try FileSystem.open(
        path, .readWrite, options: [.create, .exclusiveCreate], permissions: FilePermissions(rawValue: 0o755))
    }
    defer { FileSystem.close(file) }
    let runs = try runs(manifest, sources)
    let base = try share(runs, with: file)
    for run in runs where run.source.path != base || run.source.offset != run.target {
      try onFiles { () throws(SystemCallError) in try seek(file, to: run.target, path: path) }
      try copy(run.source, to: file)
    }
    // A shared file can have been longer.
    guard ftruncate(file.rawValue, off_t(manifest.size)) == 0 else {
      throw .file(SystemCallError("ftruncate", path, Errno(rawValue: errno)))
    }
    if manifest.format == 1 {
      try onFiles { () throws(SystemCallError) in try seek(file, to: 0, path: path) }
      let actual = try onFiles { () throws(SystemCallError) in try SHA256Digest.ofFile(file, path: path) }
      guard actual.digest == manifest.digest else { throw .damagedCache }
    } else {
      // Every segment was verified at its source, and nobody wrote there meanwhile: then the whole bundle is correct.
      try sources.requireUntouched()
    }
    try onFiles { () throws(SystemCallError) in
      // Not synced: after a power cut the record counts for nothing.
      let record = HitRecord(
        manifest, fileName: fileName, status: try FileSystem.status(of: file), boot: HitRecord.currentBoot)
      try FileSystem.write(record.bytes, to: draft.appending("record"))
      try FileSystem.write(Self.segmentList(manifest), to: draft.appending("segments"))
    }
  }

  /// Bytes that lie together in a source and in the bundle.
  private struct Run {
    var source: FilePiece
    var target: Int64
  }

  private func runs(_ manifest: Manifest, _ sources: SegmentSources) throws(ArtifactError) -> [Run] {
    var runs: [Run] = []
    var offset: Int64 = 0
    for segment in manifest.segments {
      guard let source = sources.pieces[segment.digest] else { throw .damagedCache }
      if let last = runs.last, last.source.path == source.path,
        last.source.offset + last.source.length == source.offset
      {
        runs[runs.count - 1].source.length += source.length
      } else {
        runs.append(Run(source: source, target: offset))
      }
      offset += segment.size
    }
    return runs
  }

  /// Lets the new file share the extents of the cached bundle that has the most bytes at the same offset, if the file
  /// system can (FICLONE of ioctl_ficlonerange(2)): those bytes are not copied.
  ///
  /// - Returns: that bundle; nil if nothing is shared.
  private func share(_ runs: [Run], with file: FileDescriptor) throws(ArtifactError) -> FilePath? {
    var bytes: [FilePath: Int64] = [:]
    for run in runs where run.source.offset == run.target { bytes[run.source.path, default: 0] += run.source.length }
    guard let best = bytes.max(by: { $0.value < $1.value }), best.value > 1 << 16 else { return nil }
    let source: FileDescriptor
    do throws(SystemCallError) {
      source = try FileSystem.open(best.key, .readOnly)
    } catch {
      throw error.isMissing ? .damagedCache : .file(error)
    }
    defer { FileSystem.close(source) }
    return kilt_clone_file(file.rawValue, source.rawValue) == 0 ? best.key : nil
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

  /// The segments of the cached bundles that nobody has written to since they were verified.
  func segmentIndex() throws(ArtifactError) -> SegmentSources {
    var sources = SegmentSources()
    for name in try entries(bundles) {
      guard let digest = SHA256Digest(hex: name) else { continue }
      let folder = bundles.appending(name)
      guard let record = try record(at: folder.appending("record")), record.form == .tree, record.digest == digest,
        record.boot == "-" || record.boot == HitRecord.currentBoot
      else { continue }
      let path = folder.appending(record.fileName)
      let status = try onFiles { () throws(SystemCallError) in try FileSystem.statusIfPresent(of: path) }
      guard let status, record.matches(status) else { continue }
      let listed = try segmentList(in: folder)
      let segments = listed.map { Manifest.Segment(kind: "", name: "", digest: $0.0, size: $0.2) }
      guard Manifest.treeDigest(of: segments) == digest else { continue }
      sources.bundles[path] = record
      for (digest, offset, size) in listed {
        sources.pieces[digest] = FilePiece(path: path, offset: offset, length: size)
      }
    }
    return sources
  }

  func segmentList(in folder: FilePath) throws(ArtifactError) -> [(SHA256Digest, Int64, Int64)] {
    let bytes: [UInt8]
    do throws(SystemCallError) {
      bytes = try FileSystem.read(folder.appending("segments"), limit: 4 << 20)
    } catch {
      // Evicted between the two looks.
      if error.isMissing { return [] }
      throw .file(error)
    }
    var end: Int64 = 0
    return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
      guard fields.count == 3, let digest = SHA256Digest(hex: fields[0]), let offset = Int64(fields[1]),
        let size = Int64(fields[2]), offset == end, (0...ManifestLimits.bundle).contains(size),
        end <= ManifestLimits.bundle
      else { return nil }
      end += size
      return (digest, offset, size)
    }
  }
}

/// The sources that segments can be copied from.
struct SegmentSources: Sendable {
  var pieces: [SHA256Digest: FilePiece] = [:]
  /// The cached bundles among the sources, as they were verified.
  var bundles: [FilePath: HitRecord] = [:]

  /// Throws `damagedCache` if one of the cached bundles that were copied from is not as it was verified.
  func requireUntouched() throws(ArtifactError) {
    let used = Set(pieces.values.map(\.path))
    for (path, record) in bundles where used.contains(path) {
      let status = try onFiles { () throws(SystemCallError) in try FileSystem.statusIfPresent(of: path) }
      // Evicted meanwhile: the open file was copied to its end.
      guard let status else { continue }
      guard record.matches(status) else { throw .damagedCache }
    }
  }
}
