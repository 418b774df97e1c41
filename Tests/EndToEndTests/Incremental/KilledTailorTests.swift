import SystemSupport
import Testing

/// `kilt tailor` that is killed while it writes.
@Suite struct KilledTailorTests {
  private let monorepo: Monorepo
  /// BUILD files as they are, by path; and as a whole run leaves them.
  private let before: [String: String]
  private let after: [String: String]

  init() throws {
    monorepo = try Monorepo(packages: 8)
    // Entries that imports lead to anyway, in many files.
    let folders = try FileSystem.list(monorepo.root.appending("src/g000")).map(\.name).sorted()
    for (name, other) in zip(folders, folders.dropFirst()) {
      try monorepo.write("src/g000/\(name)/extra.py", "import g000.\(other).m0\n")
      try monorepo.write(
        "src/g000/\(name)/BUILD",
        "python_sources()\n\npython_source(name=\"extra\", source=\"extra.py\", dependencies=[\n"
          + "    \"src/g000/\(other)/m0.py\",  # needed\n])\n")
    }
    before = try Self.buildFiles(monorepo)
    try #require(try monorepo.run(["tailor", "--fix", "::"]).termination.isSuccess)
    after = try Self.buildFiles(monorepo)
    try #require(after.filter { before[$0.key] != $0.value }.count > 4, "\(after)")
    try reset()
  }

  private static func buildFiles(_ monorepo: Monorepo) throws -> [String: String] {
    var found: [String: String] = [:]
    for folder in try FileSystem.list(monorepo.root.appending("src/g000")).map(\.name) {
      let path = "src/g000/\(folder)/BUILD"
      if FileSystem.exists(monorepo.root.appending(path)) {
        found[path] = try FileSystem.readText(monorepo.root.appending(path))
      }
    }
    return found
  }

  private func reset() throws {
    for (path, text) in before { try monorepo.write(path, text) }
  }

  @Test(
    .enabled(if: SystemCalls.areTraceable, "ptrace(2) is forbidden here: nothing is killed at a chosen system call"))
  func eachFileIsOldOrNewAndTheNextRunFinishes() throws {
    let strace = try #require(Subprocess.find("strace"), "install strace: scripts/install-dependencies test")
    var halfDone = 0
    for number in 1...12 {
      // The first of these renames puts the journal in its place, the others BUILD files; what is behind them, the state.
      let kill = "inject=rename,renameat,renameat2:signal=KILL:when=\(number)"
      let outcome = try Subprocess(
        strace.string,
        ["-qq", "-f", "-o", "/dev/null", "-e", "trace=?rename,?renameat,?renameat2", "-e", kill]
          + [monorepo.kilt.string, "tailor", "--fix", "::"],
        environment: monorepo.environment(), workingDirectory: monorepo.root, deadlineMilliseconds: 120_000
      ).run()
      let now = try Self.buildFiles(monorepo)
      for (path, text) in now { #expect(text == before[path] || text == after[path], "\(path) is neither") }
      if outcome.termination.isSuccess { break }
      if now != before, now != after { halfDone += 1 }
      let next = try monorepo.run(["tailor", "--fix", "::"])
      #expect(next.termination.isSuccess, "\(next.errorText)")
      #expect(try Self.buildFiles(monorepo) == after)
      // Nothing is left of the run that was killed.
      for path in before.keys {
        let folder = monorepo.root.pushing(FilePath(path)).removingLastComponent()
        #expect(try FileSystem.list(folder).allSatisfy { !$0.name.hasPrefix(".BUILD") }, "\(folder)")
      }
      #expect(try monorepo.run(["tailor", "--fix", "--check", "::"]).termination.isSuccess)
      try reset()
    }
    #expect(halfDone > 2, "\(halfDone) runs were killed half-way")
  }
}
