import Glibc
public import SystemPackage
public import SystemSupport

/// Writes an archive into a new file beside its final path and renames it there, so that nobody sees an incomplete
/// archive.
///
/// Deterministic: the bytes depend only on the added members and their order. Memory is bounded by the directory (about
/// 120 bytes per member) and one buffer.
public final class ZipWriter {
  /// The final path of the archive.
  public let path: FilePath
  private var replacement: FileReplacement?
  /// The open file; it can be read while it is written.
  public let descriptor: FileDescriptor
  private var buffer: [UInt8] = []
  private var directory: [UInt8] = []
  private var flushed: UInt64 = 0

  /// Members so far.
  public private(set) var count: UInt64 = 0
  /// Bytes so far: where the next local header goes.
  public var offset: UInt64 { flushed + UInt64(buffer.count) }

  private static let bufferSize = 1 << 20
  /// Larger pieces are written from where they lie.
  private static let directSize = 128 << 10
  /// The number of bytes of a member that are written at a time.
  private static let pieceSize = 8 << 20

  /// Creates the temporary file.
  ///
  /// Its directory must exist.
  /// - Parameter permissions: of the finished file, free of the umask.
  public init(creating path: FilePath, permissions: UInt32 = 0o644) throws(ZipWriteError) {
    self.path = path
    do throws(SystemCallError) {
      let replacement = try FileReplacement(of: path, permissions: permissions)
      descriptor = replacement.file
      self.replacement = consume replacement
    } catch {
      throw ZipWriteError(path: path, cause: error)
    }
    buffer.reserveCapacity(Self.bufferSize)
  }

  /// Bytes outside of any member: the prefix.
  public func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  /// Adds a member of our own.
  public func add(_ contents: ZipContents, named name: [UInt8], isExecutable: Bool = false) throws {
    try begin(contents.entry(named: name, isExecutable: isExecutable))
    try write(contents.bytes)
  }

  /// Adds a member of another archive under a new name, its data as it is.
  public func copy(_ member: ZipMember, from archive: ZipArchive, as name: [UInt8]) throws {
    try copy(member, from: archive, as: ZipEntry(member, name: name))
  }

