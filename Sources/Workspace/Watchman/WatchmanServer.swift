internal import Glibc
internal import JSON
internal import SystemPackage
internal import SystemSupport

/// Where a watchman server may listen, and whether it sees what this process sees.
enum WatchmanServer {
  /// The sockets at which watchman listens for this user, by the rules of its own client: `WATCHMAN_SOCK`, or
  /// `USER-state/sock` in its state directories. None unless `KILT_WATCHMAN` is `on`.
  static var sockets: [FilePath] {
    guard environmentVariable("KILT_WATCHMAN") == "on" else { return [] }
    if let path = environmentVariable("WATCHMAN_SOCK"), !path.isEmpty { return [FilePath(path)] }
    guard let user = environmentVariable("USER") ?? environmentVariable("LOGNAME"), !user.isEmpty, !user.contains("/")
    else { return [] }
    let temporary = environmentVariable("TMPDIR") ?? environmentVariable("TMP") ?? "/tmp"
    return [temporary, "/run/watchman", "/usr/local/var/run/watchman"].map {
      FilePath($0).appending("\(user)-state").appending("sock")
    }
  }

  /// Whether paths mean the same to a process as to this one: the same mounts, the same root.
  static func seesTheSame(_ process: pid_t) -> Bool {
    ["ns/mnt", "root"].allSatisfy { name in
      // What can not be read is not known to be the same.
      guard let own = try? FileSystem.readLink(FilePath("/proc/self/\(name)")),
        let other = try? FileSystem.readLink(FilePath("/proc/\(process)/\(name)"))
      else { return false }
      return own == other
    }
  }

  /// The mounts that stand between `/` and a directory, as text; nil where there are others below it, which nobody would
  /// tell of when they come or go.
  static func mounts(around root: FilePath) -> String? {
    guard let text = try? FileSystem.readText("/proc/self/mountinfo") else { return nil }
    let path = root.string
    var found = ""
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 5)
      guard fields.count == 6 else { return nil }
      // Spaces, tabs and the like are written in octal (proc(5)).
      let point = unescaped(fields[4])
      if point.hasPrefix(path + "/") { return nil }
      if point == "/" || point == path || path.hasPrefix(point + "/") {
        found += fields[..<5].joined(separator: " ") + "\n"
      }
    }
    return found
  }

  private static func unescaped(_ text: Substring) -> String {
    guard text.contains("\\") else { return String(text) }
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
      else {
        bytes.append(byte)
        continue
      }
      bytes.append(value)
      rest = rest.dropFirst(3)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The directories of a root that the server does not watch, from the root; nil when it leaves out, by the rules for
  /// folders of version control, some that are none.
  ///
  /// - Parameter local: the root's own configuration.
  static func unwatched(of process: pid_t, local: JSONValue?) -> [String]? {
    var found: [String] = []
    for configuration in [local, shared(by: process)].compactMap({ $0 }) {
      for name in configuration["ignore_vcs"]?.array ?? [] {
        guard let name = name.string, name.hasPrefix("."), !name.contains("/") else { return nil }
      }
      for name in configuration["ignore_dirs"]?.array ?? [] {
        guard let name = name.string else { return nil }
        found.append(name)
      }
    }
    return found
  }

  /// The configuration of the server: the file that its environment names, or that of the system.
  private static func shared(by process: pid_t) -> JSONValue? {
    guard let environment = try? FileSystem.read(FilePath("/proc/\(process)/environ")) else {
      return ["ignore_vcs": [""]]
    }
    let name = "WATCHMAN_CONFIG_FILE="
    let named = environment.split(separator: 0).lazy.map { String(decoding: $0, as: UTF8.self) }
      .first { $0.hasPrefix(name) }?.dropFirst(name.count)
    // One that is not there says nothing, and one that can not be read is refused by the server too.
    guard let bytes = try? FileSystem.read(FilePath(String(named ?? "/etc/watchman.json"))) else { return nil }
    return try? JSONValue(parsing: bytes)
  }
}
