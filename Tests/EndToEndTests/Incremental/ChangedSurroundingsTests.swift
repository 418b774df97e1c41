import Glibc
import SystemSupport
import Testing

/// What is no file of the workspace but decides what the answer is: variables, configuration, names, clocks.
@Suite struct ChangedSurroundingsTests {
  @Test func valuesOfVariablesThatBuildFilesReadAreLookedAtInEachRun() throws {
    let monorepo = try Monorepo(packages: 4)
    try monorepo.append("src/g000/p00000/BUILD", "target(name=\"flag\", tags=[env(\"MY_FLAG\", \"none\")])\n")
    try monorepo.settle("list", "::")
    var seen: [String] = []
    for flag in [nil, "one", "two", "two", nil, "one", ""] {
      let changes = flag.map { ["MY_FLAG=\($0)"] } ?? []
      seen.append(
        try monorepo.expectColdAnswer(
          "peek", "src/g000/p00000:flag", environment: changes, comment: "\(flag ?? "unset")"))
      try monorepo.expectColdAnswer("list", "::", environment: changes)
    }
    #expect(seen[0].contains("\"none\"") && seen[1].contains("\"one\"") && seen[2].contains("\"two\""))
    #expect(seen[3] == seen[2] && seen[4] == seen[0] && seen[5] == seen[1])
  }

  @Test func anEditOfTheConfigurationCountsAtOnce() throws {
    let monorepo = try Monorepo(packages: 4)
    try monorepo.settle("dependencies", "::")
    let pants = try FileSystem.readText(monorepo.root.appending("pants.toml"))
    let head = "[workspace]\nextends = \"pants.toml\"\n"
    var answers: Set<String> = []
    for configuration in [
      head, head + "ignore = [\"src/g000/p00002/\"]\n", head + "[python.infer]\nimports = false\n",
      head + "[python.infer]\ninit_files = \"always\"\n", head + "build_patterns = [\"BUILD.other\"]\n",
      "[workspace]\nname = \"other\"\nsource_roots = [\"/\"]\n", "[workspace\n", head,
    ] {
      try monorepo.write("kilt.toml", configuration)
      answers.insert(try monorepo.expectColdAnswer("dependencies", "::", comment: configuration))
      try monorepo.expectColdAnswer("list", "::", comment: configuration)
    }
    #expect(answers.count >= 5)
    try FileSystem.removeFile(monorepo.root.appending("kilt.toml"))
    try monorepo.write("pants.toml", pants + "\n[source]\n")
    try monorepo.expectColdAnswer("dependencies", "::", comment: "a table twice")
    try monorepo.write("pants.toml", pants)
    try monorepo.expectColdAnswer("dependencies", "::")
  }

  @Test func eachStateDirectoryKnowsForItself() throws {
    let monorepo = try Monorepo(packages: 4)
    let folders = ["one", "two"].map { "KILT_STATE_DIR=\(monorepo.scratch.appending($0))" }
    for round in 0..<6 {
      try monorepo.append("src/g000/p0000\(round % 4)/BUILD", "target(name=\"round\(round)\")\n")
      try monorepo.expectColdAnswer(
        "dependencies", "::", environment: [folders[round * 2 / 3 % 2]], comment: "round \(round)")
    }
    #expect(!FileSystem.exists(monorepo.root.appending(".kilt")))
  }

  @Test func namesThatAreNotUTF8AreLeftOutAndHarmNothing() throws {
    let monorepo = try Monorepo(packages: 4)
    try monorepo.settle("dependencies", "::")
    let cold = try monorepo.coldAnswer(["dependencies", "::"])
    func bytes(_ folder: String, _ name: [UInt8]) -> [CChar] {
      (Array(monorepo.root.appending(folder).string.utf8) + [0x2F] + name + [0]).map { CChar(bitPattern: $0) }
    }
    // The answer stays; a warning about the names follows it.
    func expectOnlyTheWarning(sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
      let answer = try monorepo.expectColdAnswer("dependencies", "::", sourceLocation: sourceLocation)
      #expect(answer.hasPrefix(cold + "warning: left out "), "\(answer)", sourceLocation: sourceLocation)
    }
    let file = bytes("src/g000/p00001", Array("m".utf8) + [0xFF] + Array(".py".utf8))
    let folder = bytes("src/g000", [0xC3, 0x28])
    let inside = bytes("src/g000", [0xC3, 0x28] + Array("/BUILD".utf8))
    let descriptor = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    try #require(descriptor >= 0, "this file system takes no such names")
    close(descriptor)
    try #require(mkdir(folder, 0o755) == 0)
    try #require(close(open(inside, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)) == 0)
    try expectOnlyTheWarning()
    // They go and come between runs on what is known.
    try #require(unlink(file) == 0)
    try expectOnlyTheWarning()
    try monorepo.settle("dependencies", "::")
    try #require(rename(folder, bytes("src/g000", [0xFE])) == 0)
    try expectOnlyTheWarning()
  }

  @Test func timesOfYesterdayAndTomorrowHideNoEdit() throws {
    let monorepo = try Monorepo(packages: 4)
    let build = "src/g000/p00001/BUILD"
    let file = monorepo.root.appending(build)
    let text = try FileSystem.readText(file)
    let day: Int64 = 86_400_000_000_000
    let now = wallClockNanoseconds()
    // A clock that went back gives new files old times; one that was wrong has left times that are still to come.
    for (round, time) in [now - day, now + day, now + day, now - day, 0, now].enumerated() {
      // Each time another text of the same size, with the time that the last one had or another.
      try monorepo.write(build, text + "target(name=\"t\(round)\")\n")
      try FileSystem.setModificationTime(time, of: file)
      let answer = try monorepo.expectColdAnswer("list", "::", comment: "\(time)")
      #expect(answer.contains("src/g000/p00001:t\(round)\n"))
      try FileSystem.setModificationTime(time, of: monorepo.root.appending("src/g000/p00001"))
      try monorepo.expectColdAnswer("list", "::", comment: "the folder of \(time)")
    }
    // A file of the same size and time in its place, as of `cp -p` and `rsync -a`.
    try monorepo.settle("list", "::")
    let aside = monorepo.root.appending("aside")
    try FileSystem.write(text: text + "target(name=\"tx\")\n", to: aside)
    try FileSystem.setModificationTime(now, of: aside)
    try FileSystem.rename(aside, to: file)
    #expect(try monorepo.expectColdAnswer("list", "::").contains("src/g000/p00001:tx\n"))
  }
}
