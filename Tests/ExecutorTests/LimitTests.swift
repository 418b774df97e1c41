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
    let quotas = groups.compactMap { group in
      (try? FileSystem.readText(FilePath(group + "/cpu.cfs_quota_us")))
        ?? (try? FileSystem.readText(FilePath(group + "/cpu.max")))
    }
    #expect(quotas == ["25000\n"] || quotas == ["25000 100000\n"])
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
        && sample.processes >= 3
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
}
