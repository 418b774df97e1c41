import SystemSupport
import Testing

/// Runs that a watchman server tells what was touched, counted in system calls. That they say the same is tested with the
/// target graph.
@Suite(
  .enabled(if: SystemCalls.areTraceable, "ptrace(2) is forbidden here: strace can not count system calls"),
  .enabled(if: Subprocess.find("watchman") != nil, "watchman is not installed: scripts/install-dependencies test"))
struct WatchedRunTests {
  @Test func nothingIsLookedAtButWhatWasTouched() throws {
    let monorepo = try Monorepo()
    try FileSystem.createDirectories(monorepo.root.appending(".hg"))
    let folder = monorepo.scratch.appending("watchman")
    try FileSystem.createDirectories(folder)
    func watchman(_ arguments: String...) throws -> Subprocess.Outcome {
      let program = try #require(Subprocess.find("watchman"), "install watchman: scripts/install-dependencies test")
      let places = ["sockname", "logfile", "statefile", "pidfile"].map { "--\($0)=\(folder.appending($0))" }
      return try Subprocess(program.string, places + arguments, deadlineMilliseconds: 60_000).run()
    }
    let watch = try watchman("watch", monorepo.root.string)
    try #require(watch.termination.isSuccess, "\(watch.errorText)")
    defer {
      do { _ = try watchman("--no-spawn", "shutdown-server") } catch { Issue.record(error) }
    }
    let environment = ["KILT_WATCHMAN=on", "WATCHMAN_SOCK=\(folder.appending("sockname"))"]
    let question = ["dependents", "--transitive", "src/g000/p00000/m0.py"]
    func looked() throws -> [String] {
      try SystemCalls(of: question, in: monorepo, environment: environment).looks.keys
        .filter { $0.hasPrefix(monorepo.root.string + "/src/") }.sorted()
    }
    // What has only just been written is looked at until a moment has passed; a server may be late.
    var settled = false
    for _ in 0..<100 where !settled { settled = try looked().isEmpty }
    #expect(settled, "after a hundred runs the server is not followed")
    var touched: [String] = []
    for _ in 0..<20 where touched.isEmpty || touched.count >= 10 {
      try monorepo.append("src/g000/p00003/m0.py", "import yaml\n")
      touched = try looked()
    }
    #expect(touched.contains(monorepo.root.string + "/src/g000/p00003/m0.py"))
    #expect(touched.count < 10, "\(touched)")
    try monorepo.expectColdAnswer(question[0], question[1], question[2], environment: environment)
  }
}
