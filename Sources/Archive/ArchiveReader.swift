// Archive: archives of every format but the bundle's own zip, read and written by libarchive, which is loaded when first used.

import CArchiveShims
import Glibc
public import SystemSupport

/// Limits on what an archive can make a reader do.
public struct ArchiveLimits: Sendable {
  public var entries: Int
  /// Bytes of all files together.
  public var bytes: Int64
  /// The largest ratio of the files' size to the archive's, once the files are larger than 64 MiB.
  public var ratio: Int64

  public init(entries: Int = 200_000, bytes: Int64 = 16 << 30, ratio: Int64 = 1_000) {
    self.entries = entries
    self.bytes = bytes
    self.ratio = ratio
  }
}

/// How a reader treats links of an archive. It never creates a link.
public enum ArchiveLinks: Sendable {
  /// A link is an error.
  case refused
  /// A link to a file or directory of the same archive becomes a copy of it. A link to nothing is left out. Any other is
  /// an error.
  case copied
}

/// Unpacks tar, zip, jar, and what gzip, bzip2, xz and zstd compress, into a directory.
///
/// Refused: absolute paths, `..`, links of both kinds, devices, encrypted entries, names given twice, and more than the
/// limits. Nothing outside of the directory is touched: every name is made of checked parts, and no link is created.
public struct ArchiveReader: Sendable {
  let path: FilePath
  let limits: ArchiveLimits

  public init(_ path: FilePath, limits: ArchiveLimits = ArchiveLimits()) {
    self.path = path
    self.limits = limits
  }

  /// Unpacks into a directory, which is created if it is absent. On an error, what was unpacked stays there.
  ///
  /// - Parameters:
  ///   - strips: leading parts of each path to leave out, as tar's `--strip-components`.
  ///   - replaces: whether files that are there already are replaced. Otherwise they are an error.
  ///   - keepsTimes: whether files get the modification times of their entries, as builds with `make` need them.
  /// - Returns: the paths of the files, in the order of the archive.
  @discardableResult
  public func unpack(
    into directory: FilePath, strips: Int = 0, replaces: Bool = false, links: ArchiveLinks = .refused,
    keepsTimes: Bool = false
  ) throws(ArchiveError) -> [String] {
    if let reason = kilt_archive_load() { throw .libraryMissing(String(cString: reason)) }
    let (file, size) = try open()
    defer { FileSystem.close(file) }
    do throws(SystemCallError) { try FileSystem.createDirectories(directory) } catch { throw .file(error) }
    guard let archive = kilt_archive_read_new() else { throw .damaged(path, "out of memory") }
    defer { _ = kilt_archive_read_free(archive) }
    guard kilt_archive_read_open(archive, file.rawValue, 1 << 16) == Int32(KILT_ARCHIVE_OK) else {
      throw damaged(archive)
    }
    var unpacked: [String] = []
    var seen = Set<String>()
    var total: Int64 = 0
    var count = 0
    let allowed = allowed(for: size)
    var copies: [ArchiveCopy] = []
    while true {
      var entry: OpaquePointer?
      let code = kilt_archive_read_next(archive, &entry)
      if code == Int32(KILT_ARCHIVE_EOF) {
        if copies.isEmpty { return unpacked }
        return try copy(copies, of: unpacked, in: directory, allowed: allowed, total: total, count: count)
      }
      // A warning is about a name that the locale does not have, or an attribute that is not used here.
      guard code == Int32(KILT_ARCHIVE_OK) || code == Int32(KILT_ARCHIVE_WARN), let entry else {
        throw damaged(archive)
      }
      count += 1
      guard let bytes = kilt_archive_entry_path(entry), let name = String(validatingCString: bytes) else {
        throw .refused(path, entry: "", reason: "a name is not UTF-8")
      }
      guard count <= limits.entries else {
        throw .refused(path, entry: name, reason: "more than \(limits.entries) entries")
      }
      let all = try parts(of: name)
      let linked = try check(entry, name, parent: all.dropLast(), links)
      let parts = all.dropFirst(strips)
      if parts.isEmpty { continue }
      let relative = parts.joined(separator: "/")
      let isDirectory = kilt_archive_entry_type(entry) == S_IFDIR
      guard seen.insert(relative).inserted || isDirectory else {
        throw .refused(path, entry: name, reason: "a name is given twice")
      }
      if let linked {
        // A link to a part that is left out cannot be followed.
        if linked.count >= strips {
          copies.append(ArchiveCopy(path: relative, source: linked.dropFirst(strips).joined(separator: "/")))
        }
        continue
      }
      let target = FilePath("\(directory)/\(relative)")
      if isDirectory {
        do throws(SystemCallError) { try FileSystem.createDirectories(target) } catch { throw .file(error) }
        continue
      }
      if replaces { try remove(target) }
      let mode: UInt32 = kilt_archive_entry_mode(entry) & 0o111 != 0 ? 0o755 : 0o644
      try write(archive, name, to: target, mode: mode, allowed: allowed, &total)
      if keepsTimes { try setTime(kilt_archive_entry_time(entry), of: target) }
      unpacked.append(relative)
    }
  }

