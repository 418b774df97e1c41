public import Diagnostics
public import JobModel
import Synchronization
import SystemSupport

/// Everything that can be said about one job file, or Aurora file, without a server.
public struct JobFileCheck: Sendable {
  /// One job that the file describes.
  public struct Job: Sendable {
    /// The stage of a job file, or the environment of an Aurora file.
    public var stage: String
    /// `cluster/role/stage/name`, as far as the file contains it.
    public var key: String
    /// Nil where it cannot be made: `errors` say why, or variables are unbound.
    public var configuration: JobConfiguration?
    /// The variables of an Aurora file that `--bind` must give.
    public var unbound: [String] = []
  }

  /// Relative to the workspace.
  public var path: String
  public var jobs: [Job]
  public var errors: [Diagnostic]
  public var warnings: [Diagnostic]
}

extension JobLoader {
  /// Checks files, each for all its stages, on all processors. The result is in the order of the paths.
  ///
  /// Each template is read and compiled once for all files that share it. Looks up no artifact.
  public func check(_ paths: [String], bindings: [TemplateBinding] = []) -> [JobFileCheck] {
    let results = Mutex<[Int: JobFileCheck]>([:])
    // In runs, so that one lock serves many files.
    let size = 16
    performInParallel(count: (paths.count + size - 1) / size) { chunk in
      let range = (chunk * size)..<min(paths.count, (chunk + 1) * size)
      let checks = range.map { ($0, check(paths[$0], bindings: bindings)) }
      results.withLock { results in for (index, check) in checks { results[index] = check } }
    }
    let found = results.withLock { $0 }
    var checks = paths.indices.compactMap { found[$0] }
    Self.findDoubles(in: &checks)
    return checks
  }

  private func check(_ path: String, bindings: [TemplateBinding]) -> JobFileCheck {
    let collected = Mutex<[Diagnostic]>([])
    var loader = self
    loader.warn = { warning in
      collected.withLock { if !$0.contains(warning) { $0.append(warning) } }
    }
    var check = JobFileCheck(path: path, jobs: [], errors: [], warnings: [])
    func add(_ error: any Error) {
      for diagnostic in Self.diagnostics(of: error) where !check.errors.contains(diagnostic) {
        check.errors.append(diagnostic)
      }
    }
    do {
      if Self.isAurora(path) {
        for job in try loader.auroraJobs(path, bindings: bindings) {
          check.jobs.append(
            JobFileCheck.Job(
              stage: job.environment, key: job.key, configuration: job.configuration, unbound: job.unbound))
          for problem in job.problems where !check.errors.contains(problem) { check.errors.append(problem) }
        }
      } else {
        try loader.forEachStage(of: path) { stage, key, result in
          var job = JobFileCheck.Job(stage: stage, key: key)
          switch result {
          case .success(let configuration): job.configuration = configuration
          case .failure(let error): add(error)
          }
          check.jobs.append(job)
        }
      }
    } catch {
      // Problems of the file itself come first, because problems of the template can follow from them.
      let own = Self.diagnostics(of: error)
      check.errors = own + check.errors.filter { !own.contains($0) }
    }
    check.warnings = collected.withLock { $0 }
    return check
  }

  /// Two job files that describe one job: the second would replace the first. Aurora files are often variants of each
  /// other, of which the user names one.
  private static func findDoubles(in checks: inout [JobFileCheck]) {
    var first: [String: String] = [:]
    for index in checks.indices where !isAurora(checks[index].path) {
      for job in checks[index].jobs where job.configuration != nil {
        guard let other = first[job.key] else {
          first[job.key] = checks[index].path
          continue
        }
        checks[index].errors.append(
          Diagnostic(
            .input, "\"\(checks[index].path)\" and \"\(other)\" both describe the job \(job.key)",
            at: SourceLocation(path: checks[index].path, line: 1),
            remedies: ["give one of them another name: \"name: NAME\" in the file"]))
      }
    }
  }

  static func diagnostics(of error: any Error) -> [Diagnostic] {
    switch error {
    case let list as DiagnosticList: list.diagnostics
    case let error as any DiagnosableError: [error.diagnostic]
    case let error as SystemCallError: [Diagnostic(.environment, error.description)]
    default: [Diagnostic(.defect, "unexpected error: \(error)")]
    }
  }
}
