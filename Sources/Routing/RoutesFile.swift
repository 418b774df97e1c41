// Routing: keeps HAProxy in step with the catalogue of services. The routes file as values, which server gets which share
// of the requests, HAProxy's configuration as text, and the commands that change a running HAProxy.

public import JobModel

/// A routes file: which requests go to which jobs.
public struct RoutesFile: Sendable, Hashable {
  /// The callers that can send requests to an address.
  public enum Access: String, Sendable, Hashable, CaseIterable {
    /// Everybody. The port behind it checks callers, usually an auth proxy.
    case `public`
    /// Callers inside, on loopback or another address that is not reachable from outside.
    case `private`
  }

  /// The source of the jobs' instances.
  public enum Source: Sendable, Hashable {
    /// Schedulers, one per machine; without any, the environment's address is used.
    case schedulers([String])
    case zooKeeper(hosts: String, root: String, authentication: String?)
  }

  public var source: Source
  /// Addresses of the shared frontends, `HOST:PORT`.
  public var listen: [Access: [String]]
  public var routes: [Route]
  /// Lines for HAProxy's sections `global` and `defaults`, and whole sections.
  public var global: String
  public var defaults: String
  public var sections: String

  public init(
    source: Source = .schedulers([]), listen: [Access: [String]] = [:], routes: [Route] = [], global: String = "",
    defaults: String = "", sections: String = ""
  ) {
    self.source = source
    self.listen = listen
    self.routes = routes
    self.global = global
    self.defaults = defaults
    self.sections = sections
  }
}

/// One route: requests that match go to the instances of its jobs.
public struct Route: Sendable, Hashable {
  public enum Mode: String, Sendable, Hashable, CaseIterable { case http, tcp }

  /// HAProxy's own checks of instances, in addition to the executors' announcements.
  public enum Check: Sendable, Hashable {
    /// Opens a connection.
    case tcp
    /// Asks for a path.
    case http(String)
    case none
  }

  /// A job of a route, and its share of the requests in percent; nil shares the rest by the number of instances.
  public struct Target: Sendable, Hashable {
    public var job: JobKey
    public var percent: Double?

    public init(job: JobKey, percent: Double? = nil) {
      self.job = job
      self.percent = percent
    }
  }

  /// A release, or the newest one while several are announced.
  public enum ReleaseName: Sendable, Hashable {
    case newest
    case number(Int)
  }

  public var name: String
  public var access: RoutesFile.Access
  public var mode: Mode
  /// Host names, `*.example.com` for all below; empty for any.
  public var hosts: [String]
  /// The path and all below it; `/` for any.
  public var path: String
  /// Addresses of its own, in place of the shared frontend.
  public var listen: [String]
  public var targets: [Target]
  /// The port's name; nil means the primary port.
  public var port: String?
  public var balance: String
  public var check: Check
  /// Percent of the requests by release.
  public var releases: [ReleaseName: Double]
  /// Whether instances on the router's own host come first.
  public var prefersLocal: Bool
  /// The minimum number of server slots in HAProxy.
  public var slots: Int
  /// Lines for HAProxy's section.
  public var options: String

  public init(
    name: String, access: RoutesFile.Access, mode: Mode = .http, hosts: [String] = [], path: String = "/",
    listen: [String] = [], targets: [Target], port: String? = nil, balance: String = "roundrobin", check: Check = .tcp,
    releases: [ReleaseName: Double] = [:], prefersLocal: Bool = false, slots: Int = 8, options: String = ""
  ) {
    self.name = name
    self.access = access
    self.mode = mode
    self.hosts = hosts
    self.path = path
    self.listen = listen
    self.targets = targets
    self.port = port
    self.balance = balance
    self.check = check
    self.releases = releases
    self.prefersLocal = prefersLocal
    self.slots = slots
    self.options = options
  }

  /// The name of HAProxy's backend.
  public var backend: String { "kilt_\(name)" }
}

extension RoutesFile.Source {
  /// The names of the sources, in the order of their indexes in messages.
  public var names: [String] {
    switch self {
    case .schedulers(let addresses): addresses.isEmpty ? ["scheduler"] : addresses
    case .zooKeeper(let hosts, _, _): [hosts]
    }
  }
}
