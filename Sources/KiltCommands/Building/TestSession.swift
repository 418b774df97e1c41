internal import ArgumentParser
internal import BuildCommands
internal import BuildFiles
internal import Bundles
internal import ContentStore
internal import Diagnostics
internal import JSON
internal import PythonCommands
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// One run of `kilt test`: the selected tests, and their reports.
struct TestSession {
  private let command: BuildTest
  private let session: WorkspaceSession
  private let store: ContentStore
  private let tests: [TargetID]
  private let skipped: [TargetID]
  private let passedOver: PassedOver

  init(_ command: BuildTest) throws {
    session = try WorkspaceSession(command.global)
    self.command = command.settled(session.workspace.configuration.testing)
    store = try session.contentStore(fetchesWhenNeeded: true)
    var options = command.targets.split.options
    // What a change affects is what depends on it, whatever the distance.
    if options.selectsChanges { options.changedDependents = .transitive }
    let selected = try session.select(options, verb: "test")
    var (tests, skipped) = try TestPlanner(session.resolver).tests(among: selected)
    passedOver = PassedOver(.test, among: selected, of: session.graph)
    if passedOver.isEmpty, tests.isEmpty, skipped.isEmpty, !options.selectsChanges, let only = selected.first,
      selected.count == 1
    {
      throw Diagnostic(
        .input, "cannot test \"\(session.name(of: only))\": \(session.graph[only].typeName) targets have no tests",
        remedies: ["run `kilt list :: --filter-target-type=python_test` to list targets with tests"])
    }
    if let shard = command.shard {
      let session = session
      tests = tests.filter { shard.contains(session.name(of: $0)) }
      skipped = skipped.filter { shard.contains(session.name(of: $0)) }
    }
    self.tests = tests
    self.skipped = skipped
  }

  // MARK: Running

  func run() throws {
    guard !tests.isEmpty else {
      command.global.note(skipped.isEmpty ? "no tests are selected" : "nothing to do: \(skippedText)")
      if command.output.format == .json { session.write(.array([])) }
      return try reportPassedOver()
    }
    do {
      try runOnce()
    } catch ContentStoreError.missing where store.shared != nil {
      // An output that the remote cache had promised. What names it counts as missing now, and is built.
      command.global.note("note: the remote cache no longer has a generated file: starting again")
      try runOnce()
    }
  }

  private func runOnce() throws {
    let start = monotonicNanoseconds()
    let plans = try tests.map { try TestPlanner(session.resolver).plan($0) }
    try session.reportWarnings()
    let runner = try TestRunner(
      workspace: session.workspace, store: store, options: command.options(session.workspace.configuration))
    let progress = ProgressLine(.standardError, isQuiet: command.global.quiet)
    let builder = try session.targetBuilder(store: store, kept: command.keepSandboxes) {
      progress.finish()
      runner.close()
    }
    defer { runner.close() }
    let made = try makeParts(plans, builder)
    let environments = ClosureEnvironments(session.workspace, store: store, note: command.global.note)
    let monitor = TestMonitor(
      progress, isQuiet: command.global.quiet, shown: command.shown,
      width: plans.map { $0.address.description.count }.max() ?? 0)
    let results = try runner.run(plans, environments: environments, maker: { made[$0.target] ?? GeneratedFiles() }) {
      monitor.see($0)
    }
    progress.finish()
    let milliseconds = Int((monotonicNanoseconds() - start) / 1_000_000)
    try finish(results, milliseconds: milliseconds, environments, plans)
  }

  /// The final output and files.
  private func finish(
    _ results: [TestResult], milliseconds: Int, _ environments: ClosureEnvironments, _ plans: [TestPlan]
  ) throws {
    if let folder = command.report {
      // From where the user is, as paths of a command line are.
      let path = try command.global.workingDirectory.pushing(FilePath(folder))
      let count = try TestReport.write(results, to: path)
      command.global.note("wrote \(count) JUnit files to \(folder)")
    }
    let coverage = try command.useCoverage ? reportCoverage(results, environments, plans) : nil
    let summary = TestSummary(results, skipped: skipped.count, milliseconds: milliseconds)
    let failed = results.contains { !$0.isSuccess }
    if failed || !command.global.quiet {
      writeText(summary.text(Terminal.standardError, rerun: rerun(results)), to: 2)
    }
    if command.output.format == .json { session.write(.array(results.map(Self.json))) }
    if let coverage, !coverage.isEnough {
      throw Diagnostic(
        .work,
        "coverage is \(TestReport.seconds(coverage.total ?? 0))%, below the required \(TestReport.seconds(coverage.demanded ?? 0))%"
      )
    }
    if failed { throw ExitCode(Blame.work.exitCode) }
    try reportPassedOver()
  }

