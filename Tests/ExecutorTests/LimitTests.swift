import CSystemShims
import Executor
import Glibc
import JobModel
import SystemSupport
import Testing

/// What a task may use, and what happens when it takes more.
@Suite(.serialized) struct LimitTests {
  typealias Fixture = TaskFixture

  private func resources(ram: Int = 256 << 20, disk: Int = 256 << 20, processes: Int = 64, cpu: Double = 1) -> Resources
  {
    Resources(cpu: cpu, ram: ram, disk: disk, processes: processes)
  }

  @Test func aTaskThatTakesTooMuchMemoryIsKilledAndSaysSo() throws {
    let python = try Fixture.python()
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task(
        [
          Fixture.process("hog", "\(python.program) -c 'a = bytearray(200 << 20)'", maxFailures: 10),
          Fixture.process("other", "sleep 600"),
        ], resources: resources(ram: 64 << 20))
    ) { $0.readOnly = python.readOnly }
    #expect(event.status == .failed)
    #expect(event.message == "killed: out of memory, limit 64 MiB")
    #expect(try fixture.controlGroups() == [])
  }

  @Test func aTaskCannotStartMoreProcessesThanAllowed() throws {
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task(
        [Fixture.process("fork", "exec sh -c 'for i in $(seq 60); do sleep 30 & done; wait'")],
        resources: resources(processes: 20)))
    #expect(event.status == .failed)
    #expect(try fixture.log("fork", 0, "stderr").contains("Cannot fork"))
    #expect(event.message?.hasSuffix("it reached its limit of 20 processes and threads") == true)
  }

  @Test func aTaskThatFillsTheDiskFails() throws {
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task(
        [Fixture.process("fill", "head -c 20000000 /dev/urandom > big; sleep 600")],
        resources: resources(disk: 10 << 20)))
    #expect(event.status == .failed)
    #expect(event.message?.hasPrefix("Disk limit exceeded. Reserved 10 MiB, used 1") == true)
    #expect(try fixture.ends(of: "fill").map(\.status) == [.killed])
  }

  @Test func theQuotaAndTheWeightOfTheCPUAreSet() throws {
    let fixture = try Fixture()
    try fixture.start(Fixture.task([Fixture.process("idle", "sleep 600")], resources: resources(cpu: 0.25)))
    try fixture.waitUntilRunning()
    let groups = try fixture.controlGroups()
    // Set when the task has started.
    try fixture.wait(for: "the quota is set") { _ in
      let quotas = groups.compactMap { group in
        (try? FileSystem.readText(FilePath(group + "/cpu.cfs_quota_us")))
          ?? (try? FileSystem.readText(FilePath(group + "/cpu.max")))
      }
      return quotas == ["25000\n"] || quotas == ["25000 100000\n"]
    }
    try fixture.directory.requestStop()
    #expect(try fixture.finish().status == .killed)
  }

  @Test func whatATaskUsesIsRecorded() throws {
    let fixture = try Fixture()
    try fixture.start(
      Fixture.task([
        Fixture.process("work", "head -c 3000000 /dev/urandom > file; touch ready; while :; do :; done")
      ]))
    try fixture.waitForFile("ready")
    try fixture.wait(for: "a sample of a busy process") { checkpoint in
      guard let sample = checkpoint.resources?.sample else { return false }
      return sample.cpuTime > .milliseconds(50) && sample.disk >= 3_000_000 && sample.memory > 0
        && sample.processes >= 1
    }
    try fixture.directory.requestStop()
    #expect(try fixture.finish().status == .killed)
  }

  @Test func nothingOfATaskOutlivesIt() throws {
    for isolation in [Isolation.bubblewrap, .none] {
      let fixture = try Fixture()
      // Detached twice over, in a session of its own, deaf to signals.
      let event = try fixture.run(
        Fixture.task([
          Fixture.process(
            "main",
            "(setsid sh -c 'trap \"\" TERM HUP; echo $$ > pid; while :; do sleep 1; done' &) ; "
              + "until test -s pid; do sleep 0.05; done")
        ])
      ) { $0.isolation = isolation }
      #expect(event.status == .finished)
      #expect(try fixture.controlGroups() == [])
      if isolation == .none {
        let id = try #require(Int32(try fixture.file("pid").split(separator: "\n").first ?? ""))
        #expect(!isAlive(id))
      }
    }
  }

  /// What the record says about the task's disk.
  private func diskNote(_ fixture: TaskFixture) throws -> String? {
    try fixture.directory.checkpoint()?.records.compactMap { record in
      if case .taskState(.starting, let message) = record.kind { message } else { nil }
    }.first
  }

  @Test("A task cannot exceed its disk limit, in memory or in a file", arguments: [10 << 20, 80 << 20])
  func diskWall(size: Int) throws {
    try #require(getuid() == 0, "only root can mount")
    let fixture = try Fixture()
    // As much as a hundred times the disk, in every way that a task has: none gets past the wall.
    let event = try fixture.run(
      Fixture.task(
        [
          Fixture.process(
            "fill",
            """
            head -c \(2 * size) /dev/zero > big; b=$(stat -c %b big); rm big; echo $b > blocks
            exec 3> deleted; rm deleted; head -c \(2 * size) /dev/zero >&3; exec 3>&-
            deep=$(printf "d/%.0s" $(seq 1500)); mkdir -p $deep; cd $deep; head -c \(2 * size) /dev/zero > deep
            rm deep; head -c \(2 * size) /dev/zero; truncate -s 1T /sandbox/sparse && rm /sandbox/sparse
            head -c \(2 * size) /dev/zero > /tmp/x; rm /tmp/x; touch /sandbox/done
            """, maxFailures: 2)
        ], resources: resources(disk: size))
    ) { $0.sampleInterval = .seconds(3600) }
    #expect(event.status == .finished, "\(event.message ?? "")")
    let note = try diskNote(fixture)
    #expect(
      note == (size <= 64 << 20 ? "disk: 10 MiB in memory (tmpfs)" : "disk: 80 MiB in a file (ext4 on a loop device)"))
    let blocks = try #require(Int(try fixture.file("blocks").dropLast()))
    // Not more than it has, and nearly as much as it was promised.
    #expect(blocks * 512 < size + size / 16 + (8 << 20) && blocks * 512 > size * 9 / 10)
    // What the task left is still there to be read, and its file system is gone or still mounted, as it is small or not.
    #expect(access(fixture.directory.paths.sandbox + "/done", F_OK) == 0)
    #expect(try !fixture.log("fill").isEmpty)
    try fixture.directory.remove()
    #expect(access(fixture.directory.paths.directory, F_OK) != 0)
    let mounts = try FileSystem.readText("/proc/self/mounts")
    #expect(!mounts.contains(fixture.root))
  }

  @Test("A task that has ended leaves plain directories") func settledDisk() throws {
    try #require(getuid() == 0, "only root can mount")
    for size in [16 << 20, 128 << 20] {
      let fixture = try Fixture()
      let event = try fixture.run(
        Fixture.task(
          [
            Fixture.process(
              "main",
              "mkdir -p a/b; echo text > a/b/file; ln a/b/file a/name; ln -s /etc/passwd link; mkfifo pipe; "
                + "chmod 0640 a/b/file; echo out; truncate -s 1G hole")
          ], resources: resources(disk: size)))
      #expect(event.status == .finished)
      let paths = fixture.directory.paths
      #expect(try FileSystem.status(of: FilePath(paths.sandbox)).kind == .directory)
      #expect(access(paths.volume, F_OK) != 0 && access(paths.volumeImage, F_OK) != 0)
      #expect(try fixture.file("a/b/file") == "text\n" && fixture.log("main") == "out\n")
      var file = stat()
      var name = stat()
      #expect(lstat(paths.sandbox + "/a/b/file", &file) == 0 && lstat(paths.sandbox + "/a/name", &name) == 0)
      #expect(file.st_ino == name.st_ino && file.st_mode & 0o777 == 0o640 && file.st_uid != 0)
      var hole = stat()
      #expect(lstat(paths.sandbox + "/hole", &hole) == 0 && hole.st_size == 1 << 30 && hole.st_blocks < 100)
      #expect(try FileSystem.readLink(FilePath(paths.sandbox + "/link")).string == "/etc/passwd")
      #expect(access(paths.sandbox + "/pipe", F_OK) != 0)
    }
  }

  @Test("After a reboot, the files of an ended task can be read and removed") func restarted() throws {
    try #require(getuid() == 0, "only root can mount")
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task(
        [Fixture.process("main", "head -c \(70 << 20) /dev/zero > big; echo text > file; echo out")],
        resources: resources(disk: 100 << 20)))
    #expect(event.status == .finished)
    let paths = fixture.directory.paths
    #expect(try !fixture.directory.restoreFiles())
    // What a start of the host leaves: the file, and nothing mounted.
    #expect(kilt_unmount(paths.volume) == 0)
    #expect(access(paths.sandbox + "/file", F_OK) != 0)
    #expect(try fixture.directory.restoreFiles())
    #expect(try fixture.file("file") == "text\n" && fixture.log("main") == "out\n")
    #expect(open(paths.sandbox + "/new", O_WRONLY | O_CREAT, 0o600) < 0 && errno == EROFS)
    #expect(try !fixture.directory.restoreFiles())
    try fixture.directory.remove()
    #expect(access(paths.directory, F_OK) != 0)
  }

  @Test("A full disk does not delay the end of a task, and its files stay readable") func fullHost() throws {
    try #require(getuid() == 0, "only root can mount")
    let fixture = try Fixture()
    try #require(kilt_mount_tmpfs(fixture.root, "size=1m,mode=0711") == 0)
    defer {
      do { try fixture.directory.remove() } catch { Issue.record("\(error)") }
      _ = kilt_unmount(fixture.root)
    }
    try fixture.start(
      Fixture.task(
        [Fixture.process("main", "head -c 4000000 /dev/zero > big; echo text > file; exec sleep 600")],
        resources: resources(disk: 10 << 20)))
    try fixture.waitForFile("file")
    try fixture.killExecutor()
    try fixture.directory.killLeftovers()
    #expect(try fixture.controlGroups() == [])
    #expect(try fixture.file("file") == "text\n")
    #expect(throws: ExecutorError.self) { try fixture.directory.restoreFiles() }
  }

  @Test("Only a task's writes to the host's disk count as written there", arguments: [16 << 20, 80 << 20])
  func inMemory(size: Int) throws {
    try #require(getuid() == 0, "only root can mount")
    let fixture = try Fixture()
    try fixture.start(
      Fixture.task([Fixture.process("main", "echo text > file; exec sleep 600")], resources: resources(disk: size)))
    try fixture.waitForFile("file")
    #expect(fixture.directory.isDiskInMemory == (size < 64 << 20))
    try fixture.directory.requestStop()
    #expect(try fixture.finish().status == .killed)
    #expect(!fixture.directory.isDiskInMemory)
  }

  @Test("The end of a task names a reached disk limit") func fullDiskIsNamed() throws {
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task(
        [Fixture.process("fill", "head -c 40000000 /dev/zero > big; sleep 600")], resources: resources(disk: 10 << 20)))
    #expect(event.status == .failed)
    #expect(event.message?.hasPrefix("Disk limit exceeded. Reserved 10 MiB, used ") == true)
  }
}
