import SystemPackage
import SystemSupport
import Testing

@testable import Snapshot

/// State that is kept between processes: what was saved is read, or nothing is.
@Suite struct StoreTests {
  /// A store in a directory of its own, gone with the value.
  final class Folder {
    let path: FilePath
    let store: SnapshotStore

    init() throws {
      path = try FileSystem.makeTemporaryDirectory(prefix: "snapshot-test")
      store = SnapshotStore(directory: path.appending("state"), key: [1, 2, 3])
    }

    deinit { try? FileSystem.removeTree(path) }

    func file(_ name: String) -> FilePath { store.directory.appending(name) }

    /// The rows of the first section and the bytes of the second, as the next process reads them; nil for no state.
    func read() throws -> (rows: [UInt64], text: [UInt8], note: String?)? {
      let loaded = try store.load(sections: 2)
      if loaded.isEmpty { return loaded.note.map { ([], [], $0) } }
      let column = Column<UInt64>(loaded.image, 0)
      return ((0..<column.count).map { column[$0] }, Array(loaded.image.bytes(1)), nil)
    }
  }

  /// Saves a snapshot of these rows and this text.
  private func saved(_ rows: [UInt64], _ text: [UInt8]) throws -> Folder {
    let folder = try Folder()
    let image = try folder.store.load(sections: 2).image
    _ = try Column<UInt64>(image, 0).append(contentsOf: rows)
    _ = try image.append(text, to: 1)
    #expect(try folder.store.save(image) == .wroteSnapshot)
    return folder
  }

  @Test func whatWasSavedIsRead() throws {
    let folder = try saved([7, 8], [1, 2, 3])
    let found = try #require(try folder.read())
    #expect(found.rows == [7, 8] && found.text == [1, 2, 3])
  }

  @Test func aChangeIsARecordInTheJournalAndNothingIsWrittenWithoutOne() throws {
    let folder = try saved(Array(0..<5000), Array(repeating: 9, count: 5000))
    let image = try folder.store.load(sections: 2).image
    #expect(try folder.store.save(image) == .nothingToSave)
    let before = try FileSystem.read(folder.file("snapshot-1"))
    let column = Column<UInt64>(image, 0)
    column[17] = 1717
    _ = try image.append([5], to: 1)
    #expect(try folder.store.save(image) == .journalled)
    #expect(try FileSystem.read(folder.file("snapshot-1")) == before)
    let found = try #require(try folder.read())
    #expect(found.rows[17] == 1717 && found.rows[18] == 18 && found.text.count == 5001 && found.text.last == 5)
  }

  @Test func stateOfAnotherKeyIsNoState() throws {
    let folder = try saved([1], [])
    let other = SnapshotStore(directory: folder.store.directory, key: [9])
    let loaded = try other.load(sections: 2)
    #expect(loaded.isEmpty && loaded.note == nil)
  }

  @Test func ofTwoWritersTheSecondGivesUp() throws {
    let folder = try saved([1], [])
    let (one, two) = (try folder.store.load(sections: 2).image, try folder.store.load(sections: 2).image)
    Column<UInt64>(one, 0)[0] = 2
    Column<UInt64>(two, 0)[0] = 3
    #expect(try folder.store.save(one) != .gaveUp)
    #expect(try folder.store.save(two) == .gaveUp)
    #expect(try folder.read()?.rows == [2])
  }

  @Test func aSnapshotDamagedOrCutOffAtAnyByteIsReadRightOrNotAtAll() throws {
    let (rows, text): ([UInt64], [UInt8]) = ([7, 8, 9], Array("declarations".utf8))
    let folder = try saved(rows, text)
    let whole = try FileSystem.read(folder.file("snapshot-1"))
    var discarded = 0
    func check(_ bytes: [UInt8], _ what: @autoclosure () -> String) throws {
      try FileSystem.write(bytes, to: folder.file("snapshot-1"))
      guard let found = try folder.read(), found.note == nil else {
        discarded += 1
        return
      }
      #expect(found.rows == rows && found.text == text, "\(what())")
    }
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 0x55
      try check(bytes, "byte \(place)")
    }
    // The header and both sections are covered by checksums; the rest of each page holds nothing.
    #expect(discarded >= SnapshotFormat.pageSize + 24 + text.count)
    for length in stride(from: 0, to: whole.count, by: 7) { try check(Array(whole[..<length]), "\(length) bytes") }
  }

  @Test func aJournalDamagedOrCutOffAtAnyByteCountsAsFarAsItIsWhole() throws {
    let folder = try saved(Array(0..<600), Array(repeating: 0, count: 6000))
    var states: [[UInt64]] = [Array(0..<600)]
    for step in 0..<3 {
      let image = try folder.store.load(sections: 2).image
      let column = Column<UInt64>(image, 0)
      column[step * 100] = UInt64(9000 + step)
      #expect(try folder.store.save(image) == .journalled)
      states.append((0..<600).map { column[$0] })
    }
    let whole = try FileSystem.read(folder.file("journal-1"))
    func check(_ bytes: [UInt8], _ what: @autoclosure () -> String) throws {
      try FileSystem.write(bytes, to: folder.file("journal-1"))
      let found = try #require(try folder.read())
      #expect(found.note == nil && states.contains(found.rows), "\(what())")
    }
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 0x55
      try check(bytes, "byte \(place)")
      let kept = Array(whole[..<place])
      try check(kept, "\(place) bytes")
      try check(kept + [UInt8](repeating: 0, count: whole.count - place), "\(place) bytes and zeros")
    }
  }

  @Test(
    "A journal torn by a power cut loses its tail only, and the next save is read",
    arguments: [0, 1, 19, 20, 27, 40, 90])
  func tornTail(kept: Int) throws {
    let folder = try saved(Array(0..<600), Array(repeating: 0, count: 6000))
    func change(_ row: Int, to value: UInt64) throws -> SnapshotStore.Outcome {
      let image = try folder.store.load(sections: 2).image
      Column<UInt64>(image, 0)[row] = value
      return try folder.store.save(image)
    }
    #expect(try change(1, to: 0x9001_9001_9001_9001) == .journalled)
    let first = try FileSystem.read(folder.file("journal-1"))
    #expect(try change(2, to: 0x9002_9002_9002_9002) == .journalled)
    let whole = try FileSystem.read(folder.file("journal-1"))
    let length = min(kept < first.count ? kept : first.count + kept, whole.count - 1)
    // The size of the file reached the disk, the bytes did not.
    let torn = Array(whole[..<length]) + [UInt8](repeating: 0, count: whole.count - length)
    try FileSystem.write(torn, to: folder.file("journal-1"))
    let found = try #require(try folder.read())
    #expect(found.note == nil && found.rows[0] == 0 && found.rows[599] == 599)
    #expect(found.rows[1] == (length >= first.count ? 0x9001_9001_9001_9001 : 1) && found.rows[2] == 2)
    #expect(try change(3, to: 0x9003_9003_9003_9003) == .wroteSnapshot)
    #expect(try folder.read()?.rows[3] == 0x9003_9003_9003_9003)
    #expect(try folder.read()?.rows[1] == found.rows[1])
  }
}
