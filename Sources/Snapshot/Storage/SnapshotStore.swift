internal import Glibc
internal import Synchronization
public import SystemPackage
internal import SystemSupport

/// The storage of images between processes: a directory with `CURRENT`, `snapshot-N`, `journal-N` and `lock`.
///
/// A snapshot never changes once `CURRENT` names it, and only complete records of a journal count, so readers take no
/// lock and never wait. A writer gives up if another writer is active, or has written since this one read: losing state
/// costs time, never correctness.
public struct SnapshotStore: Sendable {
  /// The directory.
  public let directory: FilePath
  /// The conditions of the state: the program and its options. State with another key is ignored.
  public let key: [UInt8]

  /// The result of ``load(sections:)``.
  public struct Loaded {
    /// The state that was saved last, or empty sections.
    public var image: StateImage
    /// Whether no usable state was found.
    public var isEmpty: Bool
    /// The reason why the saved state is unusable, if it is worth a note: it is damaged.
    public var note: String?
  }

  /// A store in this directory, which need not be there yet.
  ///
  /// - Parameter key: 32 bytes or fewer.
  public init(directory: FilePath, key: [UInt8]) {
    self.directory = directory
    self.key = Array((key + [UInt8](repeating: 0, count: 32)).prefix(32))
  }

  /// Reads the state that was saved last.
  ///
  /// - Throws: ``SnapshotError/outOfMemory``.
  public func load(sections: Int) throws(SnapshotError) -> Loaded {
    // Another process can replace a snapshot between the reading of its number and its opening: then the next number
    // exists.
    var seen: UInt64?
    var note: String?
    for _ in 0..<5 {
      seen = currentNumber()
      guard let number = seen else { break }
      do throws(SnapshotError) {
        guard let image = try open(number, sections: sections) else { continue }
        return Loaded(image: image, isEmpty: false, note: nil)
      } catch {
        if case .damaged(let what) = error { note = what }
        break
      }
    }
    let image = try StateImage(sections: sections)
    image.seenNumber = seen
    return Loaded(image: image, isEmpty: true, note: note)
  }

  private func path(_ name: String) -> FilePath { directory.appending(name) }

