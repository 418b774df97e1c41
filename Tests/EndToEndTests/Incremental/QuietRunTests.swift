import SystemSupport
import Testing

/// What a run does that has nothing to do, counted in system calls: the figures do not depend on the machine's speed.
@Suite(.enabled(if: SystemCalls.areTraceable, "ptrace(2) is forbidden here: strace cannot count system calls"))
struct QuietRunTests {
  /// Expects at most one look at each file and directory, no source opened, nothing written; gives the looks.
  @discardableResult
  private func expectQuiet(
    _ arguments: String..., in monorepo: Monorepo, sourceLocation: Testing.SourceLocation = #_sourceLocation
  ) throws -> [String: Int] {
    try SystemCalls(of: arguments, in: monorepo).expectQuiet(in: monorepo, sourceLocation: sourceLocation)
  }

  @Test func aListOfAllLooksOnceAtDirectoriesAndBuildFilesAndOpensNone() throws {
    let monorepo = try Monorepo()
    try monorepo.settle("list", "::")
    let looks = try expectQuiet("list", "::", in: monorepo)
    // Source files decide nothing of which targets there are: they are not looked at.
    #expect(!looks.keys.contains { $0.hasSuffix(".py") })
    #expect(looks.keys.filter { $0.hasSuffix("/BUILD") }.count == 13)
  }

  @Test func dependentsLookAtEachFileOnce() throws {
    let monorepo = try Monorepo()
    try monorepo.settle("dependents", "--transitive", "src/g000/p00000/m0.py")
    let looks = try expectQuiet("dependents", "--transitive", "src/g000/p00000/m0.py", in: monorepo)
    #expect(looks.keys.filter { $0.hasSuffix(".py") }.count == 48)
  }

  @Test func whatChangedSinceACommitIsKeptAndThenLooksAtEachFileOnceAndOpensNone() throws {
    let monorepo = try Monorepo(options: ["--git"])
    try monorepo.append("src/g000/p00003/m0.py", "CHANGED = 1\n")
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    let committed = try Subprocess("git", ["-C", monorepo.root.string] + identity + ["commit", "-qam", "changed"]).run()
    try #require(committed.termination.isSuccess, "\(committed.errorText)")
    let arguments = ["list", "--changed-since=HEAD~1", "--changed-dependents=transitive"]
    // It ends when a run writes nothing: what it finds out is kept, without another verb.
    try monorepo.settle("list", "--changed-since=HEAD~1", "--changed-dependents=transitive")
    let calls = try SystemCalls(of: arguments, in: monorepo)
    let sources = calls.looks.filter { $0.key.hasSuffix(".py") }
    #expect(sources.count == 48 && sources.values.allSatisfy { $0 == 1 }, "\(sources)")
    #expect(calls.opened.filter { $0.hasSuffix(".py") || $0.hasSuffix("/BUILD") } == [])
    try monorepo.expectColdAnswer("list", "--changed-since=HEAD~1", "--changed-dependents=transitive")
    try monorepo.append("src/g000/p00001/m0.py", "import g000.p00003.m0\n")
    try monorepo.expectColdAnswer("list", "--changed-since=HEAD~1", "--changed-dependents=transitive")
  }

  @Test func aClosureLooksAtItsOwnFilesAlone() throws {
    let monorepo = try Monorepo()
    try monorepo.settle("dependencies", "--transitive", "src/g000/p00003/m0.py")
    let looks = try expectQuiet("dependencies", "--transitive", "src/g000/p00003/m0.py", in: monorepo)
    let closure = Set(
      try monorepo.run(["dependencies", "--transitive", "src/g000/p00003/m0.py"]).text.split(separator: "\n")
        .map { $0.prefix { $0 != ":" && $0 != "#" } })
    // Its own files, and the files that make packages of the folders these lie in.
    let looked = looks.keys.filter { $0.hasSuffix(".py") }.map { $0.dropFirst(monorepo.root.string.count + 1) }
    #expect(!looked.isEmpty && looked.count < 48)
    for file in looked where !file.hasSuffix("__init__.py") {
      #expect(closure.contains(file) || file == "src/g000/p00003/m0.py", "\(file) is not in the closure")
    }
  }

  @Test func whatIsTouchedWithoutAChangeIsReadOnceAndWrittenOnce() throws {
    let monorepo = try Monorepo()
    try monorepo.settle("list", "::")
    try FileSystem.touch(monorepo.root.appending("src/g000/p00001/BUILD"))
    let calls = try SystemCalls(of: ["list", "::"], in: monorepo)
    let opened = calls.opened.filter { $0.hasPrefix(monorepo.root.string + "/src") }
    #expect(opened == [monorepo.root.string + "/src/g000/p00001/BUILD"])
    try monorepo.settle("list", "::")
    try expectQuiet("list", "::", in: monorepo)
  }
}
