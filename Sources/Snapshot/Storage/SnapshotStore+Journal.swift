internal import Glibc
internal import SystemPackage
internal import SystemSupport

/// The journal: a head that names the snapshot it belongs to, and records. A record is the number of its bytes, their
/// checksum, the sizes of all sections, and the ranges that were written over or appended, each with its bytes.
extension SnapshotStore {
  private static let headSize = 20
  private static let recordHeadSize = 8

  private func journalPath(_ number: UInt64) -> FilePath { directory.appending("journal-\(number)") }

  /// The size of a journal, 0 when there is none.
  func journalSize(_ number: UInt64) -> Int {
    // A journal that cannot be examined does not count as one.
    guard let status = try? FileSystem.status(of: journalPath(number)) else { return 0 }
    return Int(status.size)
  }

  /// The size of a journal's head and whole records; 0 when there is none.
  func validJournalSize(_ origin: StateImage.Origin) -> Int {
    // A journal that cannot be read has no records: a writer that has read some gives up.
    guard let bytes = try? FileSystem.read(journalPath(origin.number)) else { return 0 }
    return bytes.withUnsafeBytes { Self.forEachRecord($0, origin.identity) { _ in } }
  }

  /// Applies the complete records, up to the first that is not.
  ///
  /// - Throws: ``SnapshotError/damaged(_:)`` for a complete record that is invalid.
  func applyJournal(_ number: UInt64, _ identity: UInt64, to image: StateImage) throws(SnapshotError) {
    // Most of the time there is none.
    guard let bytes = try? FileSystem.read(journalPath(number)) else { return }
    image.origin?.journalSize = try bytes.withBytes { bytes throws(SnapshotError) in
      try Self.forEachRecord(bytes, identity) { record throws(SnapshotError) in try apply(record, to: image) }
    }
    image.noteSaved()
  }

  /// Visits the complete records; later bytes were torn by a crash, or are just being written. After a power cut, a
  /// file can have its new size with zeros in place of its new bytes. So a record of no bytes, or with a wrong
  /// checksum, ends the journal as the end of the file does, and so does a head that belongs to another snapshot. The
  /// state is then an earlier one, which costs time.
  ///
  /// - Returns: the size of head and complete records.
  private static func forEachRecord<Failure: Error>(
    _ bytes: UnsafeRawBufferPointer, _ identity: UInt64,
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) -> Int {
    guard bytes.count >= headSize, bytes.fixed64(at: 0) == SnapshotFormat.journalMagic,
      bytes.fixed64(at: 8) == identity,
      SnapshotFormat.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<16])) == bytes.fixed32(at: 16)
    else { return 0 }
    var position = headSize
    while bytes.count - position >= recordHeadSize {
      let size = Int(bytes.fixed32(at: position))
      let start = position + recordHeadSize
      guard size > 0, size <= bytes.count - start else { break }
      let record = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + size)])
      guard SnapshotFormat.checksum(record) == bytes.fixed32(at: position + 4) else { break }
      try body(record)
      position = start + size
    }
    return position
  }

  private func apply(_ record: UnsafeRawBufferPointer, to image: StateImage) throws(SnapshotError) {
    var reader = ByteReader(record)
    for region in image.regions { try region.setCount(try reader.int()) }
    while !reader.isAtEnd {
      let (section, offset) = (try reader.int(), try reader.int())
      let data = try reader.data()
      guard section < image.regions.count, offset + data.count <= image.regions[section].count else {
        throw .damaged("a record of the journal")
      }
      data.withUnsafeBytes {
        if let start = $0.baseAddress { memcpy(image.regions[section].base + offset, start, $0.count) }
      }
    }
  }

  /// Appends the changes.
  ///
  /// - Returns: the new size; nil if a new snapshot is better.
  func appendToJournal(_ image: StateImage, _ origin: StateImage.Origin) throws(SystemCallError) -> Int? {
    var size = 0
    for region in image.regions {
      size += region.count - region.savedCount + region.changes.reduce(0) { $0 + $1.count + 16 }
      // Sections only grow; an emptied section is written as a whole.
      if region.count < region.savedCount { return nil }
    }
    guard origin.journalSize + size <= max(1 << 20, origin.snapshotSize / 4) else { return nil }
    var writer = ByteWriter()
    for region in image.regions { writer.write(region.count) }
    for (index, region) in image.regions.enumerated() {
      for range in Self.merged(region.changes) + [region.savedCount..<region.count] where !range.isEmpty {
        writer.write(index)
        writer.write(range.lowerBound)
        writer.write([UInt8](UnsafeRawBufferPointer(start: region.base + range.lowerBound, count: range.count)))
      }
    }
    var bytes: [UInt8] = []
    if origin.journalSize == 0 {
      bytes.append(fixed: SnapshotFormat.journalMagic)
      bytes.append(fixed: origin.identity)
      bytes.append(fixed: bytes.withUnsafeBytes { SnapshotFormat.checksum($0) })
    }
    bytes.append(fixed: UInt32(writer.bytes.count))
    bytes.append(fixed: writer.bytes.withUnsafeBytes { SnapshotFormat.checksum($0) })
    bytes += writer.bytes
    let file = try FileSystem.open(journalPath(origin.number), .writeOnly, options: [.create, .append])
    defer { FileSystem.close(file) }
    // One write: a reader sees the record whole, or torn, which its checksum tells.
    try FileSystem.write(bytes, to: file)
    return origin.journalSize + bytes.count
  }

  /// Ranges without repetition.
  private static func merged(_ ranges: [Range<Int>]) -> [Range<Int>] {
    var result: [Range<Int>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, range.lowerBound <= last.upperBound {
        result[result.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }
}
