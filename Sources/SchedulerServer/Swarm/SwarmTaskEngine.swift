internal import Diagnostics
internal import Executor
internal import Glibc
internal import JobModel
internal import SchedulerCore
internal import SwarmEngine
internal import SystemSupport

/// The engine of a Docker Swarm: each task is a service, and its directory here is a copy that its executor fills.
struct SwarmTaskEngine: TaskEngine {
  let cluster: SwarmCluster
  /// Follows the copies, as it follows directories of tasks on this machine.
  private var files: TaskSupervisor

  init(_ cluster: SwarmCluster) {
    self.cluster = cluster
    files = TaskSupervisor(cluster.options) { [cluster] directory in
      cluster.presence(of: TaskID(directory.name)).0
    }
  }

  var hasLocalProcesses: Bool { false }

  func directory(_ task: TaskID) -> TaskDirectory { cluster.directory(task) }

  mutating func launch(_ assignment: TaskAssignment, on host: String?, step: TaskStep?) throws {
    guard step == nil else { throw Diagnostic(.input, "a Docker Swarm cannot run steps of pipelines") }
    let id = assignment.taskID
    guard let host else { throw Diagnostic(.environment, "the task has no node of the swarm") }
    let user = try user(of: assignment.configuration)
    try FileSystem.createDirectories(cluster.options.tasksDirectory, permissions: 0o711)
    let directory = directory(id)
    if let last = try directory.checkpoint()?.lastEvent, last.status.isTerminal { return }
    try directory.create(assignment)
    let task = try cluster.task(id) ?? RemoteTask(directory)
    cluster.create(assignment, node: host, user: user, task)
  }

  /// The user of the container: that of the role on this machine, as for tasks of this machine.
  private func user(of configuration: JobConfiguration) throws -> TaskService.User {
    let name = configuration.task.user ?? configuration.key.role
    let options = cluster.options
    let numbers = try TaskIdentity.numbers(
      name, allowsMissing: options.allowsMissingUser, allowedRoots: options.allowedRoots)
    return TaskService.User(id: numbers.id, group: numbers.group)
  }

  mutating func stop(_ task: TaskID) throws -> Bool {
    guard case .alive = cluster.presence(of: task).0, let remote = cluster.task(task) else { return false }
    // The request lives in memory, and a later process asks again: the executor does it once.
    remote.askToStop()
    return true
  }

  mutating func killExecutor(_ task: TaskID) -> Bool { cluster.kill(task) }

  func clearing(_ task: TaskID) -> @Sendable () throws -> Void {
    // The container was all that there was.
    {}
  }

  mutating func poll(_ tasks: Set<TaskID>, at now: UInt64) -> [Observation] {
    cluster.retire(except: tasks)
    files.lookSoon(at: tasks.filter { cluster.presence(of: $0).0 != .alive })
    return files.poll(tasks, at: now)
  }

  func reason(of task: TaskID) -> String? { cluster.presence(of: task).reason }

  func presence(of task: TaskID) -> ExecutorPresence { cluster.presence(of: task).0 }

  mutating func find(_ tasks: [TaskRecord]) -> FoundExecutors {
    var found = FoundExecutors()
    do {
      try cluster.swarm.check()
      try cluster.look()
    } catch {
      found.problems.append("cannot see the swarm yet: its tasks count as running")
    }
    cluster.watch()
    let view = cluster.view
    for task in tasks {
      do {
        let hasBegun = FileSystem.exists(FilePath(directory(task.id).paths.assignment))
        if hasBegun { try cluster.resume(task.id) }
        let isSeen = view.map { $0.services[task.id] != nil || $0.tasks[task.id].map { !$0.state.isOver } ?? false }
        if isSeen ?? true {
          found.live[task.id] = 0
        } else if FileSystem.exists(FilePath(directory(task.id).paths.checkpoint)) {
          found.dead.insert(task.id)
        }
      } catch {
        found.problems.append("task \(task.id): \(HostScheduler.summary(of: error))")
        found.live[task.id] = 0
      }
    }
    // A task that has ended may have something to report still.
    for task in view?.services.keys.sorted() ?? [] where cluster.task(task) == nil {
      guard FileSystem.exists(FilePath(directory(task).paths.assignment)) else { continue }
      do { try cluster.resume(task) } catch { found.problems.append("\(error)") }
    }
    return found
  }

  func strangers(_ isKnown: (TaskID) -> Bool) throws -> FoundStrangers {
    var found = try files.strangers(isKnown)
    for task in cluster.view?.services.keys.sorted() ?? [] where !isKnown(task) && !found.tasks.contains(task) {
      found.tasks.append(task)
    }
    return found
  }

  func offers(_ use: HostUse) throws -> [HostOffer]? {
    guard let view = cluster.view else { return nil }
    return view.nodes.values.filter { $0.isReady && view.usable.contains($0.id) }.map { node in
      var attributes = node.labels.filter { !$0.key.hasPrefix("kilt.") }
      attributes["arch"] = node.architecture
      return HostOffer(
        id: node.id, hostname: node.hostname, address: node.address, admission: Self.admission(of: node),
        resources: Resources(
          milliCPU: node.nanoCPUs / 1_000_000, ram: node.memory / 10 * 9,
          disk: node.labels[SwarmNode.diskLabel].flatMap { ByteSize.parse($0) } ?? Self.defaultDisk, processes: 100_000),
        ports: cluster.options.portRange, attributes: attributes)
    }.sorted { $0.id < $1.id }
  }

  /// What tasks of a node may write together where no label says it: Swarm does not know disks.
  private static let defaultDisk = 100 << 30

  private static func admission(of node: SwarmNode) -> HostOffer.Admission {
    if node.isDrainedByKilt { return .draining }
    return node.availability == .active ? .open : .closed
  }
}
