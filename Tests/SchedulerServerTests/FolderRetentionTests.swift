import JobModel
import SystemSupport
import Testing

@testable import SchedulerServer

@Suite struct FolderRetentionTests {
  private func folder(_ name: String, _ time: Int64, _ bytes: Int) -> FolderRetention.Folder {
    FolderRetention.Folder(task: TaskID(name), endedAt: Timestamp(milliseconds: time), bytes: bytes)
  }

  @Test("Directories over the limit are removed, the oldest first") func limit() {
    let retention = FolderRetention(limit: 100, reserve: 0)
    let folders = [folder("b", 2, 60), folder("a", 1, 30), folder("c", 3, 50)]
    #expect(retention.surplus(folders, free: 1000) == ["a", "b"])
    #expect(retention.surplus([folder("a", 1, 100)], free: 1000) == [])
  }

  @Test("On a nearly full disk, directories are removed until there is room again") func pressure() {
    let retention = FolderRetention(limit: 1000, reserve: 100)
    let folders = [folder("a", 1, 30), folder("b", 2, 30), folder("c", 3, 30)]
    #expect(retention.surplus(folders, free: 50) == ["a", "b"])
    #expect(retention.surplus(folders, free: 0) == ["a", "b", "c"])
    #expect(retention.surplus(folders, free: 100) == [])
  }

  @Test("A directory's size includes its files and directories, without following links") func size() throws {
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "size")
    defer { do { try FileSystem.removeTree(directory) } catch { Issue.record("\(error)") } }
    try FileSystem.createDirectories(directory.appending("a/b"))
    let empty = FolderRetention.bytes(of: directory)
    try FileSystem.write([UInt8](repeating: 1, count: 1 << 20), to: directory.appending("a/b/file"))
    #expect(FolderRetention.bytes(of: directory) - empty >= 1 << 20)
    #expect(FolderRetention.bytes(of: directory.appending("missing")) == 0)
  }
}
