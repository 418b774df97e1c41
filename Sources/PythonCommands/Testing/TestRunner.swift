internal import Actions
public import BuildCommands
internal import BuildFiles
public import ContentStore
internal import Diagnostics
internal import Digests
internal import JSON
internal import PythonEnvironments
internal import PythonPackaging
internal import PythonProjects
internal import Synchronization
public import SystemSupport
public import Workspace

/// Runs tests without known results, several at a time, and reports all outcomes.
public struct TestRunner: Sendable {
  /// Events for observers, sent by several threads.
  public enum Event: Sendable {
    /// The number of files, and the number that have to be run.
    case planned(total: Int, toRun: Int)
    case started(TestPlan)
    case finished(TestResult)
  }

  private let workspace: Workspace
  private let store: ContentStore
  private let options: TestOptions
  private let digests: FileDigests
  /// The directory of all trees of this run.
  private let scratch: FilePath
  private let interpreters: WarmInterpreters
  private let activity = Activity()

  public init(workspace: Workspace, store: ContentStore, options: TestOptions) throws {
    self.workspace = workspace
    self.store = store
    self.options = options
    digests = FileDigests(root: workspace.root)
    // A short path: sockets in it have room for 107 bytes.
    scratch = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-test"))
    interpreters = WarmInterpreters(folder: scratch)
    try RunnerScripts.write(to: scratch)
  }

  /// Ends running tests, and removes all trees that are not to be kept. Called at the end, from any thread; calling it
  /// more than once is harmless. After it, ``run(_:environments:maker:_:)`` does not return: the interrupting code ends
  /// the process.
  public func close() {
    activity.close()
    interpreters.close()
    // Outcomes of ended files are still processed; a tree under construction would outlive its removal.
    let deadline = monotonicNanoseconds() + 5_000_000_000
    while !activity.isIdle, monotonicNanoseconds() < deadline { pauseMilliseconds(2) }
    activity.alone {
      // The cleaner of temporary directories removes leftover files.
      for entry in (try? FileSystem.list(scratch)) ?? [] where !entry.name.hasPrefix("kept") {
        try? FileSystem.removeTree(scratch.appending(entry.name))
      }
      if ((try? FileSystem.list(scratch)) ?? []).isEmpty { try? FileSystem.removeTree(scratch) }
    }
  }

