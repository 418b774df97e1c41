internal import Artifacts
internal import Executor
internal import JSON
internal import JobModel
internal import Observability
internal import SystemSupport

/// The progress of archiving the logs of one task: `archive.json` in its directory. Without it, shipping starts over,
/// and finds the existing objects in the archive.
struct ArchiveState: Sendable {
  /// The position up to which a log is archived, by `PROCESS/RUN/STREAM`.
  var shipped: [String: Int64] = [:]
  /// Bytes that were removed by rotation before they could be archived.
  var dropped: Int64 = 0
  /// Whether the task has ended and all is archived.
  var isDone = false

  static func path(_ directory: TaskDirectory) -> FilePath { FilePath(directory.paths.directory + "/archive.json") }

  init(reading directory: TaskDirectory) throws {
    let bytes: [UInt8]
    do throws(SystemCallError) {
      bytes = try FileSystem.read(Self.path(directory), limit: 16 << 20)
    } catch {
      if error.isMissing { return }
      throw error
    }
    let json = try JSONValue(parsing: bytes)
    for (name, position) in json["shipped"]?.object ?? JSONObject() { shipped[name] = position.int }
    dropped = json["dropped"]?.int ?? 0
    isDone = json["done"]?.bool ?? false
  }

  func write(_ directory: TaskDirectory) throws(SystemCallError) {
    let json = JSONValue.members([
      "shipped": .dictionary(shipped) { .int($0) }, "dropped": .int(dropped), "done": .bool(isDone),
    ])
    let replacement = try FileReplacement(of: Self.path(directory), permissions: 0o600)
    try FileSystem.write(json.bytes(.compact), to: replacement.file)
    try replacement.commit()
  }
}

/// Ships the logs of tasks to an archive: rotated files, and all logs of ended tasks. Blocks on the disk and the
/// network.
///
/// An object's name contains the position of its first line. An object is stored only if none of that name exists; if
/// one exists, its last line says where the next one begins. So a retry, a shipper that lost its notes and a second
/// shipper all store each line once.
struct LogShipper: Sendable {
  let bucket: ObjectBucket
  private(set) var counts = Counts()

  struct Counts: Sendable {
    var objects = 0
    var lines = 0
    var bytes = 0
    var dropped: Int64 = 0
  }

  /// Bytes of a log in one object at most.
  private static let share = 4 << 20
  private static let longestLine = 1 << 20

  init(_ bucket: ObjectBucket) { self.bucket = bucket }

  /// Ships everything possible of a task. Returns whether the task is done.
  mutating func ship(_ directory: TaskDirectory, hasEnded: Bool, now: Timestamp) throws -> Bool {
    var state = try ArchiveState(reading: directory)
    if state.isDone { return true }
    // It never had a directory, or has none any more.
    guard try FileSystem.statusIfPresent(of: FilePath(directory.paths.assignment)) != nil else { return true }
    let assignment = try directory.assignment()
    for log in try Self.logs(directory) {
      let isOver = hasEnded || !log.isLastRun
      try ship(log, assignment, directory, &state, isOver: isOver, now: now)
    }
    if hasEnded {
      state.isDone = true
      try state.write(directory)
    }
    return hasEnded
  }

  /// Bytes of a task's logs that are not archived.
  static func unshipped(_ directory: TaskDirectory) throws -> Int64 {
    let state = try ArchiveState(reading: directory)
    if state.isDone { return 0 }
    return try logs(directory).reduce(0) { sum, log in
      let extent = try LogReader(path: log.path).extent()
      return sum + max(0, extent.end - max(extent.oldest, state.shipped[log.name] ?? 0))
    }
  }

  private struct Log {
    var process: String
    var run: Int
    var stream: String
    var path: String
    var isLastRun: Bool
    var name: String { "\(process)/\(run)/\(stream)" }
  }

  private static func logs(_ directory: TaskDirectory) throws(SystemCallError) -> [Log] {
    func list(_ path: FilePath) throws(SystemCallError) -> [String] {
      do throws(SystemCallError) { return try FileSystem.list(path).map(\.name).sorted() } catch {
        if error.isMissing { return [] }
        throw error
      }
    }
    let folder = FilePath(directory.paths.logs)
    var logs: [Log] = []
    for process in try list(folder) {
      let runs = try list(folder.appending(process)).compactMap { Int($0) }.sorted()
      for run in runs {
        for stream in LogSource.streams {
          logs.append(
            Log(
              process: process, run: run, stream: stream,
              path: directory.paths.log(process: process, run: run, stream: stream), isLastRun: run == runs.last))
        }
      }
    }
    return logs
  }

