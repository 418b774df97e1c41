import SystemSupport
import Testing

@testable import Executor

@Suite struct LogMarksTests {
  private let marks = LogMarks(parsing: "1000 0 7\n2000 50\n3000 100 8\n4000 180\n5000 200 9\n600")

  @Test("Files are placed by their inodes, copies of them by their order, and a new one after the others")
  func starts() {
    #expect(marks.starts(of: [(7, 100), (8, 100), (9, 5)]) == [0, 100, 200])
    #expect(marks.starts(of: [(8, 100), (9, 5)]) == [100, 200])
    #expect(marks.starts(of: [(8, 100), (9, 5), (77, 3)]) == [100, 200, 205])
    #expect(marks.starts(of: [(41, 100), (42, 5)]) == [100, 200])
    #expect(LogMarks().starts(of: [(1, 10), (2, 20)]) == [0, 10])
    #expect(marks.starts(of: []) == [])
  }

  @Test("Times and offsets follow from the surrounding marks, and a torn line is omitted") func times() {
    #expect(marks.marks.count == 5)
    #expect(marks.time(of: 0) == 2000 && marks.time(of: 50) == 3000 && marks.time(of: 199) == 5000)
    #expect(marks.time(of: 200) == nil)
    #expect(marks.offset(at: 500) == 0 && marks.offset(at: 2001) == 50 && marks.offset(at: 9000) == 200)
    #expect(marks.next(after: 50) == 100 && marks.next(after: 200) == nil)
  }

  @Test("The marks of a log that is rotated thousands of times stay small and correct") func rotation() throws {
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "marks")
    defer { try? FileSystem.removeTree(directory) }
    let path = directory.appending("stdout").string
    var file = try LogFile(path: path, limit: 10, backups: 2)
    for number in 0..<4000 { file.append(Array("line \(number)\n".utf8)) }
    file.close()
    let text = try FileSystem.readText(FilePath(LogMarks.path(of: path)))
    #expect(text.utf8.count < 70 << 10)
    let total = (0..<4000).reduce(0) { $0 + "line \($1)\n".utf8.count }
    var files: [(inode: UInt64, size: Int64)] = []
    for name in ["stdout.2", "stdout.1", "stdout"] where FileSystem.exists(directory.appending(name)) {
      let status = try FileSystem.status(of: directory.appending(name))
      files.append((status.inode, status.size))
    }
    let starts = LogMarks(parsing: text).starts(of: files)
    #expect(starts.last.map { $0 + (files.last?.size ?? 0) } == Int64(total))
    for (index, start) in starts.dropFirst().enumerated() { #expect(start == starts[index] + files[index].size) }
  }
}
