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
    var lastReport = Monotonic.now() - Self.heartbeat
    while true {
      // Asked before the files are read: what was written until then is read.
      let isOver = state.withLock { $0.isOver }
      do throws(SchedulerChannel.Failure) {
        let now = Monotonic.now()
        records.read(directory)
        if !records.waiting.isEmpty || now - lastReport >= Self.heartbeat {
          try records.send(channel)
          answered(now)
          lastReport = now
        }
        let isDrained = try sendLogs(&logs)
        if isOver, records.waiting.isEmpty, isDrained {
          _ = try channel.post("end", [])
          state.withLock { $0.isDone = true }
          return
        }
        if isDrained { usleep(Self.look) }
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

  private func sendLogs(_ senders: inout [LogPlace: LogSender]) throws(SchedulerChannel.Failure) -> Bool {
    var isDrained = true
    for place in LogPlace.all(in: directory) {
      var sender = senders[place] ?? LogSender(place, directory)
      defer { senders[place] = sender }
      if try !sender.send(channel, limit: Self.batch) { isDrained = false }
    }
    return isDrained
  }
}

/// The records that the scheduler does not have.
private struct RecordSender {
  private var follower: CheckpointFollower?
  private(set) var waiting: [CheckpointRecord] = []
  private static let batch = 500

  mutating func read(_ directory: TaskDirectory) {
    var follower = self.follower ?? CheckpointFollower(directory)
    // Records that cannot be read now are read at the next poll.
    do throws(ExecutorError) { waiting += try follower.poll() } catch {}
    self.follower = follower
    self.directory = directory
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

  static func all(in directory: TaskDirectory) -> [LogPlace] {
    var places: [LogPlace] = []
    let logs = FilePath(directory.paths.logs)
    for process in names(logs) {
      for run in names(logs.appending(process)).compactMap({ Int($0) }).sorted() {
        let files = Set(names(logs.appending(process).appending(String(run))))
        for stream in ["stdout", "stderr"] where files.contains(stream) || files.contains(stream + ".1") {
          places.append(LogPlace(process: process, run: run, stream: stream))
        }
      }
    }
    return places
  }

  private static func names(_ path: FilePath) -> [String] {
    // No process has started, or its old logs are being removed.
    do { return try FileSystem.list(path).map(\.name).sorted() } catch { return [] }
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

  /// Sends what there is, at most about `limit` bytes; true when nothing is left.
  mutating func send(_ channel: SchedulerChannel, limit: Int) throws(SchedulerChannel.Failure) -> Bool {
    if unsent.isEmpty {
      // A log that cannot be read now is read at the next look.
      do throws(SystemCallError) { unsent = try reader.rest(limit: limit) } catch { return true }
      position = reader.position - Int64(unsent.count)
    }
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
