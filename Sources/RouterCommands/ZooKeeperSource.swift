internal import Diagnostics
internal import Discovery
internal import JSON
internal import JobModel
internal import Routing
internal import Synchronization
internal import SystemSupport

/// ServerSets in ZooKeeper, through the program `kilt-zookeeper`. It knows no scheduler.
final class ZooKeeperSource: Source {
  private let command: Subprocess
  private let jobs: [String: JobKey]
  private let mailbox: SourceMailbox
  private let process = Mutex<ConversingProcess?>(nil)
  private let isEnding = Atomic<Bool>(false)

  init(
    hosts: String, root: String, authentication: String?, jobs: [JobKey], _ mailbox: SourceMailbox
  ) throws {
    self.mailbox = mailbox
    // Aurora's paths name no cluster: an ensemble is one's own.
    self.jobs = Dictionary(jobs.map { (ServerSetMember.path(of: $0), $0) }) { first, _ in first }
    var arguments = ["watch", "--hosts", hosts, "--root", root]
    if let authentication { arguments += ["--authentication", authentication] }
    for path in self.jobs.keys.sorted() { arguments += ["--path", path] }
    let program = try executablePath().removingLastComponent().appending("kilt-zookeeper")
    command = Subprocess(program.string, arguments, environment: environmentStrings())
  }

  func start() {
    let isStarted = startThread { [self] in
      while !isEnding.load(ordering: .relaxed) {
        do {
          try follow()
          mailbox.put(.unreachable("kilt-zookeeper ended"))
        } catch {
          mailbox.put(.unreachable((error as? any DiagnosableError)?.diagnostic.summary ?? "\(error)"))
        }
        pauseMilliseconds(1000)
      }
    }
    if !isStarted { mailbox.put(.unreachable("no thread can be started")) }
  }

  private func follow() throws {
    let running = try ConversingProcess(command, errorOutput: FileDescriptor(rawValue: 2))
    process.withLock { $0 = running }
    defer {
      process.withLock { $0 = nil }
      running.end(within: 5000)
    }
    while !isEnding.load(ordering: .relaxed) {
      // It repeats its state every 10 s: one that is silent for long counts as unknown.
      switch try running.receive(before: monotonicNanoseconds() + 30_000_000_000) {
      case .line(let line): take(try JSONValue(parsing: line))
      case .late: mailbox.put(.unreachable("ZooKeeper has not answered for 30 s"))
      case .ended: return
      }
    }
  }

  private func take(_ line: JSONValue) {
    if let sets = line["sets"]?.object {
      mailbox.put(
        .services(sets.compactMap { path, members in jobs[path].map { Self.service($0, members.array ?? []) } }))
    } else if let state = line["state"]?.string, state != "connected" {
      mailbox.put(.unreachable(line["problem"]?.string ?? "ZooKeeper is \(state)"))
    }
  }

  /// A ServerSet as a service. Members that cannot be read, or are not alive, are left out.
  static func service(_ key: JobKey, _ members: [JSONValue]) -> Service {
    var service = Service(key: key)
    for member in members {
      guard let data = member["data"], let name = member["name"]?.string else { continue }
      do {
        let read = try ServerSetMember(json: data)
        guard read.status == "ALIVE" else { continue }
        service.instances.append(
          ServiceInstance(
            shard: read.shard ?? Int(name.dropFirst("member_".count)) ?? 0, taskID: nil,
            announcement: read.announcement,
            health: .unchecked))
      } catch {
        writeText(
          "kilt-router: \(ServerSetMember.path(of: key))/\(name) is not a ServerSet's member: \(error)\n", to: 2)
      }
    }
    return service
  }

  func stop() {
    isEnding.store(true, ordering: .relaxed)
    process.withLock { $0?.closeInput() }
  }
}
