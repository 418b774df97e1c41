internal import Discovery
internal import JSON
internal import JobModel
internal import NIOCore
internal import SchedulerCore
internal import SchedulerStore
internal import SystemSupport

/// The scheduler's knowledge about announcements. A new process reads all of it again from the executors' records.
struct ServiceCatalogue {
  /// The last report of each task's executor; a withdrawn task has its reason.
  enum State {
    case announced(Announcement)
    case withdrawn(reason: String)
  }

  var states: [TaskID: State] = [:]
  /// Tasks with records that could not be read.
  var unreadable: Set<TaskID> = []
  /// Whether something has changed since the last event to followers.
  var isStale = true
  /// The time of the next event to followers without a change, in nanoseconds.
  var repeatAt: UInt64 = 0
  var followers: [Int: AsyncStream<ByteBuffer>.Continuation] = [:]
  var nextFollower = 0
  /// The last server-sent event.
  var frame: ByteBuffer?
  /// The content of the file that was written last, and the last problem with writing it.
  var written: String?
  var fileProblem: String?

  /// A follower that receives nothing for longer must ask again.
  static let repetition: UInt64 = 10_000_000_000
}

// The catalogue of services: which tasks can be called. The facts are the executors' announcements; a task that the
// scheduler is about to end is withdrawn at once.
extension HostScheduler {
  /// Processes a record about an announcement.
  func note(_ announcement: Announcement?, reason: String?, of task: TaskID) {
    catalogue.states[task] = announcement.map { .announced($0) } ?? .withdrawn(reason: reason ?? "it was withdrawn")
    catalogue.isStale = true
  }

  /// Records whether the records of a task can be read.
  func note(readable: Bool, _ task: TaskID) {
    if readable ? catalogue.unreadable.remove(task) != nil : catalogue.unreadable.insert(task).inserted {
      catalogue.isStale = true
    }
  }

  func forgetAnnouncements(except watched: Set<TaskID>) {
    if catalogue.states.keys.contains(where: { !watched.contains($0) }) { catalogue.isStale = true }
    catalogue.states = catalogue.states.filter { watched.contains($0.key) }
    catalogue.unreadable.formIntersection(watched)
  }

  /// All services, in the order of their keys.
  func services() -> [Service] {
    let state = store.state
    var services: [JobKey: Service] = [:]
    for (key, job) in state.jobs where job.configuration?.announce != nil { services[key] = Service(key: key) }
    var known: Set<TaskID> = []
    for task in state.placedTasks + state.activeTasks
    where task.configuration.announce != nil && !task.status.isTerminal && known.insert(task.id).inserted {
      var service = services[task.job] ?? Service(key: task.job)
      if let instance = instance(task) {
        service.instances.append(instance)
      } else {
        service.withdrawn.append(withdrawn(task))
      }
      services[task.job] = service
    }
    return services.values.sorted { $0.key < $1.key }.map { service in
      var service = service
      service.instances.sort { ($0.shard, $0.taskID?.rawValue ?? "") < ($1.shard, $1.taskID?.rawValue ?? "") }
      service.withdrawn.sort { ($0.shard, $0.taskID.rawValue) < ($1.shard, $1.taskID.rawValue) }
      return service
    }
  }

  func service(_ key: JobKey) -> Service? { services().first { $0.key == key } }

  private func instance(_ task: TaskRecord) -> ServiceInstance? {
    guard task.status == .running || task.status == .partitioned,
      case .announced(let announcement)? = catalogue.states[task.id]
    else { return nil }
    return ServiceInstance(
      shard: task.instance, taskID: task.id, announcement: announcement,
      health: task.configuration.healthCheck == nil ? .unchecked : .healthy, release: task.revision,
      commit: task.configuration.task.artifacts.lazy.compactMap(\.commit).first)
  }

  private func withdrawn(_ task: TaskRecord) -> WithdrawnInstance {
    var reason = "the task is \(task.status.rawValue)"
    if task.status == .running {
      reason = "its executor has not announced it"
      if case .withdrawn(let told)? = catalogue.states[task.id] { reason = told }
    }
    return WithdrawnInstance(
      shard: task.instance, taskID: task.id, status: task.status, reason: reason,
      isUnknown: catalogue.unreadable.contains(task.id) && task.status == .running)
  }

  /// Writes down for executors where ZooKeeper is. Those that run already follow it too.
  func writeZooKeeperFile() throws {
    let discovery = options.clusterPolicy.discovery
    guard let hosts = discovery.zooKeeper else { return }
    var object = JSONObject([("hosts", .string(hosts)), ("root", .string(discovery.zooKeeperRoot))])
    if let path = discovery.zooKeeperAuthentication { object["authentication"] = .string(path.string) }
    let text = JSONValue.object(object).text(.pretty) + "\n"
    if FileSystem.exists(options.zooKeeperFile), try FileSystem.readText(options.zooKeeperFile) == text { return }
    try FileSystem.write(text: text, to: options.zooKeeperFile, permissions: 0o600)
  }

  // MARK: Followers

  /// The whole catalogue at once and after each change, until the second value is called or the server stops.
  func followServices() -> (AsyncStream<ByteBuffer>, end: @Sendable () -> Void) {
    let number = catalogue.nextFollower
    catalogue.nextFollower += 1
    // Each event is the whole catalogue: a slow reader that gets only the newest misses nothing.
    let (stream, continuation) = AsyncStream.makeStream(of: ByteBuffer.self, bufferingPolicy: .bufferingNewest(1))
    continuation.onTermination = { _ in Task { await self.forgetServiceFollower(number) } }
    catalogue.followers[number] = continuation
    continuation.yield(servicesFrame(services()))
    return (stream, { continuation.finish() })
  }

  private func forgetServiceFollower(_ number: Int) { catalogue.followers[number] = nil }

  private func servicesFrame(_ services: [Service]) -> ByteBuffer {
    ByteBuffer(string: "event: services\ndata: \(Service.json(services).text())\n\n")
  }

  /// Sends changes to followers and to the file of `file_sd`.
  func publishServices() {
    let now = monotonicNanoseconds()
    let isDue = now >= catalogue.repeatAt
    guard catalogue.isStale || isDue else { return }
    let file = options.clusterPolicy.discovery.file
    guard !catalogue.followers.isEmpty || file != nil else { return }
    let services = services()
    let frame = servicesFrame(services)
    if isDue || frame != catalogue.frame {
      catalogue.repeatAt = now + ServiceCatalogue.repetition
      catalogue.frame = frame
      for follower in catalogue.followers.values { follower.yield(frame) }
    }
    catalogue.isStale = false
    if let file { write(services, to: file) }
  }

  private func write(_ services: [Service], to file: FilePath) {
    let text = PrometheusTargets.json(services, port: options.clusterPolicy.discovery.filePort).text(.pretty) + "\n"
    guard text != catalogue.written else { return }
    do throws(SystemCallError) {
      try FileSystem.write(text: text, to: file, permissions: 0o644)
      catalogue.written = text
      catalogue.fileProblem = nil
    } catch {
      // Tried again with the next repetition.
      catalogue.isStale = true
      if catalogue.fileProblem != error.description { warn("cannot write the discovery file: \(error)") }
      catalogue.fileProblem = error.description
    }
  }
}
