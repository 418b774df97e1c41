internal import JobModel
internal import YAML

extension RoutesReader {
  static let fileKeys = ["follow", "listen", "routes", "haproxy"]
  static let routeKeys = [
    "name", "access", "mode", "hosts", "path", "listen", "job", "jobs", "port", "balance", "check", "releases",
    "prefer_local", "slots", "options",
  ]

  mutating func file(_ root: YAMLNode) -> RoutesFile {
    var file = RoutesFile()
    let entries = entries(root, "a routes file", keys: Self.fileKeys)
    if let node = entries["follow"]?.value { file.source = source(node) }
    if let node = entries["listen"]?.value {
      let listen = self.entries(node, "\"listen\"", keys: RoutesFile.Access.allCases.map(\.rawValue))
      for access in RoutesFile.Access.allCases {
        let addresses = addresses(listen, access.rawValue, access)
        if !addresses.isEmpty { file.listen[access] = addresses }
      }
    }
    if let node = entries["haproxy"]?.value {
      let raw = self.entries(node, "\"haproxy\"", keys: ["global", "defaults", "sections"])
      file.global = text(raw, "global") ?? ""
      file.defaults = text(raw, "defaults") ?? ""
      file.sections = text(raw, "sections") ?? ""
    }
    guard let routes = entries["routes"]?.value else {
      problem("the key \"routes\" is missing", root, "add `routes:` with a list of routes")
      return file
    }
    guard let list = routes.sequence else {
      problem("\"routes\" must be a list, found \(routes.kind)", routes)
      return file
    }
    var names: [String: YAMLNode] = [:]
    for node in list {
      guard let route = route(node, listen: file.listen) else { continue }
      if let first = names.updateValue(node, forKey: route.name) {
        problem(
          "the route name \"\(route.name)\" is given twice", node, notes: ["the first is in line \(first.line)"],
          "add `name: …` with another name to one of them")
      }
      file.routes.append(route)
    }
    return file
  }

  private mutating func source(_ node: YAMLNode) -> RoutesFile.Source {
    let entries = entries(node, "\"follow\"", keys: ["scheduler", "zookeeper", "root", "authentication"])
    let hosts = word(entries, "zookeeper")
    if let entry = entries["zookeeper"], entries["scheduler"] != nil {
      problem("\"follow\" has both \"scheduler\" and \"zookeeper\"", entry.key, "remove one of them")
    }
    guard let hosts else {
      for key in ["root", "authentication"] {
        if let entry = entries[key] { problem("\"\(key)\" needs \"zookeeper\"", entry.key) }
      }
      return .schedulers(words(entries, "scheduler"))
    }
    let root = word(entries, "root") ?? "/aurora"
    if !root.hasPrefix("/"), let node = entries["root"]?.value {
      problem("\"root\" must be a path of ZooKeeper", node, "write `root: /aurora`")
    }
    return .zooKeeper(hosts: hosts, root: root, authentication: text(entries, "authentication"))
  }

  /// Addresses to listen on. A private route must not listen on every address of the host.
  private mutating func addresses(_ entries: Entries, _ key: String, _ access: RoutesFile.Access?) -> [String] {
    let addresses = words(entries, key)
    guard let node = entries[key]?.value else { return [] }
    for address in addresses {
      let colon = address.lastIndex(of: ":")
      let port = colon.flatMap { Int(address[address.index(after: $0)...]) }
      guard let colon, let port, (1...65535).contains(port) else {
        problem("invalid address \"\(address)\" in \"\(key)\"", node, "write `HOST:PORT`, such as 127.0.0.1:8080")
        continue
      }
      let host = address[..<colon]
      if access == .private, ["*", "", "0.0.0.0", "::", "[::]"].contains(host) {
        problem(
          "the private address \"\(address)\" is reachable from outside", node,
          "name one address, such as 127.0.0.1:\(port)")
      }
    }
    return addresses
  }

