import Glibc
import JSON
import JobModel
import Synchronization
import SystemSupport

/// Brings the records and logs of a task to a scheduler on another machine: in order, each once, for as long as it takes.
///
/// What the scheduler has is its answer to each report, and what it lacks is in the task's directory. So nothing is kept
/// here that either side could lose: after an hour without a scheduler, or with one that forgot the last minute, the next
/// answer says where to go on.
final class TaskReporter: Sendable {
  private let channel: SchedulerChannel
  private let directory: TaskDirectory
  private let state = Mutex(State())

  private struct State {
    /// The task has ended: nothing more is written.
    var isOver = false
    /// Everything was taken, or nobody wants it.
    var isDone = false
    /// When a call was made that the scheduler has answered: the start of the lease.
    var answeredAt = Monotonic.now()
  }

  /// Without news, the scheduler hears from the executor this often.
  static let heartbeat = Duration.seconds(5)
  private static let look: UInt32 = 100_000
  private static let batch = 512 << 10

  init(channel: SchedulerChannel, directory: TaskDirectory) {
    self.channel = channel
    self.directory = directory
  }

  /// When the last call was made that the scheduler has answered.
  var answeredAt: Duration { state.withLock { $0.answeredAt } }
  var isDone: Bool { state.withLock { $0.isDone } }

  /// Says that the task has ended.
  func finish() { state.withLock { $0.isOver = true } }

  /// Notes that the scheduler has answered a call of this moment.
  func answered(_ moment: Duration) { state.withLock { $0.answeredAt = max($0.answeredAt, moment) } }

  /// Reports until all has been taken after ``finish()``.
  func run() {
    var records = RecordSender()
    var logs: [LogPlace: LogSender] = [:]
    var troubles = TroubleNotes()
    var lastReport = Monotonic.now() - Self.heartbeat
    while true {
      // Asked before the files are read: what was written until then is read.
      let isOver = state.withLock { $0.isOver }
      do throws(SchedulerChannel.Failure) {
        let now = Monotonic.now()
        let hasAllRecords = troubles.note("the records of the task") { () throws(ExecutorError) in
          try records.read(directory)
        }
        if !records.waiting.isEmpty || now - lastReport >= Self.heartbeat {
          try records.send(channel)
          answered(now)
          lastReport = now
        }
        let sent = try sendLogs(&logs, &troubles)
        // Records and logs that cannot be read now are still to be reported.
        if isOver, hasAllRecords, records.waiting.isEmpty, sent == .everything {
          _ = try channel.post("end", [])
          state.withLock { $0.isDone = true }
          return
        }
        if sent != .part { usleep(Self.look) }
      } catch .dismissed {
        // The task goes on nowhere else than here: whoever ends it has been told.
        if isOver {
          state.withLock { $0.isDone = true }
          return
        }
        kill(getpid(), SIGTERM)
        sleep(2)
      } catch {
        sleep(1)
      }
    }
  }

  /// How far the logs are with the scheduler.
  private enum Sent { case everything, part, unreadable }

  private func sendLogs(
    _ senders: inout [LogPlace: LogSender], _ troubles: inout TroubleNotes
  ) throws(SchedulerChannel.Failure) -> Sent {
    var places: [LogPlace] = []
    var isReadable = troubles.note("the directory of the logs") { () throws(SystemCallError) in
      places = try LogPlace.all(in: directory)
    }
    var isDrained = true
    for place in places {
      var sender = senders[place] ?? LogSender(place, directory)
      defer { senders[place] = sender }
      let canRead = troubles.note("the \(place.stream) of process \"\(place.process)\", run \(place.run)") {
        () throws(SystemCallError) in try sender.read(limit: Self.batch)
      }
      if !canRead {
        isReadable = false
      } else if try !sender.send(channel) {
        isDrained = false
      }
    }
    return !isDrained ? .part : isReadable ? .everything : .unreadable
  }
}

/// Says on standard error, which the engine keeps, what cannot be read; each reason once until it is gone.
private struct TroubleNotes {
  private var noted: [String: String] = [:]

