internal import Diagnostics
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// The update of several jobs: all are planned before the first one changes, each is carried out to its end before the
/// next begins, and the first that fails ends the command.
struct AffectedUpdate {
  let session: JobSession
  let change: ChangeOptions
  let format: OutputFormat
  /// The arguments that name these jobs again.
  let repeating: String

  /// A job with its plan, and its outcome.
  private struct Step {
    enum State: String {
      case updated, unchanged, failed
      case notBegun = "not_begun"
    }

    var configuration: JobConfiguration
    var report: PlanReport
    var state: State
    var result: JSONValue?
  }

  func run(_ jobs: [JobOptions], commit: String?, whenEmpty note: () -> Void) throws {
    var steps = try plan(jobs, commit: commit)
    if steps.isEmpty, format == .text { note() }
    let deployment = JobDeployment(session: session, change: change, format: format)
    if change.dryRun || steps.allSatisfy({ $0.state == Step.State.unchanged }) {
      switch format {
      case .json: writeText(JSONValue.array(steps.map(\.report.json)).text(.pretty) + "\n", to: 1)
      case .text: for step in steps { Terminal.standardOutput.print(step.report.lines.joined(separator: "\n")) }
      }
      return
    }
    for step in steps { for line in step.report.lines { session.global.note(line) } }
    let changed = steps.count { $0.state != Step.State.unchanged }
    try change.confirm("Carry this out for \(counted(changed, "job"))?")
    for index in steps.indices where steps[index].state == .notBegun {
      let configuration = steps[index].configuration
      do {
        let receipt = try session.client.update(configuration, instances: [])
        let result = try deployment.result(of: receipt, configuration: configuration, verb: "updated")
        steps[index].state = receipt.outcome == .unchanged ? .unchanged : .updated
        steps[index].result = result.json
        if format == .text { Terminal.standardOutput.print(result.text) }
      } catch {
        steps[index].state = .failed
        if format == .json { printJSON(steps) }
        throw failure(error, steps)
      }
    }
    switch format {
    case .json: printJSON(steps)
    case .text: for step in steps where step.state == .unchanged { Terminal.standardOutput.print(step.report.summary) }
    }
  }

  /// The plans of all jobs; problems of any of them are reported before anything changes.
  private func plan(_ jobs: [JobOptions], commit: String?) throws -> [Step] {
    var steps: [Step] = []
    var problems: [Diagnostic] = []
    for job in jobs {
      do {
        let configuration = try session.configuration(job, commit: commit, offline: false)
        let report = PlanReport(
          try session.client.plan(configuration, instances: []), configuration, session: session)
        steps.append(
          Step(
            configuration: configuration, report: report,
            state: report.plan.outcome == .unchanged || report.isUnchanged ? .unchanged : .notBegun))
      } catch {
        problems += Self.diagnostics(error)
      }
    }
    guard problems.isEmpty else {
      problems[problems.count - 1].notes.append("no job was changed")
      throw DiagnosticList(problems)
    }
    return steps
  }

  private func printJSON(_ steps: [Step]) {
    let values = steps.map { step in
      JSONValue.members([
        "key": .string(step.configuration.key.description), "state": .string(step.state.rawValue),
        "result": step.result ?? .null,
      ])
    }
    writeText(JSONValue.array(values).text(.pretty) + "\n", to: 1)
  }

  /// The failure of one job, with the jobs before it and the jobs that were not begun.
  private func failure(_ error: any Error, _ steps: [Step]) -> any Error {
    var diagnostics = Self.diagnostics(error)
    let labels: [(Step.State, String)] = [
      (.updated, "updated"), (.unchanged, "unchanged"), (.failed, "failed"), (.notBegun, "not begun"),
    ]
    for (state, label) in labels {
      let keys = steps.filter { $0.state == state }.map { "\($0.configuration.key)" }
      if !keys.isEmpty { diagnostics[0].notes.append("\(label): \(keys.joined(separator: ", "))") }
    }
    diagnostics[0].remedies.append(
      "fix it and run `kilt job update \(repeating)` again: updated jobs do not change")
    return diagnostics.count == 1 ? diagnostics[0] : DiagnosticList(diagnostics)
  }

  private static func diagnostics(_ error: any Error) -> [Diagnostic] {
    switch error {
    case let error as any DiagnosableError: [error.diagnostic]
    case let list as DiagnosticList where !list.diagnostics.isEmpty: list.diagnostics
    default: [Diagnostic(.defect, "\(error)")]
    }
  }
}
