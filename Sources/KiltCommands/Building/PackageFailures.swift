internal import ArgumentParser
internal import Diagnostics
internal import SystemSupport
internal import TargetGraph

/// The targets of a run that could not be built, while the others were.
struct PackageFailures {
  var errors: [(target: TargetID, error: any Error)]
  /// The number of targets to build.
  var count: Int

  var isEmpty: Bool { errors.isEmpty }

  /// The text of an error.
  static func diagnostics(of error: any Error) -> [Diagnostic] {
    switch error {
    case let list as DiagnosticList: list.diagnostics
    case let error as any DiagnosableError: [error.diagnostic]
    default: []
    }
  }

  /// Prints the problem of each target, each problem once, and lists the targets at the end.
  ///
  /// - Throws: the error of a run with one target; otherwise the exit code 1, or 3 if only the machine is at fault.
  func report(_ session: WorkspaceSession) throws {
    let errors = errors.sorted { session.name(of: $0.target) < session.name(of: $1.target) }
    guard let first = errors.first else { return }
    if count == 1 { throw first.error }
    var seen: Set<Diagnostic> = []
    let all = errors.flatMap { Self.diagnostics(of: $0.error) }.filter { seen.insert($0).inserted }
    let isOfMachine = all.allSatisfy { $0.blame == .environment }
    let summary = Diagnostic(
      isOfMachine ? .environment : .work, "cannot build \(errors.count) of \(count) targets",
      notes: [errors.map { session.name(of: $0.target) }.joined(separator: "\n")],
      remedies: isOfMachine ? ["run `kilt package` again once the machine has what is missing"] : [])
    let renderer = DiagnosticRenderer(color: Terminal.standardError.usesColor)
    writeText((all + [summary]).map { renderer.render($0) }.joined(), to: 2)
    throw ExitCode(summary.blame.exitCode)
  }
}