  /// Writes what a file that is only compressed holds (gzip, bzip2, xz, zstd) to another file, which appears whole and
  /// last, in the place of one that is there.
  public func decompress(to target: FilePath) throws(ArchiveError) {
    if let reason = kilt_archive_load() { throw .libraryMissing(String(cString: reason)) }
    let (file, size) = try open()
    defer { FileSystem.close(file) }
    guard let archive = kilt_archive_read_new() else { throw .damaged(path, "out of memory") }
    defer { _ = kilt_archive_read_free(archive) }
    var entry: OpaquePointer?
    guard kilt_archive_read_open_raw(archive, file.rawValue, 1 << 16) == Int32(KILT_ARCHIVE_OK),
      kilt_archive_read_next(archive, &entry) == Int32(KILT_ARCHIVE_OK)
    else { throw damaged(archive) }
    guard kilt_archive_filter_count(archive) > 1 else {
      throw .damaged(path, "it is not compressed with gzip, bzip2, xz or zstd")
    }
    let part = FilePath("\(target).part")
    try remove(part)
    var total: Int64 = 0
    try write(archive, target.lastComponent?.string ?? "", to: part, mode: 0o644, allowed: allowed(for: size), &total)
    do throws(SystemCallError) { try FileSystem.rename(part, to: target) } catch { throw .file(error) }
  }

  private func open() throws(ArchiveError) -> (file: FileDescriptor, size: Int64) {
    do throws(SystemCallError) {
      let file = try FileSystem.open(path, .readOnly)
      return (file, try FileSystem.status(of: file).size)
    } catch {
      throw .file(error)
    }
  }

  /// The bytes that an archive of this size can unpack to.
  private func allowed(for size: Int64) -> Int64 {
    min(limits.bytes, max(64 << 20, size.multipliedReportingOverflow(by: limits.ratio).partialValue))
  }

  /// Removes a file that may be there; of a link, the link.
  private func remove(_ target: FilePath) throws(ArchiveError) {
    do throws(SystemCallError) { try FileSystem.removeFile(target) } catch { throw .file(error) }
  }

  private func setTime(_ seconds: Int64, of target: FilePath) throws(ArchiveError) {
    // Before 1970 and after 2200 are errors of a clock.
    let seconds = min(max(seconds, 0), 7_258_118_400)
    do throws(SystemCallError) {
      try FileSystem.setModificationTime(seconds * 1_000_000_000, of: target)
    } catch {
      throw .file(error)
    }
  }

  /// Refuses everything but files, directories, and by `links` links inside of the archive.
  ///
  /// - Returns: the parts of the path that a link leads to; nil for what is no link.
  private func check(
    _ entry: OpaquePointer, _ name: String, parent: ArraySlice<Substring>, _ links: ArchiveLinks
  ) throws(ArchiveError) -> [Substring]? {
    func refuse(_ reason: String) -> ArchiveError { .refused(path, entry: name, reason: reason) }
    if kilt_archive_entry_is_encrypted(entry) != 0 { throw refuse("an entry is encrypted") }
    if let target = kilt_archive_entry_hardlink(entry) {
      guard links == .copied else { throw refuse("a hard link") }
      return try parts(of: String(cString: target))
    }
    switch kilt_archive_entry_type(entry) {
    case S_IFREG, S_IFDIR: return nil
    case S_IFLNK:
      guard links == .copied, let target = kilt_archive_entry_symlink(entry) else { throw refuse("a symbolic link") }
      let text = String(cString: target)
      guard !text.hasPrefix("/") else { throw refuse("a symbolic link to an absolute path") }
      var parts = Array(parent)
      for part in text.split(separator: "/") where part != "." {
        if part != ".." {
          parts.append(Substring(String(part)))
        } else if parts.popLast() == nil {
          throw refuse("a symbolic link that leads out of the archive")
        }
      }
      return parts
    default: throw refuse("a device, pipe or socket")
    }
  }

  /// The parts of a relative path that stays where it is.
  private func parts(of name: String) throws(ArchiveError) -> [Substring] {
    func refuse(_ reason: String) -> ArchiveError { .refused(path, entry: name, reason: reason) }
    guard !name.hasPrefix("/"), !name.contains("\\"), !name.utf8.contains(0) else {
      throw refuse("a path is absolute, or has a backslash")
    }
    let parts = name.split(separator: "/").filter { $0 != "." }
    guard !parts.contains("..") else { throw refuse("a path has \"..\"") }
    guard parts.allSatisfy({ $0.utf8.count <= 255 }), name.utf8.count <= 4096 else {
      throw refuse("a path is too long")
    }
    return parts
  }

  private func write(
    _ archive: OpaquePointer, _ name: String, to target: FilePath, mode: UInt32, allowed: Int64, _ total: inout Int64
  ) throws(ArchiveError) {
    let file: FileDescriptor
    do throws(SystemCallError) {
      let parent = target.removingLastComponent()
      if !parent.isEmpty { try FileSystem.createDirectories(parent) }
      file = try FileSystem.open(
        target, .writeOnly, options: [.create, .exclusiveCreate, .noFollow],
        permissions: FilePermissions(rawValue: mode_t(mode)))
    } catch {
      throw .file(error)
    }
    defer { FileSystem.close(file) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let read = kilt_archive_read_data(archive, buffer.baseAddress, buffer.count)
      if read == 0 { return }
      guard read > 0 else { throw damaged(archive) }
      total += Int64(read)
      guard total <= allowed else {
        throw .refused(path, entry: name, reason: "it unpacks to more than \(allowed) bytes")
      }
      do throws(SystemCallError) {
        try FileSystem.write(UnsafeRawBufferPointer(rebasing: buffer[..<read]), to: file, path: target)
      } catch {
        throw .file(error)
      }
    }
  }

  private func damaged(_ archive: OpaquePointer) -> ArchiveError {
    .damaged(path, kilt_archive_error(archive).map { String(cString: $0) } ?? "it is not an archive of a known format")
  }
}
