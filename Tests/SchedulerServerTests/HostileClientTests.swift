import Glibc
import HTTPClient
import JSON
import SchedulerClient
import SystemSupport
import Testing

/// Clients that waste the built scheduler's time and memory.
@Suite(.serialized) struct HostileClientTests {
  private static let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()

  @Test("Random and damaged bytes crash no scheduler", arguments: [1, 2])
  func rawBytes(seed: Int) throws {
    let fixture = try SchedulerFixture()
    let port = try #require(fixture.address.split(separator: ":").last)
    let outcome = try Subprocess(
      Self.root.appending("scripts/lib/raw-http-fuzz").string,
      [String(port), fixture.socket.string, "400", "\(seed)"], environment: environmentStrings()
    ).run()
    #expect(outcome.termination.isSuccess, "\(outcome.text)\(outcome.errorText)")
    #expect(kill(fixture.pid, 0) == 0)
    #expect(try fixture.client().jobs().isEmpty)
  }

  @Test("Requests made from the API's own description cause no server error") func describedRequests() throws {
    let fixture = try SchedulerFixture()
    let find = try Subprocess(
      Self.root.appending("scripts/lib/schemathesis").string, [], environment: environmentStrings()
    ).run()
    try #require(find.termination.isSuccess, "\(find.errorText)")
    let answer = try fixture.client().createToken(name: "fuzzer", rights: ["admin"], lifetimeSeconds: nil)
    let token = try #require(answer["token"]?.string)
    let outcome = try Subprocess(
      String(find.text.prefix { $0 != "\n" }),
      [
        "run", "\(fixture.address)/api/openapi.json", "--header", "Authorization: Bearer \(token)", "--checks",
        "not_a_server_error", "--exclude-path", "/api/events", "--exclude-path", "/api/tokens/{name}", "--phases",
        "fuzzing", "--max-examples", "3", "--seed", "1", "--request-timeout", "60", "--no-color",
      ], environment: environmentStrings(), workingDirectory: fixture.scratch
    ).run()
    #expect(outcome.termination.isSuccess, "\(outcome.text)\(outcome.errorText)")
    #expect(kill(fixture.pid, 0) == 0)
    // Had a request revoked the token, all after it would have been refused for that alone.
    let names = try fixture.request(.get, "/api/tokens").text
    #expect(names.contains("\"fuzzer\""), "\(names)")
  }

  @Test("Jobs with damaged values are refused, and crash no scheduler", arguments: [1, 2])
  func damagedJobs(seed: Int) throws {
    let fixture = try SchedulerFixture()
    let outcome = try Subprocess(
      Self.root.appending("scripts/lib/job-http-fuzz").string,
      [fixture.socket.string, SchedulerFixture.user, "150", "\(seed)"], environment: environmentStrings()
    ).run()
    #expect(outcome.termination.isSuccess, "\(outcome.text)\(outcome.errorText)")
    #expect(kill(fixture.pid, 0) == 0)
  }

  @Test("Half-sent requests, readers that read nothing, and event streams use bounded memory")
  func load() throws {
    let programs = try executablePath().removingLastComponent()
    let outcome = try Subprocess(
      Self.root.appending("Benchmarks/scheduler-load").string,
      ["--programs", programs.string, "--seconds", "3", "--limit-mib", "200"], environment: environmentStrings()
    ).run()
    #expect(outcome.termination.isSuccess, "\(outcome.text)\(outcome.errorText)")
    #expect(outcome.text.contains("1500 of 1500 served"), "\(outcome.text)")
  }
}
