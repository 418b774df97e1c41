import Glibc
import JSON
import JobModel
import SchedulerClient
import SystemSupport
import TestServers
import Testing

/// `kilt job logs` against the built scheduler.
@Suite(.serialized) struct JobLogTests {
  /// `kilt job logs` that runs beside the test, with its output in a file.
  private final class Follower {
    let output: FilePath
    private let errors: FilePath
    private var pid: pid_t

    init(_ fixture: SchedulerFixture, _ arguments: [String], name: String = "follower") throws {
      output = fixture.scratch.appending(name)
      errors = fixture.scratch.appending(name + "-errors")
      let log = try FileSystem.open(errors, .writeOnly, options: [.create, .append])
      defer { FileSystem.close(log) }
      let shell = "exec \"$@\" >\"$0\""
      pid = try spawnDetached(
        "/bin/sh",
        ["-c", shell, output.string, try SchedulerFixture.program("kilt").string, "job", "logs"] + arguments,
        environment: JobLogTests.environment(fixture), output: log)
    }

    /// Waits for its end; returns its exit code.
    func wait() throws -> Int32 {
      var status: Int32 = 0
      try waitUntil("the follower ends") { waitpid(pid, &status, WNOHANG) == pid }
      pid = 0
      return status & 0x7F == 0 ? (status >> 8) & 0xFF : -1
    }

    var lines: [String] {
      get throws {
        guard FileSystem.exists(output) else { return [] }
        return try FileSystem.readText(output).split(separator: "\n").map(String.init)
      }
    }

    var errorText: String { get throws { try FileSystem.readText(errors) } }

    deinit {
      guard pid > 0 else { return }
      kill(pid, SIGKILL)
      var status: Int32 = 0
      waitpid(pid, &status, 0)
    }
  }

  private static func environment(_ fixture: SchedulerFixture) -> [String] {
    ["HOME=\(fixture.scratch)", "PATH=/usr/bin:/bin", "KILT_SCHEDULER=unix:\(fixture.socket)", "NO_COLOR=1"]
  }

  private func logs(_ fixture: SchedulerFixture, _ arguments: String..., code: Int32 = 0) throws -> [String] {
    let outcome = try Subprocess(
      try SchedulerFixture.program("kilt").string, ["job", "logs"] + arguments,
      environment: Self.environment(fixture), workingDirectory: fixture.scratch, deadlineMilliseconds: 60_000
    ).run()
    #expect(outcome.termination == .exited(code), "\(outcome.text)\(outcome.errorText)")
    return outcome.text.split(separator: "\n").map(String.init)
  }

  private func job(_ fixture: SchedulerFixture, _ name: String, _ command: String, service: Bool = false)
    -> JobConfiguration
  {
    var job = fixture.job(name, instances: 1)
    job.isService = service
    job.healthCheck = nil
    job.task.processes[0].cmdline = command
    return job
  }

  @Test("A follower gets every line once despite rotation and kills of the scheduler") func exactlyOnce() throws {
    let count = environmentVariable("KILT_LOG_LINES").flatMap { Int($0) } ?? 30_000
    let fixture = try SchedulerFixture()
    var job = job(
      fixture, "counter",
      """
      exec python3 -c "
      import sys, time
      for n in range(\(count)):
          sys.stdout.write('line %d of many lines\\n' % n)
          if n % (\(count) // 40) == 0: sys.stdout.flush(); time.sleep(0.1)
      "
      """)
    job.task.resources.disk = max(64 << 20, count * 40)
    job.task.processes[0].logger = LoggerConfiguration(mode: .rotate, logSize: 1 << 16, backups: 10_000)
    try fixture.client().create(job)
    let follower = try Follower(fixture, ["\(job.key)", "--follow", "--no-time"])
    for _ in 0..<3 {
      let before = try follower.lines.count
      try waitUntil("more lines have come, or all") {
        let lines = try follower.lines.count
        return lines > before || lines == count
      }
      fixture.endScheduler(SIGKILL)
      try fixture.start()
    }
    #expect(try follower.wait() == 0)
    let expected = (0..<count).map { "0 server | line \($0) of many lines" }
    let lines = try follower.lines
    #expect(lines.count == expected.count)
    #expect(lines == expected)
    // A reader that comes later gets the same.
    #expect(try logs(fixture, "\(job.key)", "--no-time") == expected)
  }

