import CSystemShims
import Glibc

/// The processes of this machine by their parents, as `/proc` showed them at one moment.
struct ProcessTree {
  /// A process, told from a later one with the same id by when it started.
  struct Member: Hashable {
    var id: Int32
    var parent: Int32
    /// Clock ticks since boot.
    var started: UInt64
    /// Clock ticks of CPU time, user and system.
    var cpuTicks: UInt64
    /// Resident pages.
    var residentPages: Int
    var isZombie: Bool
  }

  private(set) var members: [Int32: Member] = [:]
  private var children: [Int32: [Int32]] = [:]

  /// Reads `/proc` now. Processes that vanish meanwhile are left out.
  static func current() -> ProcessTree {
    var tree = ProcessTree()
    guard let directory = opendir("/proc") else { return tree }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard let id = Int32(name), let member = ProcessTree.member(id) else { continue }
      tree.add(member)
    }
    return tree
  }

  /// The children of a process that has one thread or whose main thread started them, by the kernel's own list, without
  /// reading other processes. If the kernel keeps no list, all processes are read.
  ///
  /// - Throws: ``ExecutorError`` if the list cannot be read.
  static func children(of id: Int32) throws(ExecutorError) -> [Int32] {
    guard let bytes = try SmallFile.content("/proc/\(id)/task/\(id)/children") else {
      return current().members.values.filter { $0.parent == id }.map(\.id)
    }
    return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
  }

  mutating func add(_ member: Member) {
    members[member.id] = member
    children[member.parent, default: []].append(member.id)
  }

  /// One process as it is now; nil when there is none.
  static func member(_ id: Int32) -> Member? { SmallFile.read("/proc/\(id)/stat").flatMap { parse($0, id: id) } }

  /// Fields of proc(5)'s `stat`. The second, the name, can contain anything, so counting begins after its last bracket.
  static func parse(_ text: String, id: Int32) -> Member? {
    guard let close = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: close)...].split(separator: " ")
    guard fields.count > 21, let parent = Int32(fields[1]), let user = UInt64(fields[11]),
      let system = UInt64(fields[12]), let started = UInt64(fields[19]), let pages = Int(fields[21])
    else { return nil }
    return Member(
      id: id, parent: parent, started: started, cpuTicks: user + system, residentPages: pages,
      isZombie: fields[0] == "Z")
  }

  /// Everything below a process, itself left out, parents before children.
  func descendants(of id: Int32) -> [Member] {
    var found: [Member] = []
    var open = children[id] ?? []
    var seen: Set<Int32> = [id]
    while let next = open.popLast() {
      guard seen.insert(next).inserted, let member = members[next] else { continue }
      found.append(member)
      open += children[next] ?? []
    }
    return found
  }

  /// Sends a signal to the process that was seen, and to no later one that got its id.
  static func send(_ signal: Int32, to member: Member) {
    // A process that cannot be reached now is met again at the caller's next look.
    do { try send(signal, to: member.id, started: member.started) } catch {}
  }

  /// Sends a signal to the process that started at a moment. An ended process gets none.
  ///
  /// - Throws: ``ExecutorError`` if the signal was possibly not sent.
  static func send(_ signal: Int32, to id: Int32, started: UInt64) throws(ExecutorError) {
    let descriptor = kilt_pidfd_open(id)
    if descriptor < 0, errno == ESRCH { return }
    defer { if descriptor >= 0 { close(descriptor) } }
    guard let bytes = try SmallFile.content("/proc/\(id)/stat"),
      parse(String(decoding: bytes, as: UTF8.self), id: id)?.started == started
    else { return }
    // Without a descriptor there is only the ID, checked just now.
    let code = descriptor >= 0 ? kilt_pidfd_send_signal(descriptor, signal) : kill(id, signal)
    if code != 0, errno != ESRCH { throw .last("kill", "process \(id)") }
  }
}
