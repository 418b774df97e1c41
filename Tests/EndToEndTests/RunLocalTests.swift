import Glibc
import SystemSupport
import Testing

/// `kilt job run-local`: a task of the local build without a scheduler.
@Suite(.serialized) struct RunLocalTests {
  /// A command that runs in the background, with its output.
  private final class Background {
    let pid: pid_t
    private let file: FilePath

    init(_ example: Example, _ arguments: String...) throws {
      file = example.scratch.appending("output-\(monotonicNanoseconds())")
      let output = try FileSystem.open(file, .writeOnly, options: [.create, .append])
      defer { FileSystem.close(output) }
      pid = try spawnDetached(
        example.programs.appending("kilt"), arguments + ["-C", example.root.string],
        environment: example.environment(["HOME=\(example.scratch)"]), output: output)
    }

    var text: String { get throws { try FileSystem.readText(file) } }

    /// Waits until a line begins so, and returns the rest of it.
    func line(_ beginning: String) throws -> String {
      for _ in 0..<2400 {
        let text = try text
        let lines = text.split(separator: "\n")
        if let line = lines.first(where: { $0.hasPrefix(beginning) }) { return String(line.dropFirst(beginning.count)) }
        var status: Int32 = 0
        let hasEnded = waitpid(pid, &status, WNOHANG) != 0
        try #require(!hasEnded, "it has ended: \(text)")
        pauseMilliseconds(50)
      }
      let text = try text
      Issue.record("no line begins with \"\(beginning)\": \(text)")
      return ""
    }

    func end(_ signal: Int32? = nil) -> Int32 {
      if let signal { kill(pid, signal) }
      var status: Int32 = 0
      waitpid(pid, &status, 0)
      return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
    }
  }

  @Test("run-local serves from the current files, shows states and output, and ends on Ctrl-C")
  func serving() throws {
    let example = try Example()
    try example.edit("jobs/eightball.yaml", "user: www-data", "user: kilt-stranger")
    try example.edit("jobs/eightball.aurora", "interval_secs = 5", "interval_secs = 0.3")
    try example.edit(
      "services/eightball/server.py", "    arguments = parser",
      "    print('not committed', flush=True)\n    arguments = parser")
    let run = try Background(example, "job", "run-local", "jobs/eightball.yaml", "--stage", "devel")
    let address = try run.line("port http: ")
    #expect(try run.line("· healthy").isEmpty)
    #expect(try example.execute("curl", ["-sS", "\(address)health"]) == "ok")
    let code = run.end(SIGINT)
    let text = try run.text
    #expect(code == 0, "\(text)")
    #expect(text.contains("prepare | eightball") && text.contains("eightball | not committed"), "\(text)")
    #expect(text.contains("the user \"kilt-stranger\" does not exist: running as \""), "\(text)")
    #expect(text.contains("· process \"prepare\" SUCCESS, exit code 0") && text.contains("· task KILLED"), "\(text)")
    let left = try Subprocess("curl", ["-sS", "\(address)health"], environment: example.environment()).run()
    #expect(!left.termination.isSuccess)
  }

  @Test("run-local ends with the reason and exit code 1 when the task fails, and refuses unknown ports")
  func failing() throws {
    let example = try Example()
    let port = try example.kilt(["job", "run-local", "jobs/eightball.yaml", "--stage", "devel", "--port", "web=80"])
    #expect(port.termination == .exited(2) && port.errorText.contains("http"), "\(port.errorText)")
    try example.edit(
      "services/eightball/server.py", "    arguments = parser",
      "    raise SystemExit('the ball is cracked')\n    arguments = parser")
    let outcome = try example.kilt(["job", "run-local", "jobs/eightball.yaml", "--stage", "devel"])
    #expect(outcome.termination == .exited(1), "\(outcome.errorText)")
    #expect(outcome.text.contains("eightball ! the ball is cracked"), "\(outcome.text)")
    #expect(outcome.errorText.contains("· process \"eightball\" FAILED, exit code 1"), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("error: the task failed: "), "\(outcome.errorText)")
  }
}