  @Test("A follower gets the lines of every replacement task") func replacements() throws {
    let fixture = try SchedulerFixture(["--flapping-threshold", "0"])
    let job = job(fixture, "dies", "echo begin $TASK_ID; sleep 0.1; echo end $TASK_ID; exit 1", service: true)
    try fixture.client().create(job)
    let follower = try Follower(fixture, ["\(job.key)", "--follow", "--no-time"])
    try waitUntil("five tasks have ended") { try follower.lines.count >= 10 }
    try fixture.client().kill(job.key)
    #expect(try follower.wait() == 0)
    let words = try follower.lines.map { $0.split(separator: " ").map(String.init) }
    let begun = words.filter { $0[3] == "begin" }.map { $0[4] }
    #expect(begun.count >= 5 && Set(begun).count == begun.count)
    let all = try fixture.client().jobOrHistory(job.key)?.json["events"]?.array ?? []
    #expect(Set(begun).count >= Set(all.compactMap { $0["taskID"]?.string }).count - 2)
    // Later, all of them are there, and one alone when it is named.
    let everything = try logs(fixture, "\(job.key)", "--all", "--no-time")
    #expect(everything.count { $0.contains(" begin ") } >= begun.count)
    #expect(try logs(fixture, "\(job.key)", "--task", begun[0], "--no-time").first == "0 server | begin \(begun[0])")
  }

  @Test("Stream, pattern, level and time select lines, and patterns of keys select jobs") func choice() throws {
    let fixture = try SchedulerFixture()
    for name in ["igor_a", "igor_b", "other"] {
      try fixture.client().create(
        job(
          fixture, name,
          """
          echo plain \(name); echo '{"level": "warn", "n": 1}'; echo '{"level": 20, "n": 2}'; \
          echo '{"severity": "ERROR", "n": 3}'; echo trouble >&2
          """))
    }
    let keys = ["igor_a", "igor_b", "other"].map { SchedulerFixture.key($0) }
    for key in keys {
      try waitUntil("\(key) has ended") { try fixture.client().job(key)?.instances.first?.status == .finished }
    }
    let key = "\(keys[0])"
    #expect(try logs(fixture, key, "--stderr", "--no-time") == ["0 server ! trouble"])
    #expect(try logs(fixture, key, "--grep", "pl(ai|ia)n", "--no-time") == ["0 server | plain igor_a"])
    #expect(try logs(fixture, key, "--grep", "PLAIN").isEmpty)
    #expect(try logs(fixture, key, "--grep", "PLAIN", "--ignore-case").count == 1)
    #expect(try logs(fixture, key, "--level", "warning").count == 2)
    #expect(
      try logs(fixture, key, "--level", "error", "--no-time") == ["0 server | {\"severity\": \"ERROR\", \"n\": 3}"])
    #expect(try logs(fixture, key, "--since", "1h").count == 5)
    #expect(try logs(fixture, key, "--since", "2100-01-01").isEmpty)
    let line = try #require(try logs(fixture, key, "--grep", "plain").first)
    #expect(line.contains("T") && line.split(separator: " ")[0].hasSuffix("Z"))
    let role = SchedulerFixture.user
    let both = try logs(fixture, "*/devel/igor_*", "--grep", "plain", "--no-time")
    #expect(
      Set(both) == ["\(role)/devel/igor_a/0 server | plain igor_a", "\(role)/devel/igor_b/0 server | plain igor_b"])
    #expect(try logs(fixture, "*", "--stderr", "--follow").count == 3)
    _ = try logs(fixture, "*/prod/igor_*", code: 2)
    _ = try logs(fixture, key, "--grep", "(", code: 2)
    _ = try logs(fixture, key, "--level", "loud", code: 2)
    _ = try logs(fixture, key, "--since", "soon", code: 2)
    _ = try logs(fixture, key, "--process", "servr", code: 2)
  }
}