  /// Returns whether the body could read.
  mutating func note<Failure: Error>(_ subject: String, _ body: () throws(Failure) -> Void) -> Bool {
    do {
      try body()
      noted[subject] = nil
      return true
    } catch {
      let reason = (error as? ExecutorError).map(TaskRunner.text) ?? "\(error)"
      if noted.updateValue(reason, forKey: subject) != reason {
        writeText("kilt-executor: cannot read \(subject), and tries again: \(reason)\n", to: 2)
      }
      return false
    }
  }
}

/// The records that the scheduler does not have.
private struct RecordSender {
  private var follower: CheckpointFollower?
  private(set) var waiting: [CheckpointRecord] = []
  private static let batch = 500

  mutating func read(_ directory: TaskDirectory) throws(ExecutorError) {
    self.directory = directory
    var follower = self.follower ?? CheckpointFollower(directory)
    defer { self.follower = follower }
    waiting += try follower.poll()
  }

  private var directory: TaskDirectory?

  mutating func send(_ channel: SchedulerChannel) throws(SchedulerChannel.Failure) {
    let lines = waiting.prefix(Self.batch).flatMap(\.line)
    let answer = try channel.post("records", Array(lines))
    guard let next = (try? JSONValue(parsing: answer))?["next"]?.int.flatMap({ Int(exactly: $0) }) else {
      throw .later("the answer has no \"next\"")
    }
    guard let first = waiting.first?.sequence ?? follower?.nextSequence else { return }
    if next < first, let directory {
      // The scheduler lost some: from there again.
      follower = CheckpointFollower(directory, after: next - 1)
      waiting = []
    } else {
      waiting.removeFirst(waiting.prefix { $0.sequence < next }.count)
    }
  }
}

/// One stream of one run.
struct LogPlace: Hashable {
  var process: String
  var run: Int
  var stream: String

  static func all(in directory: TaskDirectory) throws(SystemCallError) -> [LogPlace] {
    var places: [LogPlace] = []
    let logs = FilePath(directory.paths.logs)
    for process in try names(logs) {
      for run in try names(logs.appending(process)).compactMap({ Int($0) }).sorted() {
        let files = Set(try names(logs.appending(process).appending(String(run))))
        for stream in ["stdout", "stderr"] where files.contains(stream) || files.contains(stream + ".1") {
          places.append(LogPlace(process: process, run: run, stream: stream))
        }
      }
    }
    return places
  }

  /// Empty for a directory that does not exist: no process has started, or its old logs are being removed.
  private static func names(_ path: FilePath) throws(SystemCallError) -> [String] {
    do throws(SystemCallError) {
      return try FileSystem.list(path).map(\.name).sorted()
    } catch {
      guard error.isMissing else { throw error }
      return []
    }
  }
}

/// What of a log the scheduler does not have.
private struct LogSender {
  private let place: LogPlace
  private let path: String
  private var reader: LogReader
  private var unsent: [UInt8] = []
  private var position: Int64 = 0
  /// Whether the scheduler was asked where it stands.
  private var isKnown = false
  /// Whether nothing before `position` is left here.
  private var isOldest = true

  init(_ place: LogPlace, _ directory: TaskDirectory) {
    self.place = place
    path = directory.paths.log(process: place.process, run: place.run, stream: place.stream)
    reader = LogReader(path: path)
  }

  /// Reads the next bytes, at most about `limit`, unless some wait to be sent.
  mutating func read(limit: Int) throws(SystemCallError) {
    guard unsent.isEmpty else { return }
    unsent = try reader.rest(limit: limit)
    position = reader.position - Int64(unsent.count)
  }

  /// Sends the bytes that were read; true when nothing is left.
  mutating func send(_ channel: SchedulerChannel) throws(SchedulerChannel.Failure) -> Bool {
    if unsent.isEmpty, isKnown { return true }
    let query =
      "logs?process=\(place.process)&run=\(place.run)&stream=\(place.stream)&position=\(position)"
      + (isOldest ? "&oldest=1" : "")
    let answer = try channel.post(query, unsent)
    guard let end = (try? JSONValue(parsing: answer))?["end"]?.int else { throw .later("the answer has no \"end\"") }
    isKnown = true
    if end == position + Int64(unsent.count) {
      unsent = []
      isOldest = false
    } else {
      reader = LogReader(path: path, position: end)
      unsent = []
      // From the oldest byte that is left, where that one is gone.
      isOldest = true
    }
    return false
  }
}
