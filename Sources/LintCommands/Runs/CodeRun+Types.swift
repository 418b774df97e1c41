internal import BuildFiles
internal import Diagnostics
internal import Digests
internal import JSON
internal import PythonCommands
internal import PythonEnvironments
internal import Snapshot
internal import Synchronization
internal import SystemSupport
internal import TargetGraph
internal import Workspace

extension CodeRun {
  /// A file to check, as one of its targets has it.
  private struct Root: Sendable {
    var file: CodeFile
    var owner: CodeFile.Owner
    var key: FileKey
    var context: SHA256Digest
    var module: String

    var planned: StepPlan.Planned { StepPlan.Planned(path: file.path, key: key, context: context) }
  }

  /// Files that one call of a type checker has together.
  private struct TypeCall: Sendable {
    var step: ToolStep
    var program: FilePath
    var arguments: [String]
    var directory: String
    var environment: [String]
    var roots: [Root]
    var cache: FilePath?
  }

  /// What files have in common that a type checker can see in one call.
  private struct TypePartition: Hashable {
    var lockfile: String?
    var constraints: [String]
    var home: String
  }

  /// Has type checkers say what is wrong with files: each with the packages of its resolve, under the Python of its
  /// constraints. A file is checked again after anything that it depends on has changed.
  ///
  /// - Throws: what keeps all from running: an unknown dependency.
  public func checkTypes(_ files: [CodeFile], _ steps: [ToolStep]) throws -> CodeReport {
    execution.report = CodeReport()
    record = RecordedRun()
    // A result rests on everything that a file imports.
    record.plans.isByContent = false
    let wanted = files.filter { file in steps.contains { Self.concerns($0, file) } }
    execution.report.files = wanted.count
    let keys = try closureKeys(of: wanted)
    var calls: [TypeCall] = []
    for step in steps { calls += try plan(step, wanted, keys) }
    run(calls)
    if execution.cancellation.isCancelled { TerminationSignals.awaitEnd() }
    finish()
    // A file in two resolves has most of its findings twice.
    var seen: Set<Finding> = []
    execution.report.findings = execution.report.findings.filter { seen.insert($0).inserted }
      .sorted(by: Finding.precedes)
    return execution.report
  }

  private func plan(_ step: ToolStep, _ files: [CodeFile], _ keys: ClosureKeys) throws -> [TypeCall] {
    let mine = files.filter { Self.concerns(step, $0) }
    let options = workspace.configuration.linting.options(of: step.tool.rawValue)
    guard !mine.isEmpty, !options.isSkipped else { return [] }
    var summary = CodeReport.Step(step: step, files: mine.count)
    var groups: [TypePartition: [(CodeFile, CodeFile.Owner)]] = [:]
    for file in mine {
      let home = configurations.setting(of: step.tool, in: file.directory).home
      for owner in file.owners {
        let partition = TypePartition(lockfile: owner.lockfile, constraints: owner.constraints, home: home)
        groups[partition, default: []].append((file, owner))
      }
    }
    var calls: [TypeCall] = []
    var uncached: Set<String> = []
    let graph = resolver.graph
    for (partition, group) in groups.sorted(by: { $0.value[0].0.path < $1.value[0].0.path }) {
      let installed: InstalledProgram
      let packages: PythonEnvironment
      do {
        installed = try tools.install(step.tool, for: partition.lockfile, constraints: partition.constraints)
        packages = try environments.environment(ofLock: partition.lockfile, constraints: partition.constraints)
      } catch {
        execution.report.failures.append(CodeReport.Failure(step: step, diagnostic: Self.diagnostic(of: error)))
        uncached.formUnion(group.map(\.0.path))
        continue
      }
      if !summary.versions.contains(installed.version) { summary.versions.append(installed.version) }
      let call = ToolCall(
        mode: .report, options: options,
        configuration: options.configuration.map { workspace.root.appending($0).string }, isIsolated: false)
      var base = CanonicalEncoder()
      base.append("types 1")
      base.append(step.rawValue)
      base.append(installed.environment.key)
      base.append(packages.key)
      // Machines have the workspace in different directories.
      var portable = call
      portable.configuration = options.configuration
      base.append(strings: step.arguments(portable))
      base.append(strings: graph.pythonSourceRoots)
      if let path = options.configuration {
        base.append(configurations.text(at: path).map { SHA256Digest.of($0).hex } ?? "missing")
      }
      var roots: [Root] = []
      for (file, owner) in group {
        let setting = configurations.setting(of: step.tool, in: file.directory)
        var encoder = base
        encoder.append(setting.home)
        encoder.append(setting.digest)
        let closure = try keys.key(of: owner.target)
        let root = Root(
          file: file, owner: owner, key: FileKey(closure, path: file.path), context: encoder.digest,
          module: graph.moduleName(ofFile: file.path) ?? file.path)
        roots.append(root)
      }
      shared?.bring(step, roots.map(\.planned), into: &execution.table)
      roots.removeAll { root in
        guard let known = execution.table.result(root.key, in: root.context) else {
          uncached.insert(root.file.path)
          return false
        }
        execution.report.findings += (known?.array ?? []).compactMap {
          Finding(recorded: $0, step: step, path: root.file.path)
        }
        return true
      }
      for part in Self.withoutDuplicates(roots) {
        calls.append(self.call(step, call, installed, packages, partition, part))
      }
    }
    summary.cached = mine.count - uncached.count
    execution.report.steps.append(summary)
    return calls
  }

