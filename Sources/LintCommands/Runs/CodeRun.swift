internal import BuildFiles
public import ContentStore
internal import Diagnostics
internal import Digests
internal import JSON
internal import PythonCommands
internal import PythonEnvironments
internal import PythonPackaging
internal import Snapshot
internal import Synchronization
public import SystemSupport
public import TargetGraph
public import Workspace

/// One run of tools over files of a workspace. Used by one thread; tools run on several of its own.
public final class CodeRun {
  let workspace: Workspace
  let resolver: DependencyResolver
  let store: ContentStore
  let configurations: ToolConfigurations
  let environments: ClosureEnvironments
  let tools: ToolInstallation
  let cancellation: ProcessCancellation
  let jobs: Int
  let scratch: FilePath
  var table: ResultTable
  var report = CodeReport()
  /// The state of the files, with the digests of those that were asked for.
  var state: FileState?

  /// - Parameters:
  ///   - scratch: a temporary directory, which the caller removes.
  ///   - jobs: how many calls of tools run at a time.
  ///   - cancellation: ends all tools from another thread.
  ///   - note: is told what a person should see.
  public init(
    _ workspace: Workspace, _ resolver: DependencyResolver, store: ContentStore, scratch: FilePath, jobs: Int,
    cancellation: ProcessCancellation, note: @escaping (String) -> Void
  ) throws {
    self.workspace = workspace
    self.resolver = resolver
    self.store = store
    self.jobs = max(1, jobs)
    self.cancellation = cancellation
    configurations = ToolConfigurations(root: workspace.root, files: resolver.graph.files)
    environments = ClosureEnvironments(workspace, store: store, note: note)
    tools = ToolInstallation(workspace, environments, note: note)
    table = ResultTable(workspace)
    self.scratch = scratch
  }

  /// The places besides the workspace's sources that results rest on, from the workspace root or absolute.
  public var places: [String] { configurations.places.sorted() + tools.places }

  // MARK: Runs

  /// Has steps say what is wrong with files, and changes nothing.
  ///
  /// - Throws: what keeps all steps from running. A step that fails is part of the report.
  public func check(_ files: [CodeFile], _ steps: [ToolStep]) throws -> CodeReport {
    try begin(files, steps)
    var plans: [StepPlan] = []
    for step in steps { plans += try plan(step, files) }
    run(plans)
    finish()
    return report
  }

  /// Has steps change files so that they find nothing that they can fix, one step after the other.
  public func fix(_ files: [CodeFile], _ steps: [ToolStep]) throws -> CodeReport {
    try begin(files, steps)
    var changed: Set<String> = []
    for step in steps {
      let before = report.findings
      let plans = try plan(step, files)
      run(plans)
      let found = Set(report.findings.dropFirst(before.count).filter(\.isFixable).map(\.path))
      guard !found.isEmpty else { continue }
      report.findings = before + report.findings.dropFirst(before.count).filter { !$0.isFixable }
      let written = try rewrite(found, plans)
      if let place = report.steps.firstIndex(where: { $0.step == step }) { report.steps[place].changed = written.count }
      changed.formUnion(written)
      // What other steps see is what this one has written.
      let touched = files.filter { written.contains($0.path) }
      state = try resolver.readContents(of: touched.map(\.file), again: true)
    }
    report.changed = changed.sorted()
    finish()
    return report
  }

  private func begin(_ files: [CodeFile], _ steps: [ToolStep]) throws {
    report = CodeReport()
    let wanted = files.filter { file in steps.contains { Self.concerns($0, file) } }
    report.files = wanted.count
    state = try resolver.readContents(of: wanted.map(\.file))
  }

  private func finish() {
    table.save()
    // What was read is not read again by the next run.
    resolver.save()
    report.findings.sort(by: Finding.precedes)
  }

  static func concerns(_ step: ToolStep, _ file: CodeFile) -> Bool {
    step.tool.isShell == file.isShell && !file.skipped.contains(step)
  }

  // MARK: Planning

