/// Tables that HAProxy's runtime API prints, as values.
public enum HAProxyTables {
  /// The servers of each backend from `show servers state`: version 1, a header of names, a line per server.
  ///
  /// - Parameter sessions: open sessions by backend and server, from ``sessions(_:)``.
  public static func servers(_ text: String, sessions: [String: [String: Int]] = [:]) -> [String: [RunningServer]] {
    let lines = text.split(separator: "\n")
    guard let header = lines.first(where: { $0.hasPrefix("#") }) else { return [:] }
    let names = header.dropFirst().split(separator: " ").map(String.init)
    let column = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
    var servers: [String: [RunningServer]] = [:]
    for line in lines where !line.hasPrefix("#") {
      let fields = line.split(separator: " ").map(String.init)
      func field(_ name: String) -> String? { column[name].flatMap { $0 < fields.count ? fields[$0] : nil } }
      guard let backend = field("be_name"), let name = field("srv_name"), let address = field("srv_addr"),
        let port = field("srv_port").flatMap({ Int($0) }), let weight = field("srv_uweight").flatMap({ Int($0) }),
        let flags = field("srv_admin_state").flatMap({ Int($0) })
      else { continue }
      // Bits of HAProxy's server-t.h: 0x01 and 0x02 forced and inherited maintenance, 0x20 by resolution; 0x08 and 0x10
      // forced and inherited drain. 0x04 says only how the configuration began.
      let state: RunningServer.State = flags & 0x23 != 0 ? .maintenance : flags & 0x18 != 0 ? .drain : .ready
      servers[backend, default: []].append(
        RunningServer(
          name: name, place: ServerPlace(address: address, port: port), weight: weight, state: state,
          sessions: sessions[backend]?[name] ?? 0))
    }
    return servers
  }

  /// The lines of `show stat` as dictionaries by the names of its header.
  public static func statistics(_ text: String) -> [[String: String]] {
    let lines = text.split(separator: "\n")
    guard let header = lines.first, header.hasPrefix("# ") else { return [] }
    let names = header.dropFirst(2).split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    return lines.dropFirst().map { line in
      let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      return Dictionary(zip(names, fields)) { first, _ in first }
    }
  }

  /// Open sessions by backend and server.
  public static func sessions(_ statistics: [[String: String]]) -> [String: [String: Int]] {
    var sessions: [String: [String: Int]] = [:]
    for row in statistics {
      guard let backend = row["pxname"], let server = row["svname"], let count = row["scur"].flatMap({ Int($0) }) else {
        continue
      }
      sessions[backend, default: [:]][server] = count
    }
    return sessions
  }

  /// The number of replacements of each worker in the master's `show proc`, by process ID: 0 for the active worker.
  public static func workers(_ text: String) -> [Int32: Int] {
    var workers: [Int32: Int] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let fields = line.split(whereSeparator: \.isWhitespace)
      guard fields.count >= 3, fields[1] == "worker", let pid = Int32(fields[0]), let age = Int(fields[2]) else {
        continue
      }
      workers[pid] = age
    }
    return workers
  }
}
