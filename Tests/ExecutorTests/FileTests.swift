import Glibc
import JobModel
import Synchronization
import SystemSupport
import Testing

@testable import Executor

/// Log files, checkpoints and disk usage, in a directory of their own.
final class FileTests {
  private let root: String

  init() throws {
    var template = Array("/tmp/kilt-files-test.XXXXXX".utf8CString)
    root = String(cString: try #require(mkdtemp(&template)))
  }

  deinit {
    do { try FileSystem.removeTree(FilePath(root)) } catch { Issue.record("cannot clean up: \(error)") }
  }

  private func text(_ name: String) -> String { SmallFile.read(root + "/" + name) ?? "" }

  @Test func whateverTheChunksNoByteIsLostWhileFilesTurnOver() throws {
    var random = SystemRandomNumberGenerator()
    for limit in [7, 64, 1000] {
      let path = "\(root)/log\(limit)"
      var file = try LogFile(path: path, limit: limit, backups: 10_000)
      var all: [UInt8] = []
      for _ in 0..<60 {
        let length = Int.random(in: 0...40, using: &random)
        let chunk = (0..<length).map { _ in UInt8.random(in: 0...9, using: &random) == 0 ? 0x0A : UInt8(ascii: "x") }
        file.append(chunk)
        all += chunk
      }
      file.close()
      var kept: [UInt8] = []
      var oldest = 0
      while SmallFile.exists("\(path).\(oldest + 1)") { oldest += 1 }
      for number in stride(from: oldest, through: 1, by: -1) { kept += SmallFile.bytes("\(path).\(number)") ?? [] }
      kept += SmallFile.bytes(path) ?? []
      #expect(kept == all)
      #expect(file.dropped == 0)
    }
  }

  @Test func aLineLongerThanAFileIsCut() throws {
    var file = try LogFile(path: root + "/log", limit: 10, backups: 5)
    file.append(Array("0123456789abcdef\nnext\n".utf8))
    file.close()
    #expect(text("log.2") == "0123456789")
    #expect(text("log.1") == "abcdef\n")
    #expect(text("log") == "next\n")
  }

  @Test func withoutBackupsTheOldFileIsGone() throws {
    var file = try LogFile(path: root + "/log", limit: 4, backups: 0)
    file.append(Array("aaa\nbbb\n".utf8))
    file.close()
    #expect(text("log") == "bbb\n")
    #expect(!SmallFile.exists(root + "/log.1"))
  }

  @Test func whatTheDiskRefusesIsCounted() throws {
    var file = try LogFile(path: root + "/log", limit: 4, backups: 1)
    try FileSystem.removeTree(FilePath(root))
    file.append(Array("aaa\nbbb\nccc\n".utf8))
    // The file that was open takes its part; the next one cannot be made.
    #expect(file.dropped == 8)
    try FileSystem.createDirectories(FilePath(root))
    file.append(Array("ddd\n".utf8))
    #expect(text("log") == "ddd\n")
  }

  @Test func aCheckpointIsBoundedAndKeepsWhatStillSaysSomething() throws {
    let directory = TaskDirectory(root)
    var writer = try CheckpointWriter(path: directory.paths.checkpoint, limit: 100_000)
    var follower = CheckpointFollower(directory)
    var seen: [Int] = []
    writer.append(.executorStarted(pid: 1))
    writer.append(.taskState(.running))
    for run in 0..<3000 {
      writer.append(.process(ProcessRun(name: "p", run: run, status: .running)))
      writer.append(.resources(ResourceSample(cpuTime: .zero, memory: run, disk: 0, processes: 1)))
      if run % 100 == 0 { seen += try follower.poll().map(\.sequence) }
    }
    seen += try follower.poll().map(\.sequence)
    let checkpoint = try #require(try directory.checkpoint())
    #expect((SmallFile.bytes(directory.paths.checkpoint)?.count ?? .max) <= 100_000)
    #expect(checkpoint.executor?.pid == 1)
    #expect(checkpoint.lastEvent?.status == .running)
    #expect(checkpoint.processes.map(\.run) == [2999])
    #expect(checkpoint.resources?.sample.memory == 2999)
    #expect(checkpoint.records.map(\.sequence) == checkpoint.records.map(\.sequence).sorted())
    // A reader misses what was dropped, and sees nothing twice.
    #expect(seen == Set(seen).sorted())
    #expect(seen.last == 6001)
    // Nothing of the replacements is left, and what follows goes to the file that has taken the path.
    #expect(try FileSystem.list(FilePath(root)).map(\.name).filter { $0.contains("checkpoint") } == ["checkpoint"])
    #expect(writer.append(.taskState(.finished)) && writer.sync() && writer.isWritten)
    #expect(try directory.checkpoint()?.lastEvent?.status == .finished)
  }

  @Test func aTornLastLineIsCutOffBeforeTheNext() throws {
    let path = root + "/checkpoint"
    var writer = try CheckpointWriter(path: path)
    writer.append(.taskState(.starting))
    let whole = text("checkpoint")
    try SmallFile.write(whole + "{\"sequence\": 1, \"ti", to: path)
    writer = try CheckpointWriter(path: path)
    writer.append(.taskState(.running))
    let records = try Checkpoint(parsing: Array(text("checkpoint").utf8)).records
    #expect(records.map(\.sequence) == [0, 1])
    #expect(records.last?.kind == .taskState(.running))
  }

  @Test("Records that a full disk refuses are written later, and a synced state counts as written")
  func lateRecords() throws {
    let path = root + "/checkpoint"
    let room = Atomic<Int>(40)
    let refusals = Atomic<Int>(2)
    var calls = FileCalls.system
    calls.write = { descriptor, bytes in
      let count = min(bytes.count, room.load(ordering: .relaxed))
      guard count > 0 else { return -Int(ENOSPC) }
      room.subtract(count, ordering: .relaxed)
      return FileCalls.system.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
    }
    calls.synchronize = { descriptor in
      refusals.wrappingSubtract(1, ordering: .relaxed).oldValue > 0 ? -EIO : FileCalls.system.synchronize(descriptor)
    }
    var writer = try CheckpointWriter(path: path, calls: calls)
    // A disk that is full in the middle of the first record.
    let first = [writer.append(.taskState(.starting)), writer.append(.taskState(.running))]
    #expect(first == [false, false])
    var isSynced = writer.sync()
    #expect(!isSynced && !writer.isWritten)
    #expect(text("checkpoint").utf8.count == 40)
    room.store(1 << 20, ordering: .relaxed)
    let isLate = writer.append(.taskState(.finished))
    #expect(isLate)
    for _ in 0..<2 {
      isSynced = writer.sync()
      #expect(!isSynced && !writer.isWritten)
    }
    isSynced = writer.sync()
    #expect(isSynced && writer.isWritten)
    let records = try Checkpoint(parsing: Array(text("checkpoint").utf8)).records
    #expect(records.map(\.kind) == [.taskState(.starting), .taskState(.running), .taskState(.finished)])
    #expect(records.map(\.sequence) == [0, 1, 2])
  }

  @Test func diskUsageCountsBlocksOnceAndFollowsNoLinks() throws {
    func usage() -> Int {
      var usage = DiskUsage()
      usage.add(root)
      return usage.bytes
    }
    let before = usage()
    try FileSystem.write([UInt8](repeating: 1, count: 1 << 20), to: FilePath(root + "/file"))
    let after = usage()
    #expect(after - before >= 1 << 20)
    try FileSystem.link(FilePath(root + "/file"), to: FilePath(root + "/again"))
    try FileSystem.createSymbolicLink(at: FilePath(root + "/out"), to: "/usr")
    #expect(usage() - after < 1 << 16)
    // A hole takes no disk.
    let descriptor = open(root + "/hole", O_WRONLY | O_CREAT, 0o600)
    ftruncate(descriptor, 1 << 30)
    close(descriptor)
    #expect(usage() - after < 1 << 16)
  }

  @Test("A tree of any depth is measured and removed with few descriptors") func deepTree() throws {
    // Built from inside: its path is longer than any call takes.
    try FileSystem.createDirectories(FilePath(root + "/deep"))
    var current = open(root + "/deep", O_RDONLY | O_DIRECTORY)
    for level in 0..<3000 {
      try #require(mkdirat(current, "d", 0o700) == 0 && mkdirat(current, "e", 0o700) == 0)
      let next = openat(current, "d", O_RDONLY | O_DIRECTORY)
      try #require(next >= 0)
      // Its owner closes some of them to itself.
      if level % 7 == 0 { fchmod(current, 0o500) }
      close(current)
      current = next
    }
    let file = openat(current, "file", O_WRONLY | O_CREAT, 0o600)
    let bytes = [UInt8](repeating: 1, count: 1_000_000)
    try #require(write(file, bytes, bytes.count) == bytes.count)
    close(file)
    close(current)
    var usage = DiskUsage()
    usage.add(root + "/deep")
    #expect(usage.bytes > 1_000_000)
    try FileSystem.removeTree(FilePath(root + "/deep"))
    #expect(!SmallFile.exists(root + "/deep"))
  }

  @Test func processesAreReadWhateverTheirName() {
    let line = "42 (a) R (b c) S 7 42 42 0 -1 4194304 1 0 0 0 30 12 0 0 20 0 1 0 98765 1000000 250 18446744073709551615"
    let member = ProcessTree.parse(line, id: 42)
    #expect(
      member
        == ProcessTree.Member(
          id: 42, parent: 7, started: 98765, cpuTicks: 42, residentPages: 250, isZombie: false))
    #expect(ProcessTree.parse("garbage", id: 1) == nil)
  }
}