  /// Files that one call of a tool may have together.
  struct StepPlan: Sendable {
    var step: ToolStep
    var program: FilePath
    var call: ToolCall
    /// From the workspace root.
    var directory: String
    var environment: [String]
    /// Those without a known result, with what their results are kept by.
    var files: [Planned] = []
    /// Those whose known result is a finding.
    var known: [String] = []
  }

  struct Planned: Sendable {
    var file: CodeFile
    var key: FileKey
    var context: SHA256Digest
  }

  /// What files have in common that a tool can see in one call.
  private struct Partition: Hashable {
    var lockfile: String?
    var constraints: [String]
    var home: String
    var isIsolated: Bool
    var pythonVersion: String?
  }

  /// The calls of a step for the files that it has not seen in their present state.
  private func plan(_ step: ToolStep, _ files: [CodeFile]) throws -> [StepPlan] {
    let tool = step.tool
    let options = workspace.configuration.linting.options(of: tool.rawValue)
    let mine = files.filter { Self.concerns(step, $0) }
    guard !mine.isEmpty, !options.isSkipped else { return [] }
    var summary = CodeReport.Step(step: step, files: mine.count)
    var groups: [Partition: [CodeFile]] = [:]
    do {
      for file in mine { groups[try partition(of: file, step), default: []].append(file) }
    } catch let diagnostic as Diagnostic {
      // The resolve that is to have the tool has not: other tools go on.
      report.failures.append(CodeReport.Failure(step: step, diagnostic: diagnostic))
      report.steps.append(summary)
      return []
    }
    // A tool that follows imports has another result when what is imported changes.
    let closures = tool.readsImports ? try closureKeys(of: mine) : nil
    var plans: [StepPlan] = []
    for (partition, group) in groups.sorted(by: { $0.value[0].path < $1.value[0].path }) {
      let installed: InstalledProgram
      var packages: PythonEnvironment?
      do {
        installed = try tools.install(tool, for: partition.lockfile, constraints: partition.constraints)
        if tool.readsImports {
          packages = try environments.environment(ofLock: partition.lockfile, constraints: partition.constraints)
        }
      } catch {
        report.failures.append(CodeReport.Failure(step: step, diagnostic: Self.diagnostic(of: error)))
        continue
      }
      if !summary.versions.contains(installed.version) { summary.versions.append(installed.version) }
      let call = ToolCall(
        mode: .report, options: options,
        configuration: options.configuration.map { workspace.root.appending($0).string },
        isIsolated: partition.isIsolated, pythonVersion: partition.pythonVersion)
      var plan = StepPlan(
        step: step, program: installed.environment.scripts.appending(step.program), call: call,
        directory: partition.home,
        environment: ToolEnvironment.variables(
          installed.environment, home: scratch, sources: packages.map { sourceRoots + [$0.sitePackages] } ?? []))
      var base = contextBase(step, installed, call)
      if let packages {
        base.append(packages.key)
        base.append(strings: resolver.graph.pythonSourceRoots)
      }
      // Files of one directory have one context.
      var contexts: [String: SHA256Digest] = [:]
      for file in group {
        guard let digest = digest(of: file.file) else {
          report.findings.append(
            Finding(step: step, path: file.path, rule: "read", message: "the file cannot be read"))
          report.isRepeatable = false
          continue
        }
        let directory = file.directory
        let context =
          contexts[directory] ?? context(base, configurations.setting(of: tool, in: directory))
        contexts[directory] = context
        let key =
          try closures.map { FileKey(try $0.key(of: file.owners[0].target), path: file.path) }
          ?? FileKey(digest, path: file.path)
        if let known = table.result(key, in: context) {
          summary.cached += 1
          guard let known else { continue }
          plan.known.append(file.path)
          report.findings += (known.array ?? []).compactMap { Finding(recorded: $0, step: step, path: file.path) }
        } else {
          plan.files.append(Planned(file: file, key: key, context: context))
        }
      }
      if !plan.files.isEmpty || !plan.known.isEmpty { plans.append(plan) }
    }
    report.steps.append(summary)
    return plans
  }