  private mutating func ship(
    _ log: Log, _ assignment: TaskAssignment, _ directory: TaskDirectory, _ state: inout ArchiveState, isOver: Bool,
    now: Timestamp
  ) throws {
    let extent = try LogReader(path: log.path).extent()
    let limit = isOver ? extent.end : extent.closed
    var position = state.shipped[log.name] ?? 0
    if extent.oldest > position {
      counts.dropped += extent.oldest - position
      state.dropped += extent.oldest - position
      position = extent.oldest
    }
    let source = LogSource(
      instance: assignment.instance, task: assignment.taskID, process: log.process, run: log.run, stream: log.stream)
    while position < limit {
      var reader = LogReader(path: log.path, position: position)
      let marks = try reader.marks()
      var bytes: [UInt8] = []
      let wanted = Int(min(Int64(Self.share), limit - position))
      while bytes.count < wanted {
        let more = try reader.next(limit: min(1 << 16, wanted - bytes.count))
        if more.isEmpty { break }
        bytes += more
      }
      let begin = reader.position - Int64(bytes.count)
      if begin > position {
        counts.dropped += begin - position
        state.dropped += begin - position
        position = begin
      }
      let isLast = isOver && position + Int64(bytes.count) >= limit
      let last = marks.marks.last.map { Timestamp(milliseconds: $0.time) } ?? now
      guard
        let object = object(source, assignment, bytes, at: position, takesRest: isLast, marks, last)
      else { break }
      let key = "\(object.partition.path)/\(source.objectName(at: position))"
      if try bucket.create(key, Gzip.compressed(object.content)) {
        counts.objects += 1
        counts.lines += object.lines
        counts.bytes += object.content.count
        position = object.end
      } else {
        guard let stored = try bucket.read(key, limit: 64 << 20),
          let content = Gzip.decompressed(stored, limit: 256 << 20), let end = ArchivedLine.end(of: content)
        else {
          throw ArchiveProblem(description: "\"\(key)\" in \(bucket.location) is not an object of this archive")
        }
        position = end
      }
      state.shipped[log.name] = position
      try state.write(directory)
    }
  }

  private struct Object {
    var partition: LogPartition
    var content: [UInt8] = []
    var lines = 0
    var end: Int64
  }

  /// The lines at the beginning of some bytes that belong in one hour; nil if there is no complete line.
  private func object(
    _ source: LogSource, _ assignment: TaskAssignment, _ bytes: [UInt8], at position: Int64, takesRest: Bool,
    _ marks: LogMarks, _ last: Timestamp
  ) -> Object? {
    let commit = assignment.configuration.task.artifacts.lazy.compactMap(\.commit).first
    var object: Object?
    var index = 0
    while index < bytes.count {
      let rest = bytes[index...]
      var end: Int
      if let newline = rest.prefix(Self.longestLine).firstIndex(of: 0x0A) {
        end = newline + 1
      } else if rest.count > Self.longestLine {
        end = index + Self.longestLine
      } else if takesRest {
        end = bytes.count
      } else {
        break
      }
      end = min(end, bytes.count)
      let place = position + Int64(index)
      let time = marks.time(of: place).map { Timestamp(milliseconds: $0) } ?? last
      let partition = LogPartition(key: assignment.jobKey, time: time)
      var new = object ?? Object(partition: partition, end: position)
      if new.partition != partition { break }
      let text = bytes[index..<end]
      let line = text.last == 0x0A ? text.dropLast() : text
      new.content +=
        ArchivedLine(
          source: source, time: time, release: assignment.release, commit: commit, host: assignment.hostname,
          position: place, bytes: text.count, line: String(decoding: line, as: UTF8.self), level: LogLevel(line: line)
        ).text
      new.lines += 1
      new.end = position + Int64(end)
      object = new
      index = end
    }
    return object
  }
}

struct ArchiveProblem: Error, CustomStringConvertible {
  var description: String
}
