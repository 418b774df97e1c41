import Discovery
import Glibc
import JobModel
import SystemSupport

extension TaskRunner {
  /// SIGTERM has come: the first ends the task gracefully, each further one goes on to the next step.
  func stopRequested() {
    let now = Monotonic.now()
    switch phase {
    case .fetching:
      if let child = fetch.child { kill(-child, SIGKILL) }
      end(.killed)
    case .active: stop(.killed, from: .drain)
    case .stopping(let step, _): beginStep(step < .terminate ? .terminate : .kill, isFinal: false, at: now)
    case .finalizing: beginStep(.terminate, isFinal: true, at: now)
    case .stoppingFinal: beginStep(.kill, isFinal: true, at: now)
    case .clearing, .ended: break
    }
  }

  /// Begins to end the task; a later reason does not change the first.
  func stop(_ ending: TaskEnding, from step: StopStep) {
    guard phase == .active else { return }
    self.ending = ending
    if announced != nil { withdrawalPause = Self.withdrawalPause }
    updateAnnouncement()
    beginStep(step, isFinal: false, at: Monotonic.now())
  }

  /// Takes one step of the stop, or the first applicable one after it.
  func beginStep(_ step: StopStep, isFinal: Bool, at now: Duration) {
    var step = step
    let lifecycle = assignment.configuration.lifecycle
    let port = lifecycle.flatMap { assignment.ports[$0.port] }
    let drain = max(assignment.configuration.drain, withdrawalPause)
    if step == .drain, drain <= .zero || runs.isEmpty { step = .quit }
    if step == .quit || step == .abort, lifecycle == nil || port == nil || runs.isEmpty { step = .terminate }
    var until = now + task.finalizationWait
    switch step {
    case .drain:
      until = now + drain
      drainCheck = announcedPorts.isEmpty ? nil : now + min(drain, withdrawalPause)
    case .quit, .abort:
      guard let lifecycle, let port else { break }
      let endpoint = step == .quit ? lifecycle.gracefulShutdownEndpoint : lifecycle.shutdownEndpoint
      let wait = step == .quit ? lifecycle.gracefulShutdownWait : lifecycle.shutdownWait
      until = now + wait
      post(endpoint, port: port, timeout: wait)
    case .kill:
      // Then the end is recorded despite processes that cannot be killed: usually they wait for a dead disk.
      until = now + .seconds(60)
    case .terminate: break
    }
    for id in runs.keys { runs[id]?.isStopped = true }
    phase = isFinal ? .stoppingFinal(step, until: until) : .stopping(step, until: until)
    advanceStop(step, until: until, isFinal: isFinal, at: now)
  }

  /// Looks whether the step has done its work or had its time.
  func advanceStop(_ step: StopStep, until: Duration, isFinal: Bool, at now: Duration) {
    if runs.isEmpty {
      if isFinal || finalGraph.isEmpty { return end(ending ?? .finished) }
      graph = finalGraph
      phase = .finalizing(until: now + task.finalizationWait)
      startReady(at: now)
      return
    }
    switch step {
    case .drain:
      if now >= until || isUnused(at: now) { beginStep(.quit, isFinal: isFinal, at: now) }
    case .quit, .abort:
      if now >= until { beginStep(step == .quit ? .abort : .terminate, isFinal: isFinal, at: now) }
    case .terminate:
      if now >= until { return beginStep(.kill, isFinal: isFinal, at: now) }
      for run in runs.values { run.start.terminate() }
    case .kill:
      if now >= until { return end(ending ?? .finished) }
      for run in runs.values { run.start.kill() }
    }
  }

  /// The ports that clients found in discovery.
  private var announcedPorts: Set<Int> { announcement.map { Set($0.endpoints.values) } ?? [] }

  /// Whether no client is connected to an announced port any more: the task has answered all that it was asked.
  private func isUnused(at now: Duration) -> Bool {
    guard let due = drainCheck, now >= due else { return false }
    drainCheck = now + .milliseconds(100)
    do throws(SystemCallError) {
      return try TCPPorts.connected().isDisjoint(with: announcedPorts)
    } catch {
      // Unknown is not unused: the task stays for its whole time.
      return false
    }
  }

  private func post(_ endpoint: String, port: Int, timeout: Duration) {
    let path = (try? bind(endpoint)) ?? endpoint
    do throws(ExecutorError) {
      // Its answer does not matter: what counts is whether the processes end.
      try background.start(
        { .problem(HTTPExchange.post(port: port, path: path, timeout: timeout)) }, receive: { _ in })
    } catch {
      warnings.append(Self.text(error))
    }
  }

  /// Kills the remaining processes of the control group and below this process, and then writes the terminal record:
  /// nothing of the task runs after it.
  func clear(until: Duration, at now: Duration) {
    children.reap()
    var left: [ProcessTree.Member]
    do throws(ExecutorError) {
      left = try leftovers()
    } catch {
      // Unknown is not empty: asked again, as long as there is time.
      if now < until { return }
      warnings.append(Self.text(error))
      left = []
    }
    if !left.isEmpty, now < until {
      for member in left { ProcessTree.send(SIGKILL, to: member) }
      return
    }
    var message = ending?.message
    if !left.isEmpty {
      let note = "\(left.count) processes cannot be killed: \(left.map { "\($0.id)" }.joined(separator: ", "))"
      message = [message, note].compactMap { $0 }.joined(separator: "; ")
    }
    finishLogs()
    recordLastSample()
    if ending ?? .finished == .finished {
      do throws(ExecutorError) { try keepStepOutput() } catch {
        // A step whose output is lost is not done.
        ending = .failed(reason: "cannot keep the output of the step: \(Self.text(error))")
        message = ending?.message
      }
    }
    settleDisk()
    if let group {
      // The kernel may hold a group for a moment after its last process is gone.
      if !group.remove(), now < until { return }
      // Another task may be in the parent, or somebody may have given it to us.
      if !options.controlGroupParent.hasPrefix("/") { ControlGroups.removeParents(of: group.directories) }
    }
    if status?.isTerminal != true { report((ending ?? .finished).status, message) }
    if checkpoint.sync() || now >= until { phase = .ended }
  }

  /// The remaining processes of the task. The group knows all of its members; processes below this one are added,
  /// because there is not always a group, and sandboxes are outside of it.
  private func leftovers() throws(ExecutorError) -> [ProcessTree.Member] {
    var found: [ProcessTree.Member] = []
    for id in Set(try group?.members() ?? []).union(try ProcessTree.children(of: getpid())) {
      if let member = ProcessTree.member(id), !member.isZombie { found.append(member) }
    }
    // Without a group, everything below; a process that loses its parent becomes a child of this process.
    if group == nil, !found.isEmpty {
      found = ProcessTree.current().descendants(of: getpid()).filter { !$0.isZombie }
    }
    // The program that removes the task's node from ZooKeeper ends automatically, with its input.
    if let own = serverSet?.id { found.removeAll { $0.id == own } }
    return found
  }
}