  /// The digest of a file that was looked at; nil where it cannot be read.
  func digest(of file: FileID) -> DigestRow? {
    guard let state, state.files[file.index].has(FileRow.digestKnown) else { return nil }
    return state.digests[file.index]
  }

  /// The source roots of the workspace, absolute.
  var sourceRoots: [FilePath] {
    resolver.graph.pythonSourceRoots.map { $0.isEmpty ? workspace.root : workspace.root.appending($0) }
  }

  /// The keys of what files depend on, each of which has been looked at.
  func closureKeys(of files: [CodeFile]) throws -> ClosureKeys {
    let graph = resolver.graph
    let targets = files.flatMap { $0.owners.map(\.target) }
    try resolver.readImports(of: targets)
    let closure = try resolver.transitiveDependencies(of: targets)
    state = try resolver.readContents(of: files.map(\.file) + closure.compactMap { graph.file(of: $0) })
    return ClosureKeys(resolver) { [self] id in
      guard let file = graph.file(of: id) else { return graph.name(of: id) }
      guard let digest = digest(of: file) else { return graph.files.path(of: file) }
      return "\(graph.files.path(of: file)) \(digest.words)"
    }
  }

  private func partition(of file: CodeFile, _ step: ToolStep) throws -> Partition {
    let tool = step.tool
    let owner = file.owners.first
    let setting = configurations.setting(of: tool, in: file.directory)
    // Files of resolves without the tool have the same one.
    let lockfile = tool.readsImports ? owner?.lockfile : try tools.lockfile(of: tool, for: owner?.lockfile)
    return Partition(
      lockfile: lockfile, constraints: tool.dependsOnPython ? owner?.constraints ?? [] : [],
      home: tool.findsConfigurations ? "" : setting.home, isIsolated: tool == .ruff && !setting.isConfigured,
      pythonVersion: tool == .ruff && !setting.namesPython ? Self.lowestPython(owner?.constraints ?? []) : nil)
  }

  /// The lowest Python 3 that constraints admit, as ruff writes it; nil where they admit every one.
  private static func lowestPython(_ constraints: [String]) -> String? {
    let parsed = constraints.compactMap { InterpreterConstraint($0) }
    guard !parsed.isEmpty,
      let minor = (7...15).first(where: { minor in
        parsed.contains { $0.mayAdmit(major: 3, minor: UInt64(minor)) }
      })
    else { return nil }
    return "py3\(minor)"
  }

  private func contextBase(_ step: ToolStep, _ installed: InstalledProgram, _ call: ToolCall) -> CanonicalEncoder {
    var encoder = CanonicalEncoder()
    encoder.append("lint 1")
    encoder.append(step.rawValue)
    encoder.append(strings: installed.environment.wheels.map { "\($0.fileName) \($0.sha256)" })
    if step.tool.dependsOnPython { encoder.append(strings: installed.environment.interpreter.identity) }
    encoder.append(strings: step.arguments(call))
    // A configuration that is named is one file for all.
    if let path = call.options.configuration {
      encoder.append(configurations.text(at: path).map { SHA256Digest.of($0).hex } ?? "missing")
    }
    return encoder
  }

  private func context(_ base: CanonicalEncoder, _ setting: ToolConfigurations.Setting) -> SHA256Digest {
    var encoder = base
    encoder.append(setting.home)
    encoder.append(setting.digest)
    return encoder.digest
  }

  // MARK: Running