  private func currentNumber() -> UInt64? {
    // Without a readable CURRENT, the state is missing.
    guard let bytes = try? FileSystem.read(path("CURRENT"), limit: 64) else { return nil }
    return UInt64(String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self))
  }

  /// - Returns: nil when the file is gone.
  private func open(_ number: UInt64, sections: Int) throws(SnapshotError) -> StateImage? {
    let file = path("snapshot-\(number)").withPlatformString { Glibc.open($0, O_RDONLY | O_CLOEXEC) }
    if file < 0 {
      if errno == ENOENT { return nil }
      throw .system("the snapshot cannot be opened")
    }
    defer { Glibc.close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .system("the snapshot cannot be examined") }
    var header = [UInt8](repeating: 0, count: SnapshotFormat.pageSize)
    let read = header.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
    guard read == SnapshotFormat.pageSize else { throw .damaged("the snapshot's header") }
    let image = try StateImage(sections: sections)
    let identity = try header.withBytes { header throws(SnapshotError) in
      try readHeader(header, file, fileSize: Int(status.st_size), into: image)
    }
    image.origin = .init(
      number: number, identity: identity, journalSize: 0, snapshotSize: Int(status.st_size))
    try applyJournal(number, identity, to: image)
    return image
  }

  private func readHeader(
    _ header: UnsafeRawBufferPointer, _ file: CInt, fileSize: Int, into image: StateImage
  ) throws(SnapshotError) -> UInt64 {
    let end = SnapshotFormat.pageSize - 4
    let body = UnsafeRawBufferPointer(rebasing: header[..<end])
    guard header.fixed64(at: 0) == SnapshotFormat.magic, SnapshotFormat.checksum(body) == header.fixed32(at: end) else {
      throw .damaged("the snapshot's header")
    }
    guard header.fixed32(at: 8) == SnapshotFormat.version, header.fixed32(at: 12) == UInt32(image.regions.count),
      header[24..<56].elementsEqual(key)
    else { throw .system("the snapshot is of another program or other options") }
    for (index, region) in image.regions.enumerated() {
      let entry = 64 + index * 24
      let (offset, size) = (Int(header.fixed64(at: entry)), Int(header.fixed64(at: entry + 8)))
      guard offset % SnapshotFormat.pageSize == 0, size >= 0, offset + size <= fileSize else {
        throw .damaged("the snapshot's size")
      }
      try region.map(file, offset: offset, size: size, capacity: SnapshotFormat.roundedToPages(size))
    }
    // Reads every byte, which takes most of the time of opening: on two threads.
    let checksums = image.regions.indices.map { header.fixed32(at: 64 + $0 * 24 + 16) }
    let damaged = Atomic<Int>(-1)
    performInParallel(count: image.regions.count, threads: image.totalSize > 1 << 20 ? 2 : 1) { index in
      let region = image.regions[index]
      let bytes = UnsafeRawBufferPointer(start: region.base, count: region.count)
      if SnapshotFormat.checksum(bytes) != checksums[index] { damaged.store(index, ordering: .relaxed) }
    }
    let section = damaged.load(ordering: .relaxed)
    if section >= 0 { throw .damaged("section \(section) of the snapshot") }
    return header.fixed64(at: 16)
  }

  // MARK: Saving

  /// The result of ``save(_:)``.
  public enum Outcome: Sendable, Hashable {
    case nothingToSave
    case journalled
    case wroteSnapshot
    /// Another process is writing, or has written since this image was read.
    case gaveUp
  }

  /// Saves the image for the next process: by a record in the journal, or a new snapshot after many changes.
  ///
  /// - Parameter compactly: writes a new snapshot in any case.
  /// - Throws: ``SnapshotError`` if the disk does not accept it; the saved state is then unchanged.
  public func save(_ image: StateImage, compactly: Bool = false) throws(SnapshotError) -> Outcome {
    guard image.isChanged || compactly else { return .nothingToSave }
    do throws(SystemCallError) {
      try FileSystem.createDirectories(directory)
      guard let lock = try FileLock.attempt(path("lock")) else { return .gaveUp }
      let outcome = try saveLocked(image, compactly: compactly)
      _ = consume lock
      return outcome
    } catch {
      throw .system(error.description)
    }
  }

  private func saveLocked(_ image: StateImage, compactly: Bool) throws(SystemCallError) -> Outcome {
    let current = currentNumber()
    guard current == image.origin?.number ?? image.seenNumber else { return .gaveUp }
    if let origin = image.origin {
      let valid = validJournalSize(origin)
      guard valid == origin.journalSize else { return .gaveUp }
      // After the complete records there can be one that a crash has torn: then the journal is not continued.
      if !compactly, journalSize(origin.number) == valid, let size = try appendToJournal(image, origin) {
        image.origin?.journalSize = size
        image.noteSaved()
        return .journalled
      }
    }
    try writeSnapshot(image, number: (current ?? 0) + 1, replacing: current)
    return .wroteSnapshot
  }

  private func writeSnapshot(_ image: StateImage, number: UInt64, replacing last: UInt64?) throws(SystemCallError) {
    var header: [UInt8] = []
    header.append(fixed: SnapshotFormat.magic)
    header.append(fixed: SnapshotFormat.version)
    header.append(fixed: UInt32(image.regions.count))
    let identity = UInt64(bitPattern: wallClockNanoseconds()) ^ (UInt64(getpid()) << 40)
    header.append(fixed: identity)
    header += key
    header.append(fixed: UInt64(bitPattern: wallClockNanoseconds()))
    var offset = SnapshotFormat.pageSize
    for region in image.regions {
      header.append(fixed: UInt64(offset))
      header.append(fixed: UInt64(region.count))
      header.append(fixed: SnapshotFormat.checksum(UnsafeRawBufferPointer(start: region.base, count: region.count)))
      header.append(fixed: UInt32(0))
      offset += SnapshotFormat.roundedToPages(region.count)
    }
    header += [UInt8](repeating: 0, count: SnapshotFormat.pageSize - 4 - header.count)
    header.append(fixed: header.withUnsafeBytes { SnapshotFormat.checksum($0) })
    let padding = [UInt8](repeating: 0, count: SnapshotFormat.pageSize)
    try FileSystem.replace(path("snapshot-\(number)"), durability: .durable) { file throws(SystemCallError) in
      try FileSystem.write(header, to: file)
      for region in image.regions {
        try FileSystem.write(UnsafeRawBufferPointer(start: region.base, count: region.count), to: file)
        let rest = SnapshotFormat.roundedToPages(region.count) - region.count
        if rest > 0 { try FileSystem.write(Array(padding[..<rest]), to: file) }
      }
    }
    try FileSystem.removeFile(path("journal-\(number)"))
    try FileSystem.write(text: "\(number)\n", to: path("CURRENT"), durability: .durable)
    if let last {
      try FileSystem.removeFile(path("snapshot-\(last)"))
      try FileSystem.removeFile(path("journal-\(last)"))
    }
    image.origin = .init(number: number, identity: identity, journalSize: 0, snapshotSize: offset)
    image.noteSaved()
  }
}
