import SystemSupport
import Testing

@testable import Executor

/// A log that is turned over as the executor does it: `stdout` becomes `stdout.1`, and so on up to three.
private final class Log {
  let folder: FilePath
  var path: FilePath { folder.appending("stdout") }

  init() throws { folder = try FileSystem.makeTemporaryDirectory(prefix: "log") }

  deinit { do { try FileSystem.removeTree(folder) } catch { Issue.record("\(error)") } }

  func write(_ text: String) throws {
    let file = try FileSystem.open(path, .writeOnly, options: [.create, .append])
    defer { FileSystem.close(file) }
    _ = try file.writeAll(text.utf8)
  }

  private func backup(_ number: Int) -> FilePath { FilePath("\(path).\(number)") }

  func rotate() throws {
    for number in stride(from: 2, through: 1, by: -1) where FileSystem.exists(backup(number)) {
      try FileSystem.rename(backup(number), to: backup(number + 1))
    }
    try FileSystem.rename(path, to: backup(1))
  }
}

extension LogReader {
  fileprivate mutating func rest() throws -> String {
    var all: [UInt8] = []
    while true {
      let bytes = try next(limit: 7)
      if bytes.isEmpty { return String(decoding: all, as: UTF8.self) }
      all += bytes
    }
  }
}

@Suite struct LogReaderTests {
  @Test func whatIsAddedIsReadOnce() throws {
    let log = try Log()
    var reader = LogReader(path: log.path.string)
    #expect(try reader.rest() == "")
    try log.write("first line\n")
    #expect(try reader.rest() == "first line\n")
    #expect(try reader.rest() == "")
    try log.write("second line\n")
    #expect(try reader.rest() == "second line\n")
  }

  @Test func aReaderGoesOnAcrossRotation() throws {
    let log = try Log()
    try log.write("one, ")
    var reader = LogReader(path: log.path.string)
    #expect(try reader.next(limit: 3) == Array("one".utf8))
    try log.write("end of one; ")
    try log.rotate()
    // The writer opens the new file only when it has something to write.
    #expect(try reader.next(limit: 2) == Array(", ".utf8))
    try log.write("two; ")
    try log.rotate()
    try log.write("three; ")
    #expect(try reader.rest() == "end of one; two; three; ")
    try log.write("more; ")
    #expect(try reader.rest() == "more; ")
    try log.rotate()
    #expect(try reader.rest() == "")
    try log.write("four")
    #expect(try reader.rest() == "four")
  }

  @Test func aReaderThatIsLeftBehindFinishesItsFileAndTakesTheOldest() throws {
    let log = try Log()
    try log.write("0.")
    var reader = LogReader(path: log.path.string)
    #expect(try reader.next(limit: 1) == Array("0".utf8))
    for number in 1...6 {
      try log.rotate()
      try log.write("\(number).")
    }
    // 3 is the oldest of three backups; 0 is removed, but open.
    #expect(try reader.rest() == ".3.4.5.6.")
  }

  @Test(
    arguments: [
      (0, "aaaabbbbcccc"), (2, "aabbbbcccc"), (4, "bbbbcccc"), (9, "ccc"), (12, ""), (99, ""), (-1, "c"),
      (-6, "bbcccc"),
      (-12, "aaaabbbbcccc"), (-99, "aaaabbbbcccc"),
    ] as [(Int64, String)])
  func theOffsetIsThatOfAllThatIsKept(offset: Int64, expected: String) throws {
    let log = try Log()
    for text in ["aaaa", "bbbb", "cccc"] {
      if text != "aaaa" { try log.rotate() }
      try log.write(text)
    }
    var reader = LogReader(path: log.path.string, offset: offset)
    #expect(try reader.rest() == expected)
    try log.write("!")
    #expect(try reader.rest() == "!")
  }

  @Test func aLinkIsNotFollowed() throws {
    let log = try Log()
    try FileSystem.createSymbolicLink(at: log.path, to: "/etc/passwd")
    var reader = LogReader(path: log.path.string)
    #expect(throws: SystemCallError.self) { try reader.next() }
  }
}
