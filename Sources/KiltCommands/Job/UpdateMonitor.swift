internal import Diagnostics
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// Follows an update until it has ended: a line for each change, and one line at the bottom of a terminal.
struct UpdateMonitor {
  let session: JobSession
  let id: UpdateID
  let key: JobKey
  private let line: ProgressLine

  init(_ session: JobSession, _ id: UpdateID, of key: JobKey) {
    self.session = session
    self.id = id
    self.key = key
    line = ProgressLine(.standardError, isQuiet: session.global.quiet)
  }

  /// Waits until the update has ended.
  ///
  /// - Returns: the update, rolled forward or, when it was asked to, rolled back.
  /// - Throws: `Diagnostic` with the reason when it ended otherwise, or does not end in time.
  func wait(seconds: Int, wantsRollback: Bool = false) throws -> UpdateDetail {
    defer { line.finish() }
    let deadline = monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000
    var shown = Shown()
    var last: UpdateDetail?
    while true {
      do {
        guard let update = try session.client.update(id) else {
          throw Diagnostic(.work, "the scheduler no longer has update \(id) of job \(key)")
        }
        last = update
        show(update, &shown)
        if update.summary.status.isTerminal { return try result(of: update, wantsRollback) }
      } catch let error as Diagnostic where error.blame == .environment {
        // The scheduler can be restarting just now: the update continues.
        if monotonicNanoseconds() >= deadline { throw error }
        line.show("\(error.summary): trying again")
      }
      guard monotonicNanoseconds() < deadline else { throw timedOut(last, seconds) }
      pauseMilliseconds(250)
    }
  }

  // MARK: Progress

  private struct Shown {
    var steps: [Int: String] = [:]
    var status: String?
    var reported: Set<TaskID> = []
  }

  private func show(_ update: UpdateDetail, _ shown: inout Shown) {
    for step in update.steps {
      let text = Self.text(of: step)
      guard shown.steps[step.instance] != text else { continue }
      shown.steps[step.instance] = text
      if step.phase != .waiting || step.task?.status != .running { note("  instance \(step.instance): \(text)") }
    }
    for failure in update.failures where shown.reported.insert(failure.taskID).inserted {
      for text in failure.lines { note("    \(PlainText.line(text))") }
    }
    let status = update.summary.status.rawValue + (update.summary.message.map { ": \($0)" } ?? "")
    if shown.status != status {
      if shown.status != nil || update.summary.status != .rollingForward { note("  \(status)") }
      shown.status = status
      if update.summary.status.isPaused { note("  run `kilt job resume \(key)` to continue") }
      if update.summary.status.awaitsPulse { note("  run `kilt job pulse \(key)` to continue it") }
    }
    line.show(Self.summary(of: update))
  }

  private func note(_ text: String) {
    if !session.global.quiet { line.print(text + "\n") }
  }

  private static func text(of step: UpdateDetail.Step) -> String {
    switch step.phase {
    case .done: return step.action == .rolledBack ? "rolled back" : step.to == nil ? "removed" : "updated"
    case .failed: return step.action == .rollbackFailed ? "could not be rolled back" : "failed"
    case .waiting: return "waits"
    case .working: break
    }
    guard let task = step.task else { return "ended" }
    var text = task.status.rawValue
    if let health = step.health {
      text += health.healthy ? ", healthy" : ", unhealthy: \(health.message ?? "no answer")"
    }
    if task.status != .running, let message = task.message { text += ", \(message)" }
    return text
  }

  /// `ROLLING_FORWARD: 1 of 3 done, instance 1 RUNNING for 12 s of 45 s`.
  static func summary(of update: UpdateDetail) -> String {
    let done = update.steps.count { $0.phase == .done }
    let working = update.steps.filter { $0.phase == .working }.prefix(4).map { step -> String in
      guard let task = step.task, task.status == .running else {
        return "instance \(step.instance) \(step.task?.status.rawValue ?? "ending")"
      }
      let seconds = max(0, (update.now - task.since).milliseconds / 1000)
      let watch = update.configuration.watch.milliseconds / 1000
      return "instance \(step.instance) RUNNING for \(seconds) s" + (watch > 0 ? " of \(watch) s" : "")
    }
    return (["\(update.summary.status.rawValue): \(done) of \(update.steps.count) done"] + working)
      .joined(separator: ", ")
  }

  // MARK: Ends

  private func result(of update: UpdateDetail, _ wantsRollback: Bool) throws -> UpdateDetail {
    if update.summary.status == (wantsRollback ? .rolledBack : .rolledForward) { return update }
    throw UpdateMonitor.failure(of: update)
  }

  /// Why an update did not succeed.
  static func failure(of update: UpdateDetail) -> Diagnostic {
    let key = update.summary.key
    let reason = update.summary.message.map { ": \($0)" } ?? ""
    let end =
      switch update.summary.status {
      case .rolledBack: "was rolled back to release \(update.formerRelease)"
      case .aborted: "was aborted"
      case .rolledForward: "had rolled forward before it could be rolled back"
      default: "failed"
      }
    let first = update.failures.first?.instance ?? 0
    let change = update.isRestart ? "restart of \(key)" : "update of \(key) to release \(update.release)"
    return Diagnostic(
      .work, "the \(change) \(end)\(reason)",
      notes: update.failures.map { $0.lines.map(PlainText.line).joined(separator: "\n") },
      remedies: [
        "run `kilt job logs \(key) --instance \(first)` to see all output",
        "run `kilt job history \(key)` to list the releases",
      ])
  }

  private func timedOut(_ update: UpdateDetail?, _ seconds: Int) -> Diagnostic {
    Diagnostic(
      .work, "the update of \(key) had not ended after \(seconds) s, and continues",
      notes: update.map {
        [Self.summary(of: $0)]
          + $0.steps.filter { $0.phase == .working }.map { step in
            "instance \(step.instance): \(Self.text(of: step))"
          }
      } ?? [],
      remedies: [
        "run `kilt update status \(key)` to follow it",
        "run `kilt job abort \(key)` to end it, "
          + "or `kilt job rollback \(key)` to revert it",
      ])
  }
}
