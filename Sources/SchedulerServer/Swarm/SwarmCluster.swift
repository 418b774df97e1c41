internal import Diagnostics
internal import Digests
internal import Executor
internal import Glibc
internal import JSON
internal import JobModel
internal import NIOPosix
internal import SchedulerCore
internal import ServiceLifecycle
internal import SwarmEngine
internal import Synchronization
internal import SystemSupport

/// The Docker Swarm of a scheduler: what was last seen of it, and what is to be done there.
///
/// Threads of its own call the Docker engine, so that one that does not answer holds nobody up. What the engine does not
/// say is unknown: nothing counts as gone, or as there, before it was seen in an answer to a question that was asked after
/// the last change.
final class SwarmCluster: Sendable {
  let options: SchedulerOptions
  let settings: SwarmSettings
  let swarm: Swarm

  /// What one look at the swarm has shown.
  struct View: Sendable {
    /// When it began, in nanoseconds: it shows everything that was done before.
    var began: UInt64
    var nodes: [String: SwarmNode] = [:]
    var services: [TaskID: String] = [:]
    var tasks: [TaskID: SwarmTask] = [:]
    /// The nodes that have the image.
    var usable: Set<String> = []
    var image = ""
  }

  /// What was done for a task.
  private enum Step: Equatable {
    case creating
    case created(at: UInt64)
    case failed(String)
    case removing
    case removed(at: UInt64)
  }

  private struct State {
    var view: View?
    var problem: String?
    var steps: [TaskID: Step] = [:]
    var tasks: [TaskID: RemoteTask] = [:]
    var isStopped = false
  }
  private let state = Mutex(State())
  private let workers = NIOThreadPool(numberOfThreads: 6)
  /// The key that executors know this scheduler by; nil without TLS.
  private let key: String?
  private let startedAt = monotonicNanoseconds()
  /// How long Swarm may look for a place on the node that a task was given, in nanoseconds.
  private static let placement: UInt64 = 30_000_000_000

  init(_ settings: SwarmSettings, _ options: SchedulerOptions, key: String?) throws {
    self.options = options
    self.key = settings.advertise.hasPrefix("https:") ? key : nil
    self.settings = settings
    swarm = Swarm(settings.docker, scheduler: try Self.identity(options.stateDirectory))
    workers.start()
  }

  /// The scheduler's ID in labels: made once, and kept with its state.
  private static func identity(_ directory: FilePath) throws -> String {
    let path = directory.appending("scheduler-id")
    if FileSystem.exists(path) {
      return try FileSystem.readText(path).split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
    }
    var bytes = [UInt8](repeating: 0, count: 12)
    if getentropy(&bytes, bytes.count) != 0 { throw SystemCallError("getentropy", nil, .ioError) }
    let id = String(hexadecimal: bytes)
    try FileSystem.write(text: id + "\n", to: path, permissions: 0o600)
    return id
  }

  var view: View? { state.withLock { $0.view } }
  /// Why the swarm cannot be looked at now; nil while it can.
  var problem: String? { state.withLock { $0.problem } }

  func directory(_ task: TaskID) -> TaskDirectory {
    TaskDirectory(options.tasksDirectory.appending(task.rawValue).string)
  }

  // MARK: Looking

  /// Looks once, and keeps what was seen.
  func look() throws {
    let began = monotonicNanoseconds()
    do throws(DockerError) {
      var view = View(began: began)
      view.image = try swarm.imageID(settings.image)
      for node in try swarm.nodes() { view.nodes[node.id] = node }
      view.usable = try swarm.nodesWithImage(view.image)
      // Asked before the services: a container whose service is gone is then still seen.
      view.tasks = try swarm.tasks()
      view.services = try swarm.services()
      state.withLock { state in
        state.view = view
        state.problem = nil
      }
    } catch {
      let text = ([error.diagnostic.summary] + error.diagnostic.notes).joined(separator: ": ")
      let isNew = state.withLock { state in
        defer { state.problem = text }
        return state.problem != text
      }
      if isNew { writeText("warning: \(PlainText.line(text))\n", to: 2) }
      throw error
    }
  }