  /// Adds a member of another archive as `entry`, made from it, says; its data as it is.
  public func copy(_ member: ZipMember, from archive: ZipArchive, as entry: ZipEntry) throws {
    try begin(entry)
    try withExtendedLifetime(archive) {
      var rest = archive.rawData(of: member)
      while !rest.isEmpty {
        let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.pieceSize))
        try write(piece)
        if piece.count == Self.pieceSize { Self.release(piece) }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
      }
    }
  }

  /// Releases mapped pages, so that memory does not grow with the archive; they are read again when needed.
  static func release(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    let start = (UInt(bitPattern: base) + 4095) & ~4095
    let end = (UInt(bitPattern: base) + UInt(bytes.count)) & ~4095
    guard start < end, let address = UnsafeMutableRawPointer(bitPattern: start) else { return }
    // A refusal costs memory only.
    madvise(address, Int(end - start), Int32(MADV_DONTNEED))
  }

  /// Writes the header of a member; exactly `compressedSize` bytes of ``write(_:)`` must follow.
  public func begin(_ entry: ZipEntry) throws {
    entry.writeCentralRecord(to: &directory, offset: offset)
    entry.writeLocalHeader(to: &buffer)
    count += 1
    if buffer.count >= Self.bufferSize { try flush() }
  }

  /// Adds members whose headers and data are already bytes of `source`: `range` is copied as it is.
  /// - Parameter entries: the members in it, with the offsets of their headers from the start of the range.
  public func copy(
    _ range: Range<UInt64>, of source: FileDescriptor, entries: some Sequence<(entry: ZipEntry, offset: UInt64)>
  ) throws {
    let start = offset
    for (entry, offset) in entries {
      entry.writeCentralRecord(to: &directory, offset: start + offset)
      count += 1
    }
    try copy(range, of: source)
  }

  /// Adds members of another archive of this writer with headers, data and directory records as they are.
  ///
  /// - Parameters:
  ///   - range: where they lie in `source`; the same place as here.
  ///   - records: their records of the directory.
  public func copy(_ range: Range<UInt64>, of source: FileDescriptor, records: ZipDirectoryRecords) throws {
    precondition(range.lowerBound == offset, "records say where members are")
    directory += records.bytes
    count += records.count
    try copy(range, of: source)
  }

  private func copy(_ range: Range<UInt64>, of source: FileDescriptor) throws {
    try flush()
    do throws(SystemCallError) {
      guard lseek(source.rawValue, off_t(range.lowerBound), SEEK_SET) >= 0 else {
        throw SystemCallError("lseek", path, Errno(rawValue: errno))
      }
      var rest = range.count
      while rest > 0 {
        let piece = min(rest, Self.pieceSize)
        try FileSystem.copyBytes(from: source, to: descriptor, length: piece)
        flushed += UInt64(piece)
        rest -= piece
      }
    } catch {
      throw ZipWriteError(path: path, cause: error)
    }
  }

  /// Leaves a hole, which reads as zeros: large archives for tests.
  func leaveHole(_ size: UInt64) throws(ZipWriteError) {
    try flush()
    guard lseek(descriptor.rawValue, off_t(size), SEEK_CUR) >= 0 else {
      throw ZipWriteError(path: path, cause: SystemCallError("lseek", path, Errno(rawValue: errno)))
    }
    flushed += size
  }

  /// Writes raw bytes: data of the member begun last.
  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    if bytes.count >= Self.directSize {
      try flush()
      try writeAll(bytes)
      return
    }
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.bufferSize { try flush() }
  }

  /// Hands the buffer to the file.
  public func flush() throws(ZipWriteError) {
    guard !buffer.isEmpty else { return }
    do throws(SystemCallError) {
      try FileSystem.write(buffer, to: descriptor, path: path)
    } catch {
      throw ZipWriteError(path: path, cause: error)
    }
    flushed += UInt64(buffer.count)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Writes the directory.
  ///
  /// The file is whole then, but still under its temporary name.
  /// - Returns: the offset of the directory.
  @discardableResult
  public func finishDirectory() throws -> UInt64 {
    let start = offset
    try directory.withUnsafeBytes { try write($0) }
    let size = UInt64(directory.count)
    directory = []
    var end: [UInt8] = []
    if count >= 0xffff || start >= 0xffff_ffff || size >= 0xffff_ffff {
      let record = start + size
      end.put32(ZipFormat.end64Signature)
      end.put64(UInt64(ZipFormat.end64Size - 12))
      end.put16(3 << 8 | 45)
      end.put16(45)
      end.put32(0)
      end.put32(0)
      end.put64(count)
      end.put64(count)
      end.put64(size)
      end.put64(start)
      end.put32(ZipFormat.end64LocatorSignature)
      end.put32(0)
      end.put64(record)
      end.put32(1)
    }
    end.put32(ZipFormat.endSignature)
    end.put16(0)
    end.put16(0)
    end.put16(UInt16(min(count, 0xffff)))
    end.put16(UInt16(min(count, 0xffff)))
    end.put32(UInt32(min(size, 0xffff_ffff)))
    end.put32(UInt32(min(start, 0xffff_ffff)))
    end.put16(0)
    try write(end)
    try flush()
    return start
  }

  /// Gives the file its name and closes it.
  ///
  /// ``finishDirectory()`` must have been called.
  public func publish(_ durability: Durability = .atomic) throws(ZipWriteError) {
    guard let replacement = replacement.take() else { return }
    do throws(SystemCallError) { try replacement.commit(durability) } catch {
      throw ZipWriteError(path: path, cause: error)
    }
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer) throws(ZipWriteError) {
    do throws(SystemCallError) {
      try FileSystem.write(bytes, to: descriptor, path: path)
    } catch {
      throw ZipWriteError(path: path, cause: error)
    }
    flushed += UInt64(bytes.count)
  }
}
