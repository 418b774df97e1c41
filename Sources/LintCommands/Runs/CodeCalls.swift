internal import Diagnostics
internal import Digests
internal import JSON
internal import Synchronization
internal import SystemSupport

/// Calls of tools, and what comes of them: findings for the report, results for the table. Used by one thread; tools run
/// on several of its own.
final class CodeCalls {
  let root: FilePath
  let scratch: FilePath
  let jobs: Int
  let timeoutMilliseconds: Int
  let cancellation: ProcessCancellation
  var table: ResultTable
  var report = CodeReport()
  /// Those of files, by path, that are still what they were before they were read; nil for all of them.
  var settled: (ArraySlice<StepPlan.Planned>, ToolStep) -> Set<String>? = { _, _ in [] }

  /// - Parameters:
  ///   - root: the workspace's.
  ///   - scratch: a temporary directory, which the caller removes.
  init(
    root: FilePath, table: ResultTable, scratch: FilePath, jobs: Int, timeoutMilliseconds: Int,
    cancellation: ProcessCancellation
  ) {
    self.root = root
    self.table = table
    self.scratch = scratch
    self.jobs = max(1, jobs)
    self.timeoutMilliseconds = timeoutMilliseconds
    self.cancellation = cancellation
  }

  /// Runs plans, in parts that processors share, and keeps what came of them.
  func run(_ plans: [StepPlan]) {
    var calls: [(plan: StepPlan, files: ArraySlice<StepPlan.Planned>)] = []
    for plan in plans {
      for part in plan.parts(jobs: jobs) { calls.append((plan, plan.files[part])) }
    }
    guard !calls.isEmpty else { return }
    let processes = calls.map { process($0.plan, $0.plan.arguments, $0.files.map(\.path), root: root) }
    let results = Mutex<[Int: Result<[Finding], Diagnostic>]>([:])
    let cancellation = cancellation
    performInParallel(count: processes.count, threads: jobs) { index in
      let result: Result<[Finding], Diagnostic>
      do {
        result = .success(try processes[index].run(cancellation))
      } catch {
        result = .failure(error as? Diagnostic ?? Diagnostic(.defect, "\(error)"))
      }
      results.withLock { $0[index] = result }
    }
    if cancellation.isCancelled { TerminationSignals.awaitEnd() }
    for (index, result) in results.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
      let (plan, files) = calls[index]
      switch result {
      case .failure(let diagnostic): report.failures.append(CodeReport.Failure(step: plan.step, diagnostic: diagnostic))
      case .success(let findings): keep(findings, of: plan, files)
      }
    }
  }

  func process(_ plan: StepPlan, _ arguments: [String], _ files: [String], root: FilePath) -> ToolProcess {
    ToolProcess(
      step: plan.step, program: plan.program, arguments: arguments, files: files, root: root,
      directory: plan.directory, environment: ToolEnvironment.complete(plan.variables, home: scratch),
      timeoutMilliseconds: timeoutMilliseconds)
  }

  /// Adds findings to the report, and keeps those of files that are as they were when the tool started.
  private func keep(_ findings: [Finding], of plan: StepPlan, _ files: ArraySlice<StepPlan.Planned>) {
    let byPath = Dictionary(grouping: findings, by: \.path)
    let settled = settled(files, plan.step)
    // A finding in a file that was not asked about, such as a configuration file, is told in every run: nothing is kept.
    let expected = findings.isEmpty ? [] : Set(files.map(\.path))
    let others = findings.filter { !expected.contains($0.path) }
    report.findings += others
    if !others.isEmpty { report.isRepeatable = false }
    for planned in files {
      let own = byPath.isEmpty ? [] : byPath[planned.path] ?? []
      report.findings += own
      guard settled?.contains(planned.path) ?? true else {
        report.isRepeatable = false
        continue
      }
      guard others.isEmpty else { continue }
      table.set(own.isEmpty ? nil : .array(own.map(\.recorded)), for: planned.key, in: planned.context)
    }
  }
}