  /// Looks again and again, less often the longer a look takes: at most a fiftieth of the time.
  func watch() {
    _ = startThread { [self] in
      var sweepAt: UInt64 = 0
      while !state.withLock({ $0.isStopped }) {
        let start = monotonicNanoseconds()
        var pause: UInt64 = 1_000_000_000
        do {
          try look()
          if start >= sweepAt {
            sweepAt = start + 60_000_000_000
            try sweep()
          }
          pause = min(max(500_000_000, (monotonicNanoseconds() - start) * 50), 5_000_000_000)
        } catch {
          // It was said, and is tried again.
        }
        usleep(UInt32(pause / 1000))
      }
    }
  }

  func stop() { state.withLock { $0.isStopped = true } }

  /// Removes what earlier processes left: secrets without a service, and checks of earlier images.
  private func sweep() throws(DockerError) {
    guard let view else { return }
    try swarm.removeImageChecks(except: view.image)
    for task in try swarm.secrets() where view.services[task] == nil {
      let isUnused = state.withLock { state in
        switch state.steps[task] {
        case .creating, .created, .removing: false
        case .failed, .removed, nil: true
        }
      }
      if isUnused { try swarm.remove(task) }
    }
  }

  // MARK: Changing

  /// Creates the service of a task, for as long as it takes.
  func create(_ assignment: TaskAssignment, node: String, user: TaskService.User, _ task: RemoteTask) {
    let id = assignment.taskID
    let isNew = state.withLock { state in
      state.tasks[id] = task
      if case .creating? = state.steps[id] { return false }
      state.steps[id] = .creating
      return true
    }
    guard isNew else { return }
    work { [self] in
      guard state.withLock({ if case .creating? = $0.steps[id] { true } else { false } }) else { return true }
      guard let image = view?.image else { return false }
      let service = TaskService(
        assignment: assignment, scheduler: swarm.scheduler, node: node, image: image, user: user)
      let contact = SchedulerContact(
        address: settings.advertise, task: id, token: task.token, key: key)
      do throws(DockerError) {
        try swarm.create(service, contact: contact.json)
        state.withLock { state in
          // Whoever asked for its removal meanwhile looks for it.
          if case .creating? = state.steps[id] { state.steps[id] = .created(at: monotonicNanoseconds()) }
        }
        return true
      } catch {
        if error.isTransient { return false }
        let text = ([error.diagnostic.summary] + error.diagnostic.notes).joined(separator: ": ")
        state.withLock { $0.steps[id] = .failed(text) }
        return true
      }
    }
  }

  /// Removes the service of a task, for as long as it takes.
  private func remove(_ id: TaskID) {
    let isNew = state.withLock { state in
      switch state.steps[id] {
      case .removing, .removed: return false
      default:
        state.steps[id] = .removing
        return true
      }
    }
    guard isNew else { return }
    work { [self] in
      do throws(DockerError) {
        try swarm.remove(id)
        state.withLock { $0.steps[id] = .removed(at: monotonicNanoseconds()) }
        return true
      } catch {
        return false
      }
    }
  }

  /// Does something on one of the threads, again after a second until it is done.
  private func work(_ body: @escaping @Sendable () -> Bool) {
    workers.submit { [self] state in
      guard case .active = state, !self.state.withLock({ $0.isStopped }) else { return }
      if body() { return }
      _ = startThread { [self] in
        sleep(1)
        work(body)
      }
    }
  }

  // MARK: Tasks

  /// The task that an executor speaks for; nil for one that is over, or that nobody knows.
  func task(_ id: TaskID) -> RemoteTask? { state.withLock { $0.tasks[id] } }

  /// Goes on with a task of an earlier process.
  func resume(_ id: TaskID) throws {
    let task = try RemoteTask(directory(id))
    state.withLock { state in if state.tasks[id] == nil { state.tasks[id] = task } }
  }