  /// The results of tests, in their order.
  ///
  /// - Parameters:
  ///   - environments: the source of wheels.
  ///   - maker: builds the inputs of a test: generated files, products; called by this thread.
  /// - Throws: an error that prevents running tests; a failing test is a result.
  public func run(
    _ plans: [TestPlan], environments: ClosureEnvironments, maker: (TestPlan) throws -> GeneratedFiles,
    _ watch: @escaping @Sendable (Event) -> Void
  ) throws -> [TestResult] {
    let all = try inputs(plans, environments, maker)
    var results = [TestResult?](repeating: nil, count: all.count)
    if !options.force {
      // All at once: the answers of another machine do not add up.
      store.prefetch(TestRecord.namespace, all.map(\.key))
      for (index, inputs) in all.enumerated() { results[index] = try known(inputs) }
    }
    let history = BuildHistory(workspace)
    for (index, inputs) in all.enumerated() where results[index] != nil {
      try history.record(inputs.list, of: inputs.plan.address)
    }
    let pending = all.indices.filter { results[$0] == nil }
    watch(.planned(total: all.count, toRun: pending.count))
    for case let result? in results { watch(.finished(result)) }
    // Setup: none of it counts toward the time of a test.
    var ready: [Ready] = []
    for index in pending {
      let closure = all[index].closure
      ready.append(
        Ready(
          index: index, inputs: all[index],
          environment: try environments.environment(of: closure.wheels, for: closure.interpreter),
          base: try environments.environment(of: closure.toolWheels, for: closure.interpreter)))
    }
    let work = ready
    let found = Mutex<[Int: Result<TestResult, any Error>]>([:])
    performInParallel(count: work.count, threads: max(1, options.jobs)) { position in
      // An error that prevents one run prevents all others too.
      guard found.withLock({ $0.values.allSatisfy { (try? $0.get()) != nil } }), activity.begin() else { return }
      defer { activity.end() }
      let ready = work[position]
      watch(.started(ready.inputs.plan))
      let result = Result { try attempt(ready) }
      if case .success(let result) = result { watch(.finished(result)) }
      found.withLock { $0[ready.index] = result }
    }
    // Interrupted: the thread that took the signal ends the process.
    while activity.isClosed { pauseMilliseconds(1000) }
    for (index, result) in found.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
      results[index] = try result.get()
      try history.record(all[index].list, of: all[index].plan.address)
    }
    return results.compactMap { $0 }
  }

  /// Runs one file with the terminal, in one process and without a time limit; for debuggers.
  ///
  /// - Returns: how pytest ended.
  public func debug(
    _ plan: TestPlan, environments: ClosureEnvironments, maker: (TestPlan) throws -> GeneratedFiles
  ) throws -> Subprocess.Termination {
    let inputs = try inputs([plan], environments, maker)[0]
    let python = try environments.environment(of: inputs.closure.wheels, for: inputs.closure.interpreter)
    let place = TestTree(folder: scratch.appending(options.keptSandboxes == .always ? "kept-debug" : "debug"))
    _ = try place.make(inputs, root: workspace.root, digests: digests, store: store)
    var request = request(inputs, python, place)
    request.environment += environmentStrings().filter { $0.hasPrefix("TERM=") || $0.hasPrefix("COLORTERM=") }
    let file = place.folder.appending("request.json")
    try FileSystem.write(request.json.bytes(), to: file)
    let command = Subprocess(
      python.python.string, ["-s", scratch.appending(RunnerScripts.runnerName).string, file.string],
      environment: request.environment)
    let termination = try TerminationSignals.ignoringTerminal { try command.runInteractively() }
    if options.keptSandboxes != .always { try place.remove() }
    return termination
  }

  // MARK: Inputs

  /// The current inputs of tests' results, and the known results: from the code that computes the keys.
  public func explain(
    _ plans: [TestPlan], environments: ClosureEnvironments, maker: (TestPlan) throws -> GeneratedFiles
  ) throws -> [TestExplanation] {
    try inputs(plans, environments, maker).map { inputs in
      TestExplanation(
        address: inputs.plan.address, inputs: inputs.list, isKnown: try known(inputs) != nil)
    }
  }

  private func inputs(
    _ plans: [TestPlan], _ environments: ClosureEnvironments, _ maker: (TestPlan) throws -> GeneratedFiles
  ) throws -> [TestInputs] {
    let configurations = try plans.map { try configuration(of: $0) }
    try digests.read(Set(plans.flatMap { $0.files.map(\.path) } + configurations.flatMap(\.files)))
    let own = TestEnvironment(environmentStrings())
    let tools: [PythonTool] = options.usesCoverage ? [.pytest, .coverage] : [.pytest]
    return try zip(plans, configurations).map { plan, configuration in
      let made =
        plan.made.isEmpty && plan.packages.isEmpty && plan.projects.isEmpty ? GeneratedFiles() : try maker(plan)
      return try TestInputs(
        plan,
        closure: try environments.resolve(
          plan.requirements, lockfile: plan.lockfile, constraints: plan.interpreterConstraints, tools: tools,
          plugins: options.plugins, local: made.wheels, for: plan.address),
        options: options, environment: try own.variables(options.environment + plan.environment),
        configuration: configuration, made: made, digests: digests)
    }
  }

  /// The configuration of pytest for a test: the nearest files above it in a Python project, the root's files
  /// elsewhere.
  private func configuration(of plan: TestPlan) throws -> TestConfiguration {
    let directory = Paths.parent(plan.file)
    guard let project = workspace.configuration.projects?.entry(above: directory)?.directory else {
      return try TestConfiguration(
        in: workspace.root, workspace.configuration.testing, withCoverage: options.usesCoverage)
    }
    return try TestConfiguration(
      of: directory, project: project, in: workspace.root, workspace.configuration.testing,
      withCoverage: options.usesCoverage)
  }

  private func known(_ inputs: TestInputs) throws -> TestResult? {
    guard let result = try TestRecord.read(inputs.key, for: inputs.plan, in: store) else { return nil }
    // It would not have passed within the time that it has now.
    if let limit = options.timeout(of: inputs.plan), result.seconds > Double(limit) { return nil }
    return result
  }

  // MARK: Running

  private struct Ready: Sendable {
    var index: Int
    var inputs: TestInputs
    var environment: PythonEnvironment
    var base: PythonEnvironment
  }

  /// The directories of this machine that a test can have written of, with the names that others see.
  private var places: [(path: String, name: String)] {
    var places = [
      (scratch.string, "<sandbox>"), (store.root.string, "<cache>"), (workspace.root.string, "<workspace>"),
    ]
    if let home = environmentVariable("HOME"), home.split(separator: "/").count > 1 { places.append((home, "<home>")) }
    return places
  }

  private func attempt(_ ready: Ready) throws -> TestResult {
    var attempt = 1
    while true {
      var (result, isAsPlanned) = try runOnce(ready, attempt: attempt)
      result.attempts = attempt
      if result.isSuccess {
        if isAsPlanned { try TestRecord.write(result, for: ready.inputs, to: store, places: places) }
        return result
      }
      if attempt >= max(1, options.attempts) || result.status == .empty || activity.isClosed { return result }
      attempt += 1
    }
  }

  private func runOnce(_ ready: Ready, attempt: Int) throws -> (TestResult, isAsPlanned: Bool) {
    let inputs = ready.inputs
    let place = TestTree(folder: scratch.appending("\(ready.index)-\(attempt)"))
    let isAsPlanned = try place.make(inputs, root: workspace.root, digests: digests, store: store)
    let answer = try interpreters.run(request(inputs, ready.environment, place), base: ready.base)
    var result = try TestOutcome(place).result(of: inputs.plan, answer)
    if options.usesCoverage, FileSystem.exists(place.coverage) {
      result.coverage = try store.put(file: place.coverage)
    }
    let keeps = options.keptSandboxes == .always || options.keptSandboxes == .onFailure && !result.isSuccess
    if keeps {
      let kept = scratch.appending("kept-" + Self.fileName(inputs.plan.file) + "-\(attempt)")
      try FileSystem.rename(place.folder, to: kept)
      result.keptTree = kept.appending("tree").string
    } else {
      try place.remove()
    }
    return (result, isAsPlanned)
  }

  /// The path of a test file as one name.
  static func fileName(_ path: String) -> String { path.split(separator: "/").joined(separator: ".") }

  private func request(_ inputs: TestInputs, _ python: PythonEnvironment, _ place: TestTree) -> RunnerRequest {
    let plan = inputs.plan
    let sources = plan.sourceRoots.map { $0.isEmpty ? place.tree.string : place.tree.appending($0).string }
    func given(_ name: String) -> String? {
      inputs.environment.last { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }
    let own = [
      "PATH": python.scripts.string + ":" + (given("PATH") ?? ""), "HOME": given("HOME") ?? place.home.string,
      "TMPDIR": given("TMPDIR") ?? place.temporary.string, "VIRTUAL_ENV": python.path.string,
      "PYTHONPATH": (sources + (given("PYTHONPATH").map { [$0] } ?? [])).joined(separator: ":"),
    ]
    let environment =
      inputs.environment.filter { own[String($0.prefix { $0 != "=" })] == nil } + own.map { "\($0.key)=\($0.value)" }
    let folder = inputs.configuration.directory
    let directory = folder.isEmpty ? place.tree : place.tree.appending(folder)
    var arguments = [
      "--rootdir=\(directory)", "--color=\(options.usesColor ? "yes" : "no")", "--junit-xml=\(place.report)", "-o",
      "junit_family=xunit2",
    ]
    let hasWorkers = inputs.closure.wheels.contains { $0.name.text == "pytest-xdist" }
    if let workers = plan.workers, workers > 0, hasWorkers { arguments += ["-n", "\(workers)"] }
    return RunnerRequest(
      tree: place.tree, directory: directory,
      arguments: arguments + inputs.configuration.arguments + [Paths.relative(plan.file, to: folder)]
        + options.arguments,
      environment: environment.sorted(),
      sources: sources, python: python, output: place.output, result: place.result,
      coverage: options.usesCoverage ? place.coverage : nil, timeout: options.timeout(of: plan))
  }
}

/// The number of running files, and whether more can start.
private final class Activity: Sendable {
  private struct State {
    var running = 0
    var isClosed = false
  }
  private let state = Mutex(State())

  var isClosed: Bool { state.withLock { $0.isClosed } }
  var isIdle: Bool { state.withLock { $0.running == 0 } }

  /// Whether a file can start; if so, ``end()`` must follow.
  func begin() -> Bool {
    state.withLock { state in
      if !state.isClosed { state.running += 1 }
      return !state.isClosed
    }
  }

  func end() { state.withLock { $0.running -= 1 } }

  func close() { state.withLock { $0.isClosed = true } }

  /// Does something that two threads must not do at once.
  func alone(_ body: () -> Void) { state.withLock { _ in body() } }
}
