internal import Diagnostics
internal import Glibc
internal import JSON
internal import JobModel
internal import NIOPosix
internal import Synchronization
internal import SystemSupport

/// The artifacts of a submission, and the files that describe it, as the client names them: the scheduler's answer says
/// whether they are valid.
struct AuditSubject: Sendable, Hashable {
  /// `NAME@COMMIT` or `NAME:VERSION`.
  var artifacts: [String]
  /// The job file, and the commit that has it.
  var file: String?
  var commit: String?

  init(_ job: JobConfiguration) {
    artifacts = job.task.artifacts.prefix(20).map { artifact in
      String("\(artifact.name)\(artifact.hashType == .git ? "@" : ":")\(artifact.version)".prefix(200))
    }
    file = job.source.map { String($0.path.prefix(400)) }
    commit = job.source?.commit.map { String($0.prefix(64)) }
  }
}

/// The caller of a change, and its result.
struct AuditEntry: Sendable {
  var time: Timestamp
  var caller: Caller
  var action: String
  var job: JobKey?
  var subject: AuditSubject?
  var reason: String?
  /// Why the change was refused.
  var codes: [String] = []
  /// The status of the answer: 2xx when the change was accepted.
  var status: Int

  var json: JSONValue {
    var object = JSONObject([("time", .string(time.description)), ("user", .string(caller.name))])
    switch caller.identity {
    case .user(let id, _):
      object["by"] = "socket"
      object["uid"] = .int(Int64(id))
    case .token(let name):
      object["by"] = "token"
      object["token"] = .string(name)
    case .session: object["by"] = "login"
    case .nobody: object["by"] = "nobody"
    }
    object["address"] = .string(caller.address)
    object["action"] = .string(action)
    if let job { object["job"] = .string(job.description) }
    if let subject {
      if !subject.artifacts.isEmpty { object["artifacts"] = .strings(subject.artifacts) }
      if let file = subject.file { object["file"] = .string(file) }
      if let commit = subject.commit { object["commit"] = .string(commit) }
    }
    if !codes.isEmpty { object["codes"] = .strings(codes) }
    if let reason { object["reason"] = .string(reason) }
    object["status"] = .int(Int64(status))
    return .object(object)
  }
}

/// The append-only record of changes: `audit.log` in the state directory, one JSON object per line.
///
/// A change waits until its record is on the disk. A full disk delays nothing: records then wait in memory, and are
/// written when there is room.
final class AuditTrail: Sendable {
  private struct State {
    var waiting: [[UInt8]] = []
    var dropped = 0
    var problem: SystemCallError?
    /// Whether the waiting records are tried again without a new one.
    var isTriedAgain = false
  }

  private let path: FilePath
  private let state = Mutex(State())
  private let largestFile: Int64
  /// Files that are kept besides the one that is written.
  static let backups = 8
  private let largestBacklog: Int

  init(stateDirectory: FilePath, largestFile: Int64 = 32 << 20, largestBacklog: Int = 10_000) {
    path = stateDirectory.appending("audit.log")
    self.largestFile = largestFile
    self.largestBacklog = largestBacklog
  }

  /// Appends a record on another thread, and returns when it is on the disk.
  func record(_ entry: AuditEntry) async {
    let line = entry.json.bytes(.compact) + [0x0A]
    do {
      try await NIOThreadPool.singleton.runIfActive { self.append(line) }
    } catch {
      append(line)
    }
  }

  private func append(_ line: [UInt8]) {
    state.withLock { state in
      if state.waiting.count >= largestBacklog {
        state.dropped += 1
      } else {
        state.waiting.append(line)
      }
      flush(&state)
    }
  }

  /// Writes the waiting records; records that the disk does not accept are tried again each second.
  private func flush(_ state: inout State) {
    do throws(SystemCallError) {
      try write(state.waiting.flatMap { $0 } + (state.dropped > 0 ? Self.lostRecords(state.dropped) : []))
      state.waiting = []
      state.dropped = 0
      state.problem = nil
    } catch {
      if state.problem != error {
        writeText(DiagnosticRenderer(color: isTerminal(2)).warning("cannot write the audit trail: \(error)"), to: 2)
      }
      state.problem = error
      if !state.isTriedAgain {
        // A separate thread, so that the tasks of the server do not wait for it.
        state.isTriedAgain = startThread { self.tryAgain() }
      }
    }
  }

  private func tryAgain() {
    var isDone = false
    while !isDone {
      pauseMilliseconds(1000)
      isDone = state.withLock { state in
        flush(&state)
        if state.problem == nil { state.isTriedAgain = false }
        return state.problem == nil
      }
    }
  }

  /// The record of records that found no room, in memory either.
  private static func lostRecords(_ count: Int) -> [UInt8] {
    let entry = JSONValue.members([
      "time": .string(HostScheduler.now().description), "user": "kilt-scheduler", "action": "records-lost",
      "count": .int(Int64(count)),
    ])
    return entry.bytes(.compact) + [0x0A]
  }

  private func write(_ bytes: [UInt8]) throws(SystemCallError) {
    if let status = try FileSystem.statusIfPresent(of: path), status.size + Int64(bytes.count) > largestFile {
      for number in stride(from: Self.backups - 1, through: 1, by: -1) where FileSystem.exists(backup(number)) {
        try FileSystem.rename(backup(number), to: backup(number + 1))
      }
      try FileSystem.rename(path, to: backup(1))
    }
    let file = try FileSystem.open(
      path, .writeOnly, options: [.create, .append, .noFollow], permissions: .ownerReadWrite)
    defer { FileSystem.close(file) }
    let size = try FileSystem.status(of: file).size
    do throws(SystemCallError) {
      try FileSystem.write(bytes, to: file, path: path)
      try FileSystem.synchronize(file, path: path)
    } catch {
      // Half a line would spoil the next one; it is written again from its beginning.
      ftruncate(file.rawValue, off_t(size))
      throw error
    }
  }

  private func backup(_ number: Int) -> FilePath { FilePath("\(path).\(number)") }

  /// The newest records that `isWanted` accepts, at most `limit`, oldest first. Blocks on the disk.
  func entries(limit: Int, _ isWanted: (JSONValue) -> Bool) throws(SystemCallError) -> [JSONValue] {
    var found: [JSONValue] = []
    for number in 0...Self.backups where found.count < limit {
      let file = number == 0 ? path : backup(number)
      guard FileSystem.exists(file) else { continue }
      for line in try FileSystem.read(file).split(separator: 0x0A).reversed() where found.count < limit {
        // A line that a crash truncated is ignored.
        guard let entry = try? JSONValue(parsing: line), isWanted(entry) else { continue }
        found.append(entry)
      }
    }
    return found.reversed()
  }
}
