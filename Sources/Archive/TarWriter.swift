import CArchiveShims
public import SystemSupport

/// Writes a tar whose bytes depend on names, contents and modes alone: owner and group 0, one time, entries in the order
/// they are added.
public struct TarWriter: ~Copyable {
  /// The compression of a tar.
  public enum Compression: String, Sendable, CaseIterable {
    case none, gzip, bzip2, xz, zstd

    /// The one in the suffix of a file name such as `tar.gz`; nil for another suffix.
    public init?(suffix: String) {
      switch suffix {
      case "tar": self = .none
      case "tar.gz", "tgz": self = .gzip
      case "tar.bz2": self = .bzip2
      case "tar.xz": self = .xz
      case "tar.zst": self = .zstd
      default: return nil
      }
    }

    /// The level, and for gzip no time of its own.
    fileprivate var options: String? {
      switch self {
      case .none: nil
      case .gzip: "gzip:compression-level=9,gzip:!timestamp"
      case .bzip2: "bzip2:compression-level=9"
      case .xz: "xz:compression-level=6,xz:threads=1"
      case .zstd: "zstd:compression-level=9"
      }
    }
  }

  private let archive: OpaquePointer
  private let path: FilePath
  private let time: Int64

  /// The version of libarchive: its compressors decide on the bytes.
  public static func libraryVersion() throws(ArchiveError) -> String {
    if let reason = kilt_archive_load() { throw .libraryMissing(String(cString: reason)) }
    return String(cString: kilt_archive_version())
  }

  /// Begins an archive in an open, empty file.
  ///
  /// - Parameters:
  ///   - path: the file, for messages.
  ///   - time: of every entry, in seconds since 1970.
  public init(
    to file: FileDescriptor, path: FilePath, compression: Compression, time: Int64 = 0
  ) throws(ArchiveError) {
    if let reason = kilt_archive_load() { throw .libraryMissing(String(cString: reason)) }
    guard let archive = kilt_archive_write_new() else { throw .cannotWrite(path, "out of memory") }
    let filter = compression == .none ? nil : compression.rawValue
    let code = kilt_archive_write_open(archive, file.rawValue, filter, compression.options)
    guard code == Int32(KILT_ARCHIVE_OK) else {
      let reason = kilt_archive_error(archive).map { String(cString: $0) } ?? "libarchive: \(code)"
      _ = kilt_archive_write_free(archive)
      throw .cannotWrite(path, reason)
    }
    self.archive = archive
    self.path = path
    self.time = time
  }

  deinit { _ = kilt_archive_write_free(archive) }

  /// Adds a file.
  public func add(_ bytes: UnsafeRawBufferPointer, named name: String, isExecutable: Bool) throws(ArchiveError) {
    try check(
      kilt_archive_write_head(archive, name, Int64(bytes.count), isExecutable ? 0o755 : 0o644, time, 0))
    var rest = bytes
    while !rest.isEmpty {
      let count = kilt_archive_write_data(archive, rest.baseAddress, rest.count)
      guard count > 0 else { throw failure(Int32(truncatingIfNeeded: count)) }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }

  /// Adds a directory.
  public func add(directory name: String) throws(ArchiveError) {
    try check(kilt_archive_write_head(archive, name, 0, 0o755, time, 1))
  }

  /// Writes the end. Without it, the written bytes are not an archive.
  public func finish() throws(ArchiveError) { try check(kilt_archive_write_close(archive)) }

  private func check(_ code: Int32) throws(ArchiveError) {
    guard code == Int32(KILT_ARCHIVE_OK) else { throw failure(code) }
  }

  private func failure(_ code: Int32) -> ArchiveError {
    .cannotWrite(path, kilt_archive_error(archive).map { String(cString: $0) } ?? "libarchive: \(code)")
  }
}