  private mutating func route(_ node: YAMLNode, listen: [RoutesFile.Access: [String]]) -> Route? {
    let entries = entries(node, "a route", keys: Self.routeKeys)
    guard node.mapping != nil else { return nil }
    let access = choice(entries, "access", RoutesFile.Access.self)
    if entries["access"] == nil {
      problem("a route needs \"access\"", node, "add `access: private`, or `access: public` for requests from outside")
    }
    let targets = targets(entries, node)
    guard let access, let first = targets.first else { return nil }
    var route = Route(
      name: word(entries, "name") ?? "\(first.job.name)-\(access.rawValue)", access: access, targets: targets)
    if !JobKey.isIdentifier(route.name), let node = entries["name"]?.value {
      problem("invalid route name \"\(route.name)\"", node, "use letters, digits, \"_\", \".\" and \"-\"")
    }
    route.mode = choice(entries, "mode") ?? .http
    route.hosts = words(entries, "hosts").map { $0.lowercased() }
    route.listen = addresses(entries, "listen", access)
    route.port = word(entries, "port")
    route.balance = word(entries, "balance", spaces: true) ?? "roundrobin"
    route.prefersLocal = flag(entries, "prefer_local") ?? false
    route.slots = count(entries, "slots", 1...4096) ?? 8
    route.options = text(entries, "options") ?? ""
    if let path = word(entries, "path") {
      route.path = path
      if !path.hasPrefix("/"), let node = entries["path"]?.value { problem("\"path\" must begin with \"/\"", node) }
    }
    switch word(entries, "check") {
    case nil, "tcp": break
    case "none": route.check = .none
    case let path?:
      route.check = .http(path)
      if !path.hasPrefix("/"), let node = entries["check"]?.value {
        problem("\"check\" must be a path, tcp or none", node, "write `check: /health`")
      }
    }
    if let node = entries["releases"]?.value { route.releases = releases(node) }
    if route.mode == .tcp {
      for key in ["hosts", "path"] {
        if let entry = entries[key] { problem("\"\(key)\" needs \"mode: http\"", entry.key) }
      }
      if route.listen.isEmpty {
        problem("a route with \"mode: tcp\" needs \"listen\"", node, "add `listen: 127.0.0.1:PORT`")
      }
    } else if route.listen.isEmpty, listen[access] == nil, entries["listen"] == nil {
      problem(
        "no address is \(access.rawValue)", node,
        "add to the file: listen: {\(access.rawValue): \"\(access == .public ? "*:80" : "127.0.0.1:8080")\"}")
    }
    return route
  }

  private mutating func targets(_ entries: Entries, _ node: YAMLNode) -> [Route.Target] {
    if let job = entries["job"] {
      if let jobs = entries["jobs"] { problem("a route has both \"job\" and \"jobs\"", jobs.key, "remove one of them") }
      return jobKey(job.value).map { [Route.Target(job: $0)] } ?? []
    }
    guard let jobs = entries["jobs"]?.value else {
      problem("a route needs \"job\"", node, "add `job: cluster/role/stage/name`")
      return []
    }
    guard let list = jobs.sequence, !list.isEmpty else {
      problem("\"jobs\" must be a list of jobs, found \(jobs.kind)", jobs)
      return []
    }
    var targets: [Route.Target] = []
    for node in list {
      if node.scalar != nil {
        if let key = jobKey(node) { targets.append(Route.Target(job: key)) }
        continue
      }
      let entries = self.entries(node, "an entry of \"jobs\"", keys: ["job", "percent"])
      guard let job = entries["job"]?.value else {
        problem("an entry of \"jobs\" needs \"job\"", node, "write `- {job: cluster/role/stage/name, percent: 5}`")
        continue
      }
      guard let key = jobKey(job) else { continue }
      targets.append(Route.Target(job: key, percent: entries["percent"].flatMap { percent($0.value) }))
    }
    if targets.compactMap(\.percent).reduce(0, +) > 100 { problem("the shares of \"jobs\" exceed 100 percent", jobs) }
    return targets
  }

  private mutating func releases(_ node: YAMLNode) -> [Route.ReleaseName: Double] {
    guard let mapping = node.mapping else {
      problem("\"releases\" must be a mapping, found \(node.kind)", node, "write `releases: {newest: 5}`")
      return [:]
    }
    var shares: [Route.ReleaseName: Double] = [:]
    for entry in mapping {
      let text = entry.key.scalar?.text ?? ""
      let number = Int(text)
      guard text == "newest" || number.map({ $0 > 0 }) == true else {
        problem("invalid release \"\(text)\"", entry.key, "write `newest` or the number of a release")
        continue
      }
      if let share = percent(entry.value) { shares[number.map { .number($0) } ?? .newest] = share }
    }
    if shares.values.reduce(0, +) > 100 { problem("the shares of \"releases\" exceed 100 percent", node) }
    return shares
  }
}
