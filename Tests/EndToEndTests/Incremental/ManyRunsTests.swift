import Synchronization
import SystemSupport
import Testing

/// Runs beside each other and runs that are killed: the answers are those of a cold run, and the state stays sound.
@Suite struct ManyRunsTests {
  /// Questions that read and write the state.
  private static let questions = [
    ["list", "::"], ["dependents", "--transitive", "src/g000/p00000/m0.py"], ["dependencies", "::"],
    ["dependencies", "--transitive", "src/g000/p00003/m0.py"], ["peek", "src/g000/p00002::"], ["filedeps", "::"],
  ]

  @Test(arguments: [2, 10])
  func runsAtTheSameTimeGiveTheAnswersOfAColdRun(count: Int) throws {
    let monorepo = try Monorepo()
    for round in 0..<4 {
      if round > 0 {
        try monorepo.append("src/g000/p0000\(round)/m0.py", "import g000.p00000\n")
        try monorepo.append("src/g000/p0000\(round)/BUILD", "target(name=\"new\(round)\")\n")
        try monorepo.write("src/g000/p0000\(round)/more.py", "import yaml\n")
      }
      let cold = try Self.questions.map { try monorepo.coldAnswer($0) }
      let answers = Mutex<[(question: Int, answer: String)]>([])
      performInParallel(count: count, threads: count) { number in
        do {
          let answer = Monorepo.text(try monorepo.run(Self.questions[number % Self.questions.count]))
          answers.withLock { $0.append((number % Self.questions.count, answer)) }
        } catch {
          Issue.record(error)
        }
      }
      let found = answers.withLock { $0 }
      #expect(found.count == count)
      for (question, answer) in found {
        #expect(answer == cold[question], "\(Self.questions[question]) in round \(round), among \(count)")
      }
      for (question, answer) in zip(Self.questions, cold) {
        #expect(Monorepo.text(try monorepo.run(question)) == answer, "\(question) after round \(round)")
      }
    }
  }

  /// The long mode: `KILT_KILLED_RUNS=1000`. Each kill comes at another system call, given by strace(1) at that very call.
  @Test(
    .enabled(if: SystemCalls.areTraceable, "ptrace(2) is forbidden here: nothing is killed at a chosen system call"))
  func aRunAfterOneThatWasKilledGivesTheAnswerOfAColdRun() throws {
    let count = environmentVariable("KILT_KILLED_RUNS").flatMap(Int.init) ?? 40
    let strace = try #require(Subprocess.find("strace"), "install strace: scripts/install-dependencies test")
    let monorepo = try Monorepo(packages: 6)
    // The calls at which something is read, written or put in place.
    let calls = "openat,read,pread64,write,pwrite64,fsync,?rename,renameat,?unlink,unlinkat,?newfstatat,close"
    func run(_ options: [String], _ question: [String]) throws -> Subprocess.Outcome {
      try Subprocess(
        strace.string, ["-qq"] + options + [monorepo.kilt.string] + question, environment: monorepo.environment(),
        workingDirectory: monorepo.root, deadlineMilliseconds: 120_000
      ).run()
    }
    // The calls of the first thread of a run that has something to write: their names, and the how-manieth of its name each is.
    let trace = monorepo.scratch.appending("calls")
    try #require(try run(["-o", trace.string, "-e", "trace=\(calls)"], Self.questions[0]).termination.isSuccess)
    var counts: [Substring: Int] = [:]
    let made = try FileSystem.readText(trace).split(separator: "\n").map { line in
      let name = line.prefix { $0 != "(" }
      counts[name, default: 0] += 1
      return (name: name, number: counts[name] ?? 1)
    }
    var killed = 0
    for number in 0..<count {
      let question = Self.questions[number % 4]
      // So much is written that snapshots are replaced too, not journals alone.
      try monorepo.append(
        "src/g000/p0000\(number % 6)/m\(number % 2).py", "import g000.p0000\(number % 5)  # \(number)\n")
      if number % 3 == 0 { try monorepo.write("src/g000/p00001/BUILD", "python_sources(tags=[\"\(number)\"])\n") }
      if number % 10 == 9 { try FileSystem.removeTree(monorepo.root.appending(".kilt")) }
      // The first part is the start of a program.
      let place = made[made.count / 3 + number * 7919 % (made.count - made.count / 3)]
      let kill = "inject=\(place.name):signal=KILL:when=\(place.number)"
      let outcome = try run(["-f", "-o", "/dev/null", "-e", "trace=\(place.name)", "-e", kill], question)
      if !outcome.termination.isSuccess { killed += 1 }
      let next = Monorepo.text(try monorepo.run(question))
      let cold = try monorepo.coldAnswer(question)
      guard next == cold else {
        Issue.record("after a kill at call \(place), \(question) gives\n\(next)\nand not\n\(cold)")
        return
      }
    }
    if count > 40 { print("killed \(killed) of \(count) runs; each next run gave the answer of a cold one") }
    #expect(killed > count / 5, "only \(killed) of \(count) runs were killed before they were done")
  }
}