  /// Whether an executor of a task lives, and why not.
  func presence(of id: TaskID) -> (ExecutorPresence, reason: String?) {
    let (view, step, task) = state.withLock { ($0.view, $0.steps[id], $0.tasks[id]) }
    var since = startedAt
    switch step {
    case .creating: return (.alive, nil)
    case .failed(let message): return (.gone, message)
    case .created(let time), .removed(let time): since = time
    case .removing, nil: break
    }
    guard let view, view.began > since || step == nil else { return (.alive, nil) }
    guard let run = view.tasks[id], !run.state.isOver else {
      if view.services[id] != nil, view.tasks[id] == nil { return (.alive, nil) }
      return (.gone, Self.reason(view.tasks[id]))
    }
    if run.node.isEmpty {
      guard monotonicNanoseconds() - since > Self.placement else { return (.alive, nil) }
      return (.gone, "Swarm found no place on its node: \(run.message ?? run.state.rawValue)")
    }
    guard let node = view.nodes[run.node] else { return (.gone, "its node has left the swarm") }
    guard !node.isReady, let task, task.silence > Self.nanoseconds(patience(of: task)) else { return (.alive, nil) }
    return (.gone, "the node \(node.hostname) cannot be reached")
  }

  private static let forever = Duration.seconds(1 << 33)

  /// How long an executor may be silent on a node that cannot be reached.
  private func patience(of task: RemoteTask) -> Duration {
    let configuration: JobConfiguration
    // What cannot be read may say that the task is not to be replaced: asked again at the next look.
    do { configuration = try task.directory.assignment().configuration } catch { return Self.forever }
    guard let policy = configuration.partitionPolicy else { return settings.patience }
    if !policy.reschedule { return Self.forever }
    return max(settings.patience, policy.delay, TaskLease(configuration)?.replacement ?? .zero)
  }

  private static func reason(_ run: SwarmTask?) -> String {
    guard let run else { return "its service was removed" }
    switch run.state {
    case .rejected: return "its node refused it: \(run.message ?? "for no stated reason")"
    case .orphaned: return "its node was away for too long"
    case .complete, .shutdown: return "its container ended without reporting a result"
    default:
      let code = run.exitCode.map { " with exit code \($0)" } ?? ""
      return "its container ended\(code)" + (run.message.map { ": \($0)" } ?? "")
    }
  }

  /// Ends a task at once; true when nothing of it is left that can be reached.
  func kill(_ id: TaskID) -> Bool {
    // A service that was never created is not waited for.
    let (view, step) = state.withLock { ($0.view, $0.steps[id]) }
    remove(id)
    guard case .removed(let time)? = step, let view, view.began > time else { return false }
    guard view.services[id] == nil else {
      // It was created at the same moment.
      state.withLock { $0.steps[id] = nil }
      return false
    }
    if let run = view.tasks[id], !run.state.isOver, let node = view.nodes[run.node], node.isReady { return false }
    state.withLock { state in
      state.steps[id] = nil
      state.tasks[id] = nil
    }
    return true
  }

  /// Removes the services of tasks that have ended, when their containers have.
  ///
  /// - Parameter tasks: those that may have an executor still.
  func retire(except tasks: Set<TaskID>) {
    guard let view else { return }
    for (id, run) in view.tasks where run.state.isOver && view.services[id] != nil && !tasks.contains(id) { remove(id) }
    state.withLock { state in
      for case (let id, .removed(let time)) in state.steps
      where view.began > time && view.services[id] == nil && !tasks.contains(id)
        && view.tasks[id]?.state.isOver != false
      {
        state.steps[id] = nil
        state.tasks[id] = nil
      }
    }
  }

  private static func nanoseconds(_ duration: Duration) -> UInt64 {
    UInt64(clamping: duration.components.seconds).multipliedReportingOverflow(by: 1_000_000_000).partialValue
  }
}
