import Glibc
import JobModel
import SystemSupport

/// The directory of a task that runs on another machine, as its executor reports it: the same files as those of a task of
/// this machine, so that every reader of task directories reads them, also after the end of the task and of its machine.
///
/// Reports may come again, or begin too early or too late: what is here already is passed over, and the answer says where
/// to go on. One thread at a time may use it.
public final class TaskMirror {
  let directory: TaskDirectory
  private let configuration: JobConfiguration
  private var checkpoint: CheckpointWriter
  private var logs: [LogPlace: LogFile] = [:]

  /// Opens the directory, which ``TaskDirectory/create(_:)`` has made.
  public init(_ directory: TaskDirectory) throws(ExecutorError) {
    self.directory = directory
    configuration = try directory.assignment().configuration
    checkpoint = try CheckpointWriter(path: directory.paths.checkpoint)
  }

  deinit {
    for var log in logs.values { log.close() }
  }

  /// Takes records, one JSON value a line, and returns the sequence number of the next one that is missing.
  ///
  /// - Throws: ``ExecutorError`` when a line is no record, or the disk takes none: nothing counts as taken then.
  public func take(records bytes: [UInt8]) throws(ExecutorError) -> Int {
    let records: [CheckpointRecord]
    do {
      let part = try Checkpoint(parsing: bytes)
      guard part.validLength == bytes.count else {
        throw ModelError(path: "", problem: .wrongType(expected: "whole lines"))
      }
      records = part.records
    } catch {
      throw .badAssignment(path: directory.paths.checkpoint, problem: "\(error)")
    }
    // A gap would never be filled: the records after it wait.
    for record in records where record.sequence <= checkpoint.nextSequence || isCompacted(record, of: records) {
      checkpoint.append(record)
    }
    guard checkpoint.sync() else { throw .system(call: "write", path: directory.paths.checkpoint, code: ENOSPC) }
    return checkpoint.nextSequence
  }

  /// Whether the records between the last one here and this one are gone where they were made: the executor leaves out
  /// what says nothing any more when its file has grown too large, and then sends the first that is left.
  private func isCompacted(_ record: CheckpointRecord, of records: [CheckpointRecord]) -> Bool {
    guard let first = records.first else { return false }
    return record.sequence > checkpoint.nextSequence && first.sequence <= checkpoint.nextSequence
  }

  /// Takes bytes of a log that begin at a position, and returns the position behind the last byte that is here.
  ///
  /// - Parameter isOldest: whether the bytes before them are gone where they were written.
  public func take(
    log bytes: [UInt8], process: String, run: Int, stream: String, position: Int64, isOldest: Bool
  ) throws(ExecutorError) -> Int64 {
    guard let settings = configuration.task.processes.first(where: { $0.name == process }), run >= 0,
      ["stdout", "stderr"].contains(stream), position >= 0, ProcessGraph.isFileName(process)
    else { throw .usage("the task has no such log") }
    let place = LogPlace(process: process, run: run, stream: stream)
    var log: LogFile
    if let known = logs.removeValue(forKey: place) {
      log = known
    } else {
      log = try open(place, settings.logger ?? LoggerConfiguration())
    }
    defer { logs[place] = log }
    if position > log.total, isOldest { log.skip(to: position) }
    let known = log.total - position
    guard known >= 0, known <= bytes.count else { return log.total }
    let dropped = log.dropped
    if known < bytes.count { log.append(Array(bytes[Int(known)...])) }
    guard log.dropped == dropped else {
      throw .system(
        call: "write", path: directory.paths.log(process: process, run: run, stream: stream), code: ENOSPC)
    }
    return log.total
  }

  private func open(_ place: LogPlace, _ logger: LoggerConfiguration) throws(ExecutorError) -> LogFile {
    let paths = directory.paths
    let path = paths.log(process: place.process, run: place.run, stream: place.stream)
    let end: Int64
    do throws(SystemCallError) {
      try FileSystem.createDirectories(FilePath(path).removingLastComponent(), permissions: 0o755)
      end = try LogReader(path: path).extent().end
    } catch {
      throw ExecutorError(error, path: path)
    }
    // On its own machine, a log that is not rotated ends at the task's disk limit. Here that bounds each file.
    let isRotated = logger.mode == .rotate
    let disk = max(configuration.task.resources.disk, 1 << 20)
    return try LogFile(
      path: path, limit: isRotated ? logger.logSize : disk, backups: isRotated ? logger.backups : 1, total: end)
  }
}
