/// HAProxy's configuration as text.
public struct HAProxyConfiguration: Sendable {
  public let file: RoutesFile
  /// The path of the runtime API's socket.
  public let socket: String
  /// The user that HAProxy becomes; nil stays the caller.
  public let user: String?

  public init(_ file: RoutesFile, socket: String, user: String?) {
    self.file = file
    self.socket = socket
    self.user = user
  }

  /// The inputs that require a reload of HAProxy: all except servers' addresses, weights and states.
  public func shape(slots: [Int]) -> String { text(slots.map { SlotTable(slots: $0) }) }

  /// The whole configuration with the servers of each route. An HAProxy that starts with it needs no commands.
  public func text(_ tables: [SlotTable]) -> String {
    var lines = ["# Written by kilt router. Change the routes file instead.", "global"]
    lines.append("    stats socket \(socket) mode 600 level admin expose-fd listeners")
    lines.append("    stats timeout 1h")
    if let user { lines.append("    user \(user)") }
    lines += Self.raw(file.global)
    lines += ["", "defaults"]
    lines += [
      "mode http", "timeout connect 2s", "timeout client 60s", "timeout server 60s", "timeout queue 10s",
      "timeout http-request 10s", "timeout tunnel 1h", "retries 3", "option redispatch 1",
    ].map { "    " + $0 }
    lines += Self.raw(file.defaults)
    for access in RoutesFile.Access.allCases {
      let routes = file.routes.filter { $0.access == access && $0.mode == .http && $0.listen.isEmpty }
      if let addresses = file.listen[access] {
        lines += frontend("kilt_\(access.rawValue)", access, addresses, routes)
      }
    }
    for route in file.routes where !route.listen.isEmpty {
      lines += ["", "frontend kilt_listen_\(route.name)"] + route.listen.map { "    bind \($0)" }
      lines.append("    mode \(route.mode.rawValue)")
      if route.mode == .http {
        lines += Self.matching([route], route.access)
      } else {
        lines.append("    default_backend \(route.backend)")
      }
    }
    for (route, table) in zip(file.routes, tables) { lines += backend(route, table) }
    lines += [
      "", "backend kilt_none", "    http-request return status 404 content-type text/plain string \"no route\"",
    ]
    let sections = file.sections.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if !file.sections.isEmpty { lines += ["", "# From the routes file."] + sections }
    while lines.last == "" { lines.removeLast() }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func raw(_ text: String) -> [String] { text.split(separator: "\n").map { "    \($0)" } }

  private func frontend(_ name: String, _ access: RoutesFile.Access, _ addresses: [String], _ routes: [Route])
    -> [String]
  {
    ["", "frontend \(name)"] + addresses.map { "    bind \($0)" } + Self.matching(routes, access)
  }

  /// The rules that lead a request to its route: the one with the longest path of those that name the host wins; then
  /// those for any host.
  private static func matching(_ routes: [Route], _ access: RoutesFile.Access) -> [String] {
    var lines: [String] = []
    if access == .public { lines.append("    option forwardfor") }
    // A worker that a reload replaces closes idle connections only with an answer, because a client can be writing a
    // request.
    lines.append("    option idle-close-on-response")
    let sorted = routes.enumerated().sorted { left, right in
      let (one, other) = (left.element, right.element)
      if specificity(one) != specificity(other) { return specificity(one) < specificity(other) }
      if one.path.utf8.count != other.path.utf8.count { return one.path.utf8.count > other.path.utf8.count }
      return left.offset < right.offset
    }.map(\.element)
    for route in sorted {
      var conditions: [String] = []
      let exact = route.hosts.filter { !$0.hasPrefix("*.") }
      let suffixes = route.hosts.filter { $0.hasPrefix("*.") }.map { $0.dropFirst() }
      if !exact.isEmpty {
        lines.append("    acl host_\(route.name) req.hdr(host),host_only,lower \(exact.joined(separator: " "))")
      }
      if !suffixes.isEmpty {
        lines.append(
          "    acl host_\(route.name) req.hdr(host),host_only,lower -m end \(suffixes.joined(separator: " "))")
      }
      if !route.hosts.isEmpty { conditions.append("host_\(route.name)") }
      if route.path != "/" {
        let path = route.path.hasSuffix("/") ? String(route.path.dropLast()) : route.path
        lines.append("    acl path_\(route.name) path \(path)")
        lines.append("    acl path_\(route.name) path -m beg \(path)/")
        conditions.append("path_\(route.name)")
      }
      let condition = conditions.isEmpty ? "" : " if " + conditions.joined(separator: " ")
      lines.append("    use_backend \(route.backend)\(condition)")
    }
    lines.append("    default_backend kilt_none")
    return lines
  }

  /// Names of hosts come before patterns, and patterns before any host.
  private static func specificity(_ route: Route) -> Int {
    if route.hosts.isEmpty { return 2 }
    return route.hosts.contains { !$0.hasPrefix("*.") } ? 0 : 1
  }

  private func backend(_ route: Route, _ table: SlotTable) -> [String] {
    var lines = ["", "backend \(route.backend)"]
    lines.append("    mode \(route.mode.rawValue)")
    lines.append("    balance \(route.balance)")
    // After a server can have seen a request, only requests that change nothing are repeated.
    if route.mode == .http {
      lines.append("    retry-on conn-failure empty-response")
      lines.append("    http-request disable-l7-retry unless { method GET HEAD OPTIONS }")
    }
    var check = " check inter 1s fall 2 rise 1"
    switch route.check {
    case .tcp: break
    case .http(let path): lines += ["    option httpchk GET \(path)"]
    case .none: check = ""
    }
    lines += Self.raw(route.options)
    for (slot, server) in table.servers.enumerated() {
      let place = server?.place ?? SlotTable.unused
      let host = place.address.contains(":") ? "[\(place.address)]" : place.address
      let state = server == nil ? " disabled" : ""
      lines.append("    server s\(slot + 1) \(host):\(place.port) weight \(server?.weight ?? 1)\(check)\(state)")
    }
    return lines
  }
}