  /// Says what was selected and cannot be tested; an error with `--strict`.
  private func reportPassedOver() throws {
    if passedOver.isEmpty { return }
    if command.strict { throw passedOver.failure }
    command.global.note("note: " + passedOver.text)
  }

  private func reportCoverage(
    _ results: [TestResult], _ environments: ClosureEnvironments, _ plans: [TestPlan]
  ) throws -> CoverageReport.Outcome? {
    let data = results.compactMap(\.coverage)
    guard !data.isEmpty, let plan = plans.first else {
      command.global.note("no coverage was measured")
      return nil
    }
    let report = CoverageReport(
      kinds: command.coverageReport?.kinds ?? [.console], failUnder: command.coverageFailUnder)
    let outcome = try report.write(
      data, of: plan, workspace: session.workspace, store: store, environments: environments)
    if !outcome.text.isEmpty { writeText(outcome.text + "\n", to: command.output.format == .json ? 2 : 1) }
    for file in outcome.files { command.global.note("wrote \(file)") }
    return outcome
  }

  /// The command that runs the failures again.
  private func rerun(_ results: [TestResult]) -> String? {
    let failed = results.filter { !$0.isSuccess }.map { $0.address.description }
    guard !failed.isEmpty else { return nil }
    let arguments = command.pytest.isEmpty ? [] : ["--"] + command.pytest
    return (["kilt", "test"] + failed + arguments).map(Self.quoted).joined(separator: " ")
  }

  /// A word in a shell's form.
  private static func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy {
      $0 >= 0x80 || $0 >= 0x30 && $0 <= 0x39 || $0 >= 0x41 && $0 <= 0x5A || $0 >= 0x61 && $0 <= 0x7A
        || "-_./:=@%+,".utf8.contains($0)
    }
    if isPlain, !word.isEmpty { return word }
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  private var skippedText: String { "\(skipped.count) \(skipped.count == 1 ? "file has" : "files have") skip_tests" }

  /// Runs files one after the other with the terminal.
  func debug() throws {
    guard !tests.isEmpty else { return command.global.note("no tests are selected") }
    var options = command.options(session.workspace.configuration)
    options.usesColor = Terminal.standardOutput.usesColor
    let runner = try TestRunner(workspace: session.workspace, store: store, options: options)
    defer { runner.close() }
    let environments = ClosureEnvironments(session.workspace, store: store, note: command.global.note)
    // A debugger has the terminal: it handles interruptions.
    let builder = try session.targetBuilder(store: store, kept: command.keepSandboxes, cleanUp: nil)
    var worst: Int32 = 0
    for test in tests {
      let plan = try TestPlanner(session.resolver).plan(test)
      let made = try makeParts([plan], builder)
      switch try runner.debug(plan, environments: environments, maker: { made[$0.target] ?? GeneratedFiles() }) {
      case .exited(0): continue
      case .exited(let code): worst = max(worst, code == 5 && !command.pytest.isEmpty ? 0 : 1)
      case .signaled, .timedOut: worst = 1
      }
    }
    if worst != 0 { throw ExitCode(worst) }
  }

  /// Builds the inputs of tests first: generated files, products, distributions.
  private func makeParts(_ plans: [TestPlan], _ builder: TargetBuilder) throws -> [TargetID: GeneratedFiles] {
    try builder.made(for: plans, jobs: command.options(session.workspace.configuration).jobs)
  }

  static func json(_ result: TestResult) -> JSONValue {
    var counts = JSONObject()
    for (name, count) in result.counts.named { counts[name] = .int(Int64(count)) }
    return .members([
      "address": .string(result.address.description), "file": .string(result.file),
      "status": .string(result.status.rawValue), "cached": .bool(result.isCached),
      "seconds": .double((result.seconds * 1000).rounded() / 1000), "attempts": .int(Int64(result.attempts)),
      "tests": .object(counts), "failures": .strings(result.failures),
      "output": result.isSuccess ? .null : .string(withoutEscapes(result.output)),
    ])
  }

  /// Text without the sequences that colour it (ECMA-48, "CSI").
  static func withoutEscapes(_ text: String) -> String {
    guard text.utf8.contains(0x1B) else { return text }
    var result: [UInt8] = []
    var bytes = text.utf8.makeIterator()
    while let byte = bytes.next() {
      guard byte == 0x1B else {
        result.append(byte)
        continue
      }
      guard bytes.next() == UInt8(ascii: "[") else { continue }
      while let parameter = bytes.next(), parameter < 0x40 || parameter > 0x7E {}
    }
    return String(decoding: result, as: UTF8.self)
  }
}
