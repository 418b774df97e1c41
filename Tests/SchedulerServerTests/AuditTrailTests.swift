import CSystemShims
import Glibc
import JSON
import JobModel
import SystemSupport
import TestServers
import Testing

@testable import SchedulerServer

/// The record of changes, on a disk with no room too.
@Suite struct AuditTrailTests {
  private func entry(_ action: String) -> AuditEntry {
    AuditEntry(
      time: HostScheduler.now(), caller: Caller(identity: .token(name: "ci"), rights: [], address: "127.0.0.1"),
      action: action, status: 202)
  }

  private func actions(_ trail: AuditTrail) throws -> [String] {
    try trail.entries(limit: 10_000) { _ in true }.compactMap { $0["action"]?.string }
  }

  @Test("A full disk delays no change, and its records are written when there is room", .enabled(if: getuid() == 0))
  func fullDisk() async throws {
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "audit")
    try #require(kilt_mount_tmpfs(directory.string, "size=64k,mode=0700") == 0)
    defer {
      _ = kilt_unmount(directory.string)
      do { try FileSystem.removeTree(directory) } catch { Issue.record("\(error)") }
    }
    let trail = AuditTrail(stateDirectory: directory)
    await trail.record(entry("first"))
    let filler = directory.appending("filler")
    let file = try FileSystem.open(filler, .writeOnly, options: [.create, .append])
    let bytes = [UInt8](repeating: 1, count: 4096)
    while write(file.rawValue, bytes, bytes.count) > 0 {}
    FileSystem.close(file)
    // More than the page that the file has already.
    let long = String(repeating: "x", count: 5000)
    for number in 0..<3 { await trail.record(entry("\(number)" + long)) }
    // No half a line, and nothing out of order.
    #expect(try actions(trail) == ["first"])
    #expect(try FileSystem.readText(directory.appending("audit.log")).hasSuffix("\n"))
    try FileSystem.removeFile(filler)
    // Nobody has to ask for another change.
    try waitUntil("what waited is written") { try actions(trail).count == 4 }
    await trail.record(entry("last"))
    #expect(try actions(trail) == ["first", "0" + long, "1" + long, "2" + long, "last"])
  }

  @Test("The trail counts records for which even memory had no room")
  func lostRecords() async throws {
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "audit")
    defer { do { try FileSystem.removeTree(directory) } catch { Issue.record("\(error)") } }
    let trail = AuditTrail(stateDirectory: directory, largestBacklog: 2)
    // A directory in its place: it cannot be written now.
    let path = directory.appending("audit.log")
    try FileSystem.createDirectories(path)
    for number in 0..<5 { await trail.record(entry("\(number)")) }
    #expect(rmdir(path.string) == 0)
    try waitUntil("what waited is written") { try actions(trail).count == 3 }
    let entries = try trail.entries(limit: 10) { _ in true }
    #expect(try actions(trail) == ["0", "1", "records-lost"])
    #expect(entries.last?["count"]?.int == 3 && entries.last?["user"]?.string == "kilt-scheduler")
  }

  @Test("A trail that was replaced by a link is not written through") func link() async throws {
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "audit")
    defer { do { try FileSystem.removeTree(directory) } catch { Issue.record("\(error)") } }
    let target = directory.appending("target")
    try FileSystem.write(text: "", to: target)
    #expect(symlink(target.string, directory.appending("audit.log").string) == 0)
    await AuditTrail(stateDirectory: directory).record(entry("kill"))
    #expect(try FileSystem.readText(target).isEmpty)
  }
}
