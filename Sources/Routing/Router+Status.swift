internal import Discovery
internal import JSON
internal import JobModel
internal import SystemSupport

extension Router {
  /// The state of the router, for other threads.
  public var state: Published { published }

  private static var now: Int64 { wallClockNanoseconds() / 1_000_000 }

  /// Publishes the router's state: in the state directory, and for other threads.
  func publish() {
    let status = status
    published.set(status, metrics())
    let text = status.text(.pretty) + "\n"
    guard text != lastStatus else { return }
    do throws(SystemCallError) {
      try FileSystem.write(text: text, to: options.stateDirectory.appending("status.json"), permissions: 0o600)
      lastStatus = text
    } catch {
      // The next turn tries again.
    }
  }

  private var status: JSONValue {
    let sources = self.sources.map { source -> JSONValue in
      var object = JSONObject([
        ("kind", .string(file.source.kind)), ("name", .string(source.name)), ("reachable", .bool(source.isReachable)),
      ])
      if !source.isReachable, let heardAt = source.heardAt { object["heard_at"] = .int(heardAt) }
      if let problem = source.problem { object["problem"] = .string(problem) }
      return .object(object)
    }
    var routesFile = JSONObject([("path", .string(options.routes.string)), ("applies", .bool(fileProblem == nil))])
    if let fileProblem { routesFile["problem"] = .string(Self.text(fileProblem)) }
    var process = JSONObject([("worker", worker.map { .int(Int64($0)) } ?? .null), ("reloads", .int(Int64(reloads)))])
    if let haproxyProblem { process["problem"] = .string(haproxyProblem) }
    var routes: [JSONValue] = []
    for (number, route) in file.routes.enumerated() {
      let problems = plan.map { number < $0.routes.count ? $0.routes[number].problems : [] } ?? []
      routes.append(description(route, number < tables.count ? tables[number] : nil, problems))
    }
    return .members([
      "sources": .array(sources), "routes_file": .object(routesFile), "haproxy": .object(process),
      "routes": .array(routes),
    ])
  }

  private func description(_ route: Route, _ table: SlotTable?, _ problems: [String]) -> JSONValue {
    let listen = route.listen.isEmpty ? file.listen[route.access] ?? [] : route.listen
    let servers = (table?.servers ?? []).enumerated().compactMap { slot, server -> JSONValue? in
      guard let server else { return nil }
      var object = JSONObject([
        ("server", .string("s\(slot + 1)")), ("address", .string(server.address)), ("port", .int(Int64(server.port))),
        ("weight", .int(Int64(server.weight))), ("job", .string(server.job.description)),
        ("shard", .int(Int64(server.shard))),
      ])
      if let release = server.release { object["release"] = .int(Int64(release)) }
      if let task = server.taskID { object["task_id"] = .string(task.rawValue) }
      return .object(object)
    }
    return .members([
      "name": .string(route.name), "access": .string(route.access.rawValue), "mode": .string(route.mode.rawValue),
      "listen": .strings(listen), "hosts": .strings(route.hosts), "path": .string(route.path),
      "backend": .string(route.backend), "jobs": .strings(route.targets.map(\.job.description)),
      "port": route.port.map { .string($0) } ?? .null, "servers": .array(servers), "notes": .strings(problems),
    ])
  }

  // MARK: Metrics

  /// In the text form of Prometheus (exposition format 0.0.4).
  private func metrics() -> String {
    var text = MetricText()
    text.gauge(
      "kilt_router_source_reachable", "Whether a source of instances answers.",
      sources.enumerated().map { ([("source", "\($0)")], $1.isReachable ? 1 : 0) })
    text.gauge(
      "kilt_router_source_age_seconds", "Seconds since a source of instances last said something.",
      sources.enumerated().compactMap { number, source in
        source.heardAt.map { ([("source", "\(number)")], Double(Self.now - $0) / 1000) }
      })
    text.gauge(
      "kilt_router_routes_file_applies", "Whether the routes file applies.", [([], fileProblem == nil ? 1 : 0)])
    text.gauge(
      "kilt_router_haproxy_in_step", "Whether HAProxy has what the router wants.",
      [([], haproxyProblem == nil && worker != nil ? 1 : 0)])
    text.counter(
      "kilt_router_reloads_total", "How often HAProxy loaded its configuration again.", [([], Double(reloads))])
    text.counter("kilt_router_commands_total", "Commands sent to HAProxy's runtime API.", [([], Double(commands))])
    text.gauge(
      "kilt_router_servers", "Servers of each route.",
      zip(file.routes, tables).map { ([("route", $0.name)], Double($1.servers.count { $0 != nil })) })
    guard worker != nil, let statistics = statistics() else { return text.text }
    let backends = Dictionary(file.routes.map { ($0.backend, $0.name) }) { first, _ in first }
    for (metric, column, help) in Self.columns {
      text.counter(
        metric, help,
        statistics.compactMap { row in
          guard row["svname"] == "BACKEND", let route = row["pxname"].flatMap({ backends[$0] }),
            let value = row[column].flatMap({ Double($0) })
          else { return nil }
          return ([("route", route)], value)
        })
    }
    return text.text
  }

  private static let columns = [
    ("kilt_router_sessions_total", "stot", "Connections and requests that a route took, since HAProxy last loaded."),
    ("kilt_router_retries_total", "wretr", "Requests that HAProxy sent again to the same server."),
    ("kilt_router_redispatches_total", "wredis", "Requests that HAProxy sent again to another server."),
    ("kilt_router_connection_errors_total", "econ", "Requests that no server took."),
    ("kilt_router_response_errors_total", "eresp", "Responses that a server cut off."),
    ("kilt_router_responses_5xx_total", "hrsp_5xx", "Responses with a status from 500 to 599."),
  ]

  private func statistics() -> [[String: String]]? {
    do throws(SystemCallError) {
      return HAProxyTables.statistics(try haproxy.runtime.ask("show stat"))
    } catch {
      return nil
    }
  }
}

extension RoutesFile.Source {
  var kind: String {
    switch self {
    case .schedulers: "scheduler"
    case .zooKeeper: "zookeeper"
    }
  }
}

/// Samples in Prometheus' text form.
struct MetricText {
  private(set) var text = ""

  typealias Sample = (labels: [(String, String)], value: Double)

  mutating func gauge(_ name: String, _ help: String, _ samples: [Sample]) { add(name, help, "gauge", samples) }

  mutating func counter(_ name: String, _ help: String, _ samples: [Sample]) { add(name, help, "counter", samples) }

  private mutating func add(_ name: String, _ help: String, _ type: String, _ samples: [Sample]) {
    guard !samples.isEmpty else { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    for sample in samples {
      // Names of routes are identifiers, which need no escaping.
      let labels = sample.labels.map { "\($0)=\"\($1)\"" }.joined(separator: ",")
      let value = sample.value == sample.value.rounded() ? "\(Int64(sample.value))" : "\(sample.value)"
      text += name + (labels.isEmpty ? "" : "{\(labels)}") + " \(value)\n"
    }
  }
}
