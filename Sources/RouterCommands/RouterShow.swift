internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import Routing
internal import SystemSupport

/// `kilt router show`.
struct RouterShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show routes, their instances, and the reasons.",
    discussion: """
      Prints each route with its addresses, its servers with HAProxy's own view of them, and the instances that are \
      left out with the reason.

      EXAMPLES
        kilt router show
        kilt router show --state-directory /run/kilt-router --format json

      EXIT CODES
        0 shown; 1 no router runs, or it is out of step
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @OptionGroup var options: RouterOptions

  @Option(help: "Output format.")
  var format = Format.text

  func run() throws {
    let directory = try options.state()
    let path = directory.appending("status.json")
    guard FileSystem.exists(path) else {
      throw Diagnostic(
        .input, "no router has worked in \"\(directory)\"",
        remedies: ["run `kilt router --config routes.yaml`", "name its directory with `--state-directory`"])
    }
    var status = try JSONValue(parsing: FileSystem.read(path)).object ?? JSONObject()
    let isRunning: Bool
    if let lock = try FileLock.attempt(directory.appending("lock")) {
      isRunning = false
      _ = consume lock
    } else {
      isRunning = true
    }
    status["running"] = .bool(isRunning)
    let view = RouterView(status: .object(status), statistics: Self.statistics(directory))
    switch format {
    case .json: writeText(view.json.text(.pretty) + "\n", to: 1)
    case .text: for line in view.lines { writeText(PlainText.line(line) + "\n", to: 1) }
    }
    if !isRunning || view.isOutOfStep { throw ExitCode(1) }
  }

  private static func statistics(_ directory: FilePath) -> [[String: String]] {
    do throws(SystemCallError) {
      let socket = HAProxyProcess(program: "haproxy", directory: directory).runtime
      return HAProxyTables.statistics(try socket.ask("show stat"))
    } catch {
      // HAProxy does not run: the view says so.
      return []
    }
  }
}

/// The router's state beside HAProxy's, for people and programs.
struct RouterView {
  let status: JSONValue
  private let states: [String: [String: (state: String, sessions: String, requests: String)]]

  init(status: JSONValue, statistics: [[String: String]]) {
    self.status = status
    var states: [String: [String: (state: String, sessions: String, requests: String)]] = [:]
    for row in statistics {
      guard let backend = row["pxname"], let server = row["svname"] else { continue }
      states[backend, default: [:]][server] = (row["status"] ?? "", row["scur"] ?? "0", row["stot"] ?? "0")
    }
    self.states = states
  }

  var isOutOfStep: Bool {
    status["haproxy"]?["problem"] != nil || status["routes_file"]?["problem"] != nil
      || (status["sources"]?.array ?? []).contains { $0["problem"] != nil }
  }

  /// The state with HAProxy's view of each server.
  var json: JSONValue {
    var object = status.object ?? JSONObject()
    let routes = (status["routes"]?.array ?? []).map { route -> JSONValue in
      var route = route.object ?? JSONObject()
      let backend = route["backend"]?.string ?? ""
      route["servers"] = .array(
        (route["servers"]?.array ?? []).map { server in
          var server = server.object ?? JSONObject()
          if let seen = states[backend]?[server["server"]?.string ?? ""] {
            server["state"] = .string(seen.state)
            server["sessions"] = .int(Int64(seen.sessions) ?? 0)
            server["requests"] = .int(Int64(seen.requests) ?? 0)
          }
          return .object(server)
        })
      return .object(route)
    }
    object["routes"] = .array(routes)
    return .object(object)
  }

  var lines: [String] {
    var lines: [String] = []
    let isRunning = status["running"]?.bool == true
    lines.append(isRunning ? "the router runs" : "the router does not run: this is what it did last")
    for source in status["sources"]?.array ?? [] {
      lines.append(
        "  follows the \(source["kind"]?.string ?? "") \(source["name"]?.string ?? "")"
          + (source["problem"]?.string.map { ", which cannot be reached; its last known instances stay: \($0)" } ?? ""))
    }
    if let problem = status["routes_file"]?["problem"]?.string {
      lines.append("  the routes file does not apply, the last good one does: \(problem)")
    }
    if let problem = status["haproxy"]?["problem"]?.string { lines.append("  HAProxy is out of step: \(problem)") }
    if states.isEmpty { lines.append("  HAProxy does not answer") }
    for route in json["routes"]?.array ?? [] { lines += Self.lines(route) }
    return lines
  }

  private static func lines(_ route: JSONValue) -> [String] {
    func texts(_ name: String) -> String { (route[name]?.strings ?? []).joined(separator: ", ") }
    let hosts = texts("hosts")
    let isHTTP = route["mode"]?.string == "http"
    let what = isHTTP ? " \(hosts.isEmpty ? "any host" : hosts) \(route["path"]?.string ?? "/")" : " tcp"
    var lines = [
      "\(route["name"]?.string ?? "") (\(route["access"]?.string ?? ""))  \(texts("listen"))\(what)  -> "
        + texts("jobs") + (route["port"]?.string.map { " port \($0)" } ?? "")
    ]
    let servers = route["servers"]?.array ?? []
    let total = servers.reduce(0) { $0 + ($1["weight"]?.int ?? 0) }
    for server in servers {
      let weight = server["weight"]?.int ?? 0
      let share = total > 0 ? weight * 100 / total : 0
      let parts = [
        "\(server["address"]?.string ?? ""):\(server["port"]?.int ?? 0)", "instance \(server["shard"]?.int ?? 0)",
        server["release"]?.int.map { "release \($0)" }, "\(share)%", server["state"]?.string,
        server["sessions"]?.int.map { "\($0) open" },
      ]
      lines.append("    " + parts.compactMap(\.self).joined(separator: "  "))
    }
    if servers.isEmpty { lines.append("    no server") }
    for note in route["notes"]?.strings ?? [] { lines.append("    left out: \(note)") }
    return lines
  }
}