  /// Parts in which every module name occurs once: a checker refuses two files of one name.
  private static func withoutDuplicates(_ roots: [Root]) -> [[Root]] {
    var parts: [(names: Set<String>, roots: [Root])] = []
    for root in roots {
      if let place = parts.firstIndex(where: { !$0.names.contains(root.module) }) {
        parts[place].names.insert(root.module)
        parts[place].roots.append(root)
      } else {
        parts.append(([root.module], [root]))
      }
    }
    return parts.map(\.roots)
  }

  private func call(
    _ step: ToolStep, _ call: ToolCall, _ installed: InstalledProgram, _ packages: PythonEnvironment,
    _ partition: TypePartition, _ roots: [Root]
  ) -> TypeCall {
    let sources = sourceRoots
    var arguments = step.arguments(call)
    var further: [String: String] = [:]
    var cache: FilePath?
    if step == .mypy {
      // Of one version of mypy, one set of packages and one Python: another's is never read.
      var name = CanonicalEncoder()
      name.append(workspace.root.string)
      name.append(installed.environment.key)
      name.append(packages.key)
      name.append(partition.home)
      let folder = workspace.stateDirectory.path.appending("lint/mypy-" + String(name.digest.hex.prefix(24)))
      cache = folder
      arguments += ["--cache-dir", folder.string, "--python-executable", packages.python.string]
      further["MYPYPATH"] = sources.map(\.string).joined(separator: ":")
    } else {
      arguments += ["--pythonpath", packages.python.string]
    }
    return TypeCall(
      step: step, program: installed.environment.scripts.appending(step.program), arguments: arguments,
      directory: partition.home,
      environment: ToolEnvironment.complete(
        ToolEnvironment.variables(
          installed.environment, sources: step == .mypy ? [] : sources, further: further),
        home: execution.scratch),
      roots: roots, cache: cache)
  }

  /// Removes caches of type checkers that nothing has used for a month.
  private func removeOldCaches() {
    let folder = workspace.stateDirectory.path.appending("lint")
    let limit = wallClockNanoseconds() - 30 * 86_400 * 1_000_000_000
    // What cannot be looked at or removed costs space, nothing else.
    for entry in (try? FileSystem.list(folder)) ?? [] where entry.name.hasPrefix("mypy-") {
      let path = folder.appending(entry.name)
      guard let status = try? FileSystem.status(of: path), status.modificationTime < limit else { continue }
      try? FileSystem.removeTree(path)
    }
  }

  private func run(_ calls: [TypeCall]) {
    guard !calls.isEmpty else { return }
    removeOldCaches()
    // Calls with one cache run one after the other.
    var queues: [[TypeCall]] = []
    var places: [FilePath: Int] = [:]
    for call in calls {
      if let cache = call.cache, let place = places[cache] {
        queues[place].append(call)
      } else {
        if let cache = call.cache { places[cache] = queues.count }
        queues.append([call])
      }
    }
    let work = queues
    let results = Mutex<[Int: [(TypeCall, Result<[Finding], Diagnostic>)]]>([:])
    let (root, timeout, cancellation) = (
      workspace.root, execution.timeoutMilliseconds, execution.cancellation
    )
    performInParallel(count: work.count, threads: execution.jobs) { index in
      for call in work[index] {
        let process = ToolProcess(
          step: call.step, program: call.program, arguments: call.arguments, files: call.roots.map(\.file.path),
          root: root, directory: call.directory, environment: call.environment, timeoutMilliseconds: timeout)
        let result: Result<[Finding], Diagnostic>
        do {
          result = .success(try process.run(cancellation))
        } catch {
          result = .failure(error as? Diagnostic ?? Diagnostic(.defect, "\(error)"))
        }
        results.withLock { $0[index, default: []].append((call, result)) }
      }
    }
    for (_, finished) in results.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
      for (call, result) in finished {
        switch result {
        case .failure(let diagnostic):
          execution.report.failures.append(CodeReport.Failure(step: call.step, diagnostic: diagnostic))
        case .success(let findings): keep(findings, of: call)
        }
      }
    }
  }

  private func keep(_ findings: [Finding], of call: TypeCall) {
    let byPath = Dictionary(grouping: findings, by: \.path)
    let paths = Set(call.roots.map(\.file.path))
    // A syntax error keeps mypy from looking at anything else.
    let isBlocked = findings.contains { $0.rule == "syntax" }
    let isSettled = areUntouched(closuresOf: call.roots.map(\.owner.target), and: call.roots.map(\.file.file))
    // Findings in what the files import belong to those files. One in a file that the workspace does not have, such as a
    // configuration, is told in every run: nothing is kept.
    let others = findings.filter { finding in
      !paths.contains(finding.path) && (resolver.graph.files.file(at: finding.path) == nil || isBlocked)
    }
    execution.report.findings += others
    if !others.isEmpty { execution.report.isRepeatable = false }
    for root in call.roots {
      let own = byPath[root.file.path] ?? []
      execution.report.findings += own
      guard isSettled, !isBlocked, others.isEmpty else {
        execution.report.isRepeatable = false
        continue
      }
      execution.table.set(own.isEmpty ? nil : .array(own.map(\.recorded)), for: root.key, in: root.context)
    }
  }
}
