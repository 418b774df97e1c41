import Glibc
import HTTPClient
import JSON
import JobModel
import SchedulerClient
import SystemSupport
import TestServers
import Testing

@testable import SchedulerServer

/// Updates with a pulse interval that is shorter than clients allow, followed at a terminal.
@Suite(.serialized) struct PulseTests {
  @Test("An update whose pulses stop blocks, says so to who follows it, and goes on with the next pulse")
  func timeOut() throws {
    let fixture = try SchedulerFixture()
    let (client, key) = (try fixture.client(), SchedulerFixture.key())
    try client.create(fixture.job(instances: 2))
    _ = try fixture.waitUntilRunning(key, 2)
    // The first instance is watched for longer than the interval: the pulse times out meanwhile.
    var next = fixture.job(instances: 2)
    next.task.processes[0].cmdline += " next"
    next.update.pulseInterval = .seconds(1)
    next.update.watch = .seconds(600)
    let body: JSONValue = ["configuration": next.json, "instances": [0, 1]]
    let answer = try fixture.request(.post, "/api/jobs/\(key)/update", body)
    try #require(answer.status == 202, "\(answer.text)")

    let file = fixture.scratch.appending("following")
    let output = try FileSystem.open(file, .writeOnly, options: [.create, .append])
    defer { FileSystem.close(output) }
    let follower = try spawnDetached(
      SchedulerFixture.program("kilt"), ["update", "status", "\(key)", "--wait"],
      environment: ["HOME=\(fixture.scratch)", "PATH=/usr/bin:/bin", "KILT_SCHEDULER=unix:\(fixture.socket)"],
      output: output)
    defer {
      kill(follower, SIGKILL)
      waitpid(follower, nil, 0)
    }
    func waitForText(_ text: String, times: Int = 1) throws {
      try waitUntil(text) { try FileSystem.readText(file).ranges(of: text).count >= times }
    }
    func status() throws -> String? { try client.latestUpdate(of: key)?.summary.status.rawValue }
    try waitForText("run `kilt job pulse \(key)` to continue")
    #expect(try FileSystem.readText(file).contains("ROLL_FORWARD_AWAITING_PULSE: waits for its first pulse"))
    for round in 1...2 {
      _ = try client.changeUpdate(key, "pulse")
      try waitForText("ROLL_FORWARD_AWAITING_PULSE: no pulse for 1 s", times: round)
    }
    #expect(try status() == "ROLL_FORWARD_AWAITING_PULSE")
    // Blocked is not ended: no second update begins, and an abort ends who follows with exit code 1.
    #expect(try fixture.request(.post, "/api/jobs/\(key)/update", body).status == 409)
    _ = try client.changeUpdate(key, "abort")
    var code: Int32 = 0
    #expect(waitpid(follower, &code, 0) == follower && code == 1 << 8)
    #expect(try FileSystem.readText(file).contains("was aborted"))
  }
}
