internal import Executor
internal import JobModel
internal import NIOPosix
internal import SchedulerCore
internal import SchedulerStore
internal import SystemSupport

// Traces a process, a port or a digest to its instance.
extension HostScheduler {
  /// The instance that a process of this host belongs to: its executor, or one that descends from it.
  func whence(pid: Int32) -> [Whence] {
    let executors = Dictionary(
      store.state.placedTasks.compactMap { task in task.executorPID.map { ($0, task) } },
      uniquingKeysWith: { first, _ in first })
    var ancestor = pid
    // Process trees are less deep, and a loop in the data must not block this thread.
    for _ in 0..<64 where ancestor > 1 {
      if let task = executors[ancestor] { return whence(task, pid: pid).map { [$0] } ?? [] }
      guard let parent = Self.parent(of: ancestor) else { return [] }
      ancestor = parent
    }
    return []
  }

  /// The instances that a port of this host is allotted to.
  func whence(port: Int) -> [Whence] {
    store.state.placedTasks.filter { $0.ports.values.contains(port) }.compactMap { whence($0) }
  }

  /// The instances that run a bundle whose digest begins so.
  func whence(digest: String) -> [Whence] {
    store.state.placedTasks.filter { task in
      task.configuration.task.artifacts.contains { $0.digest?.hasPrefix(digest) == true }
    }.compactMap { whence($0) }
  }

  /// The instances that run a bundle of this size: a client that has a file compares it with their manifests.
  func whence(size: Int) -> [Whence] {
    store.state.placedTasks.filter { task in task.configuration.task.artifacts.contains { $0.size == size } }
      .compactMap { whence($0) }
  }

  /// The instances with the facts of their bundles. The artifact repository can be far away, so tasks do not wait for
  /// it.
  nonisolated func answer(_ found: [Whence]) async throws -> WhenceAnswer {
    let reader = BundleFactsReader(repository: options.repository)
    return try await NIOThreadPool.singleton.runIfActive {
      WhenceAnswer(found: found, manifests: reader.facts(of: found))
    }
  }

  /// The present task of an instance.
  func whence(_ key: InstanceKey) -> [Whence] {
    store.state.activeTask(of: key).flatMap { whence($0) }.map { [$0] } ?? []
  }

  private func whence(_ task: TaskRecord, pid: Int32? = nil) -> Whence? {
    guard let release = releases(of: task.job)?.first(where: { $0.number == task.revision }) else { return nil }
    return Whence(
      key: task.job, instance: withProcesses(store.state.instanceStatus(of: task)), release: release, pid: pid)
  }

  /// The parent of a process (proc_pid_stat(5), field 4); nil for one that is not there.
  private static func parent(of pid: Int32) -> Int32? {
    let text: String
    do {
      text = try FileSystem.readText(FilePath("/proc/\(pid)/stat"))
    } catch {
      return nil
    }
    // The name, in parentheses, can contain spaces.
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[end...].dropFirst().split(separator: " ")
    return fields.count > 1 ? Int32(fields[1]) : nil
  }
}