  /// Runs plans, in parts that processors share, and keeps what came of them.
  private func run(_ plans: [StepPlan]) {
    var calls: [(plan: StepPlan, files: ArraySlice<Planned>)] = []
    for plan in plans {
      for part in Self.parts(of: plan, jobs: jobs) { calls.append((plan, plan.files[part])) }
    }
    guard !calls.isEmpty else { return }
    let work = calls
    let results = Mutex<[Int: Result<[Finding], Diagnostic>]>([:])
    let (root, timeout, cancellation) = (workspace.root, timeoutMilliseconds, cancellation)
    performInParallel(count: work.count, threads: jobs) { index in
      let (plan, files) = work[index]
      let process = ToolProcess(
        step: plan.step, program: plan.program, arguments: plan.step.arguments(plan.call),
        files: files.map(\.file.path), root: root, directory: plan.directory, environment: plan.environment,
        timeoutMilliseconds: timeout)
      let result: Result<[Finding], Diagnostic>
      do {
        result = .success(try process.run(cancellation))
      } catch {
        result = .failure(error as? Diagnostic ?? Diagnostic(.defect, "\(error)"))
      }
      results.withLock { $0[index] = result }
    }
    if cancellation.isCancelled { TerminationSignals.awaitEnd() }
    for (index, result) in results.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
      let (plan, files) = work[index]
      switch result {
      case .failure(let diagnostic): report.failures.append(CodeReport.Failure(step: plan.step, diagnostic: diagnostic))
      case .success(let findings): keep(findings, of: plan, files)
      }
    }
  }

  /// Adds findings to the report, and keeps those of files that are as they were when the tool started.
  private func keep(_ findings: [Finding], of plan: StepPlan, _ files: ArraySlice<Planned>) {
    let byPath = Dictionary(grouping: findings, by: \.path)
    let settled = untouched(files, withImports: plan.step.tool.readsImports)
    var expected: Set<String> = []
    for planned in files {
      expected.insert(planned.file.path)
      let own = byPath[planned.file.path] ?? []
      report.findings += own
      guard settled.contains(planned.file.file) else {
        report.isRepeatable = false
        continue
      }
      table.set(own.isEmpty ? nil : .array(own.map(\.recorded)), for: planned.key, in: planned.context)
    }
    // A finding in a file that was not asked about, such as a configuration file, is told and not kept.
    for finding in findings where !expected.contains(finding.path) {
      report.findings.append(finding)
      report.isRepeatable = false
    }
  }

  /// Those of files that stat(2) says the same of as before they were read.
  private func untouched(_ files: ArraySlice<Planned>, withImports: Bool) -> Set<FileID> {
    guard let state else { return [] }
    let ids = files.map(\.file.file)
    if withImports {
      return areUntouched(closuresOf: files.flatMap { $0.file.owners.map(\.target) }, and: ids) ? Set(ids) : []
    }
    // What cannot be looked at counts as touched.
    if (try? state.areAsKnown(ids, root: workspace.root)) == true { return Set(ids) }
    return Set(ids.filter { (try? state.areAsKnown([$0], root: workspace.root)) == true })
  }

  /// Whether all that targets depend on is, by stat(2), what it was when it was looked at.
  func areUntouched(closuresOf targets: [TargetID], and files: [FileID]) -> Bool {
    let graph = resolver.graph
    // What cannot be looked at counts as touched.
    guard let state, let closure = try? resolver.transitiveDependencies(of: targets) else { return false }
    let all = Set(closure.compactMap { graph.file(of: $0) }).union(files)
    return (try? state.areAsKnown(Array(all), root: workspace.root)) == true
  }

  static func diagnostic(of error: any Error) -> Diagnostic {
    (error as? any DiagnosableError)?.diagnostic ?? Diagnostic(.environment, "\(error)")
  }

  var timeoutMilliseconds: Int { (workspace.configuration.linting.timeout ?? 600) * 1000 }

  /// The parts of a plan's files that calls have: as few as processors and the length of a command line allow.
  static func parts(of plan: StepPlan, jobs: Int) -> [Range<Int>] {
    // ruff uses all processors by itself; others are one process each.
    let wanted = plan.step.tool == .ruff ? 1 : min(jobs, max(1, plan.files.count / 8))
    let size = (plan.files.count + wanted - 1) / wanted
    var parts: [Range<Int>] = []
    var start = 0
    var bytes = 0
    for (index, planned) in plan.files.enumerated() {
      let length = planned.file.path.utf8.count + 9
      if index > start, index - start >= size || bytes + length > 1_000_000 {
        parts.append(start..<index)
        (start, bytes) = (index, 0)
      }
      bytes += length
    }
    if start < plan.files.count { parts.append(start..<plan.files.count) }
    return parts
  }
}
