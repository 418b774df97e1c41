public import Discovery
public import JobModel

/// A server of a route: its address, and its weight.
public struct PlannedServer: Sendable, Hashable {
  /// An IP address; HAProxy is never asked to look a name up.
  public var address: String
  public var port: Int
  /// From 0 to 256. With 0 a server gets no new requests.
  public var weight: Int
  public var job: JobKey
  public var shard: Int
  public var taskID: TaskID?
  public var release: Int?

  public init(
    address: String, port: Int, weight: Int, job: JobKey, shard: Int, taskID: TaskID? = nil, release: Int? = nil
  ) {
    self.address = address
    self.port = port
    self.weight = weight
    self.job = job
    self.shard = shard
    self.taskID = taskID
    self.release = release
  }

  /// The identity of a server in HAProxy.
  public var place: ServerPlace { ServerPlace(address: address, port: port) }
}

/// An address and a port.
public struct ServerPlace: Sendable, Hashable {
  public var address: String
  public var port: Int

  public init(address: String, port: Int) {
    self.address = address
    self.port = port
  }
}

/// Decides which servers a route has, and their weights. Pure.
public struct RoutingPlan: Sendable {
  /// The servers of a route, and why instances are left out.
  public struct RoutePlan: Sendable, Hashable {
    public var servers: [PlannedServer] = []
    public var problems: [String] = []
  }

  public var routes: [RoutePlan]

  /// - Parameters:
  ///   - resolve: Returns the IP address of a host, or nil if it is not known.
  ///   - isLocal: Whether a host is the router's own.
  public init(
    _ file: RoutesFile, services: [JobKey: Service], resolve: (String) -> String?, isLocal: (String) -> Bool
  ) {
    routes = file.routes.map { Self.plan($0, services, resolve, isLocal) }
  }

  private struct Candidate {
    var server: PlannedServer
    var percent: Double?
    /// Candidates of one share have one number.
    var share: Int
    var isLocal: Bool
  }

  private static func plan(
    _ route: Route, _ services: [JobKey: Service], _ resolve: (String) -> String?, _ isLocal: (String) -> Bool
  ) -> RoutePlan {
    var plan = RoutePlan()
    var candidates: [Candidate] = []
    var places: Set<ServerPlace> = []
    for (number, target) in route.targets.enumerated() {
      guard let service = services[target.job] else {
        plan.problems.append("job \(target.job) is not in the catalogue")
        continue
      }
      for task in service.withdrawn { plan.problems.append("instance \(task.shard) of \(target.job): \(task.reason)") }
      let known = Set(service.instances.compactMap(\.release))
      for instance in service.instances {
        let what = "instance \(instance.shard) of \(target.job)"
        guard let port = instance.port(route.port) else {
          plan.problems.append("\(what) has no port \"\(route.port ?? "")\"")
          continue
        }
        guard let address = resolve(instance.announcement.host) else {
          plan.problems.append("\(what): the host \"\(instance.announcement.host)\" has no known address")
          continue
        }
        guard places.insert(ServerPlace(address: address, port: port)).inserted else {
          plan.problems.append("\(what) has the address of another instance")
          continue
        }
        var candidate = Candidate(
          server: PlannedServer(
            address: address, port: port, weight: 0, job: target.job, shard: instance.shard, taskID: instance.taskID,
            release: instance.release), percent: target.percent, share: number,
          isLocal: isLocal(instance.announcement.host))
        if let (name, percent) = share(of: instance, among: known, route) {
          candidate.percent = percent
          candidate.share = route.targets.count + name
        }
        candidates.append(candidate)
      }
    }
    plan.servers = weighted(candidates, prefersLocal: route.prefersLocal)
    return plan
  }

  /// The share that a route gives to the release of an instance. The newest release counts only beside an older one.
  private static func share(
    of instance: ServiceInstance, among known: Set<Int>, _ route: Route
  ) -> (name: Int, percent: Double)? {
    guard let release = instance.release else { return nil }
    if let percent = route.releases[.number(release)] { return (release, percent) }
    guard known.count > 1, release == known.max(), let percent = route.releases[.newest] else { return nil }
    return (release, percent)
  }

  /// Gives each candidate its weight. Servers of one share get the same; servers without a share divide the rest.
  private static func weighted(_ candidates: [Candidate], prefersLocal: Bool) -> [PlannedServer] {
    var counts: [Int: Int] = [:]
    var shares: [Int: Double] = [:]
    for candidate in candidates where candidate.percent != nil {
      counts[candidate.share, default: 0] += 1
      shares[candidate.share] = candidate.percent
    }
    let rest = candidates.count { $0.percent == nil }
    let left = max(0, 100 - shares.values.reduce(0, +))
    let each = candidates.map { candidate -> Double in
      guard let percent = candidate.percent else { return left / Double(max(rest, 1)) }
      return percent / Double(counts[candidate.share] ?? 1)
    }
    // If all shares are zero, nobody would get requests: then all count the same.
    let largest = each.max() ?? 0
    let hasLocal = prefersLocal && candidates.contains(where: \.isLocal)
    return zip(candidates, each).map { candidate, value in
      var server = candidate.server
      server.weight = largest <= 0 ? 1 : value <= 0 ? 0 : max(1, Int((value / largest * 256).rounded()))
      if hasLocal, !candidate.isLocal { server.weight = min(server.weight, 1) }
      return server
    }
  }
}

extension RoutesFile {
  /// A consumer's knowledge after a message: the message, and the kept part of earlier ones.
  ///
  /// An instance whose executor could not be asked keeps its last state. All else follows the catalogue, including an
  /// empty set: only the catalogue can report that.
  public static func merged(_ new: [Service], known: [JobKey: Service]) -> [JobKey: Service] {
    var merged: [JobKey: Service] = [:]
    for var service in new {
      let unknown = Set(service.withdrawn.filter(\.isUnknown).map(\.taskID))
      if !unknown.isEmpty {
        service.instances += (known[service.key]?.instances ?? []).filter { $0.taskID.map(unknown.contains) == true }
      }
      merged[service.key] = service
    }
    return merged
  }
}
