import Diagnostics
import Glibc
import JSON
import JobModel
import SchedulerAccess
import SystemSupport
import Testing

@testable import SchedulerClient

@Suite struct ClientTests {
  private func diagnostic(_ body: () throws -> Void) -> Diagnostic? {
    do {
      try body()
      return nil
    } catch {
      return (error as? any DiagnosableError)?.diagnostic
    }
  }

  @Test func aSchedulerThatIsNotThereIsSaidAtOnce() throws {
    // The discard port: nothing listens there.
    let client = try SchedulerClient(address: "http://127.0.0.1:9/", origin: .user)
    #expect(client.address == "http://127.0.0.1:9")
    let problem = try #require(diagnostic { _ = try client.jobs() })
    #expect(problem.summary == "no scheduler answers at http://127.0.0.1:9")
    #expect(problem.blame == .environment)
    #expect(problem.remedies == ["start one on this machine: kilt scheduler"])
  }

  @Test func anotherServerAtTheAddressIsRecognised() throws {
    let server = try FileServer([
      "api/jobs": "<html>hello</html>", "api/cluster": "{\"name\": \"c\"}",
      "api/jobs-of-a-later-version": "{\"jobs\": [{\"unknown\": 1}]}",
    ])
    let client = try SchedulerClient(address: server.address, origin: .user)
    #expect(try client.cluster()["name"] == "c")
    let problem = try #require(diagnostic { _ = try client.jobs() })
    #expect(problem.blame == .environment)
    #expect(problem.summary.contains("is not a Kilt scheduler"))
    #expect(try client.job(JobKey(cluster: "c", role: "r", stage: "devel", name: "n")) == nil)
    // This server knows no POST.
    let refused = try #require(
      diagnostic { try client.kill(JobKey(cluster: "c", role: "r", stage: "devel", name: "n")) })
    #expect(refused.summary.contains("501"))
  }

  @Test func aLaterVersionsAnswerIsNotMisread() throws {
    let server = try FileServer(["api/jobs": "{\"jobs\": [{\"unknown\": 1}]}"])
    let problem = try #require(diagnostic { _ = try SchedulerClient(address: server.address, origin: .user).jobs() })
    #expect(problem.remedies == ["use the client and the scheduler of one version"])
  }
}

/// Python's file server on a free port of the loopback, over these files.
private final class FileServer {
  let address: String
  private let folder: FilePath
  private let pid: pid_t

  init(_ files: [String: String]) throws {
    try #require(Subprocess.find("python3") != nil, "'python3' is missing: apt-get install python3")
    folder = try FileSystem.makeTemporaryDirectory(prefix: "server")
    for (path, text) in files {
      let path = folder.appending(path)
      try FileSystem.createDirectories(path.removingLastComponent())
      try FileSystem.write(text: text, to: path)
    }
    let log = folder.appending("log")
    let output = try FileSystem.open(log, .writeOnly, options: [.create, .append])
    defer { FileSystem.close(output) }
    pid = try spawnDetached(
      "/usr/bin/env", ["python3", "-u", "-m", "http.server", "0", "-b", "127.0.0.1", "-d", folder.string],
      output: output)
    // "Serving HTTP on 127.0.0.1 port 40123 (http://127.0.0.1:40123/) ..."
    var port: String?
    for _ in 0..<6000 where port == nil {
      let words = try FileSystem.readText(log).split(separator: " ").map(String.init)
      if let index = words.firstIndex(of: "port"), words.count > index + 2 { port = words[index + 1] }
      if port == nil { pauseMilliseconds(10) }
    }
    address = "http://127.0.0.1:\(try #require(port, "python's server did not start"))"
  }

  deinit {
    kill(pid, SIGKILL)
    waitpid(pid, nil, 0)
    do { try FileSystem.removeTree(folder) } catch { Issue.record("\(error)") }
  }
}
