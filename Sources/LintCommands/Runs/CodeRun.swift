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
  let execution: CodeCalls
  let shared: SharedResults?
  private let start = monotonicNanoseconds()
  /// The calls of this run, for the next.
  public internal(set) var record = RecordedRun()
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
    shared = SharedResults(store, root: workspace.root)
    configurations = ToolConfigurations(root: workspace.root, files: resolver.graph.files)
    environments = ClosureEnvironments(workspace, store: store, note: note)
    tools = ToolInstallation(workspace, environments, note: note)
    execution = CodeCalls(
      root: workspace.root, table: ResultTable(workspace.stateDirectory), scratch: scratch, jobs: jobs,
      timeoutMilliseconds: (workspace.configuration.linting.timeout ?? 600) * 1000, cancellation: cancellation)
  }

  /// The places besides the workspace's sources that results rest on, from the workspace root or absolute.
  public var places: [String] { configurations.places.sorted() + tools.places }

  // MARK: Runs

  /// Has steps say what is wrong with files, and changes nothing.
  ///
  /// - Throws: what keeps all steps from running. A step that fails is part of the execution.report.
  public func check(_ files: [CodeFile], _ steps: [ToolStep]) throws -> CodeReport {
    try begin(files, steps)
    var plans: [StepPlan] = []
    for step in steps { plans += try plan(step, files) }
    execution.run(plans)
    finish()
    return execution.report
  }

  /// Has steps change files so that they find nothing that they can fix, one step after the other.
  public func fix(_ files: [CodeFile], _ steps: [ToolStep]) throws -> CodeReport {
    try begin(files, steps)
    var changed: Set<String> = []
    for step in steps {
      let before = execution.report.findings
      let plans = try plan(step, files)
      execution.run(plans)
      let found = Set(execution.report.findings.dropFirst(before.count).filter(\.isFixable).map(\.path))
      guard !found.isEmpty else { continue }
      execution.report.findings = before + execution.report.findings.dropFirst(before.count).filter { !$0.isFixable }
      let written = try execution.rewrite(found, plans)
      if let place = execution.report.steps.firstIndex(where: { $0.step == step }) {
        execution.report.steps[place].changed = written.count
      }
      changed.formUnion(written)
      // What other steps see is what this one has written.
      let touched = files.filter { written.contains($0.path) }
      state = try resolver.readContents(of: touched.map(\.file), again: true)
    }
    execution.report.changed = changed.sorted()
    finish()
    return execution.report
  }

  private func begin(_ files: [CodeFile], _ steps: [ToolStep]) throws {
    execution.report = CodeReport()
    record = RecordedRun()
    record.plans.timeoutMilliseconds = execution.timeoutMilliseconds
    execution.settled = { [unowned self] in settled($0, $1) }
    let wanted = files.filter { file in steps.contains { Self.concerns($0, file) } }
    execution.report.files = wanted.count
    state = try resolver.readContents(of: wanted.map(\.file))
  }

  func finish() {
    shared?.offer(
      from: &execution.table, milliseconds: Int64(monotonicNanoseconds() - start) / 1_000_000)
    execution.table.save()
    // What was read is not read again by the next run.
    resolver.save()
    execution.report.findings.sort(by: Finding.precedes)
  }

  static func concerns(_ step: ToolStep, _ file: CodeFile) -> Bool {
    step.tool.isShell == file.isShell && !file.skipped.contains(step)
  }

  // MARK: Planning

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
      // Files of one directory come one after the other, and mostly have one partition.
      var run: [CodeFile] = []
      for file in mine {
        if let last = run.last, last.folder != file.folder || last.owners.first?.isLike(file.owners.first) != true {
          groups[try partition(of: last, step), default: []] += run
          run.removeAll(keepingCapacity: true)
        }
        run.append(file)
      }
      if let last = run.last { groups[try partition(of: last, step), default: []] += run }
    } catch let diagnostic as Diagnostic {
      // The resolve that is to have the tool has not: other tools go on.
      execution.report.failures.append(CodeReport.Failure(step: step, diagnostic: diagnostic))
      execution.report.steps.append(summary)
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
        execution.report.failures.append(CodeReport.Failure(step: step, diagnostic: Self.diagnostic(of: error)))
        continue
      }
      if !summary.versions.contains(installed.version) { summary.versions.append(installed.version) }
      let call = ToolCall(
        mode: .report, options: options,
        configuration: options.configuration.map { workspace.root.appending($0).string },
        isIsolated: partition.isIsolated, pythonVersion: partition.pythonVersion)
      var fixCall = call
      fixCall.mode = .fix
      var plan = StepPlan(
        step: step, program: installed.environment.scripts.appending(step.program), arguments: step.arguments(call),
        fixArguments: step.arguments(fixCall), directory: partition.home,
        variables: ToolEnvironment.variables(
          installed.environment, sources: packages.map { sourceRoots + [$0.sitePackages] } ?? []))
      let place = record.plans.add(plan)
      if tool.readsImports { record.plans.isByContent = false }
      var base = contextBase(step, installed, call)
      if let packages {
        base.append(packages.key)
        base.append(strings: resolver.graph.pythonSourceRoots)
      }
      // Files of one directory have one context.
      var contexts: [DirectoryID: (digest: SHA256Digest, use: RecordedPlans.Use)] = [:]
      var planned: [StepPlan.Planned] = []
      planned.reserveCapacity(group.count)
      for file in group {
        guard let digest = digest(of: file.file) else {
          execution.report.findings.append(
            Finding(step: step, path: file.path, rule: "read", message: "the file cannot be read"))
          execution.report.isRepeatable = false
          continue
        }
        let context: SHA256Digest
        let use: RecordedPlans.Use
        if let known = contexts[file.folder] {
          (context, use) = known
        } else {
          context = self.context(base, configurations.setting(of: tool, in: file.directory))
          use = RecordedPlans.Use(plan: place, context: record.plans.place(of: context))
          contexts[file.folder] = (context, use)
        }
        record.assign(file.file, use)
        let key =
          try closures.map {
            FileKey(try $0.key(of: file.owners[0].target), path: file.path, isExecutable: isExecutable(file.file))
          } ?? FileKey(digest, path: file.path, isExecutable: isExecutable(file.file))
        planned.append(
          StepPlan.Planned(
            path: file.path, key: key, context: context, file: file.file,
            targets: tool.readsImports ? file.owners.map(\.target) : []))
      }
      shared?.bring(step, planned, into: &execution.table)
      for file in planned {
        guard let known = execution.table.result(file.key, in: file.context) else {
          plan.files.append(file)
          continue
        }
        summary.cached += 1
        guard let known else { continue }
        plan.known.append(file.path)
        execution.report.findings += (known.array ?? []).compactMap {
          Finding(recorded: $0, step: step, path: file.path)
        }
      }
      if !plan.files.isEmpty || !plan.known.isEmpty { plans.append(plan) }
    }
    execution.report.steps.append(summary)
    return plans
  }

  /// The digest of a file that was looked at; nil where it cannot be read.
  func digest(of file: FileID) -> DigestRow? {
    guard let state, state.files[file.index].has(FileRow.digestKnown) else { return nil }
    return state.digests[file.index]
  }

  private func isExecutable(_ file: FileID) -> Bool { (state?.files[file.index].stat.mode ?? 0) & 0o111 != 0 }

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
    // Machines have the workspace in different directories.
    var call = call
    call.configuration = call.options.configuration
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

  // MARK: Files that change meanwhile

  /// Those of files that are, by stat(2), what they were before they were read; nil for all of them.
  private func settled(_ files: ArraySlice<StepPlan.Planned>, _ step: ToolStep) -> Set<String>? {
    guard let state else { return [] }
    let ids = files.compactMap(\.file)
    if step.tool.readsImports {
      return areUntouched(closuresOf: files.flatMap(\.targets), and: ids) ? nil : []
    }
    // What cannot be looked at counts as touched.
    func isSame(_ ids: [FileID]) -> Bool { (try? state.areAsKnown(ids, root: workspace.root)) == true }
    if isSame(ids) { return nil }
    let same = Set(ids.filter { isSame([$0]) })
    return Set(files.compactMap { planned in planned.file.map { same.contains($0) } == true ? planned.path : nil })
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
}
