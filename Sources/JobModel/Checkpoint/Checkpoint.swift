internal import JSON

/// The records of a checkpoint file, read back.
public struct Checkpoint: Sendable, Hashable {
  public var records: [CheckpointRecord]
  /// The number of bytes of the file that are complete records. It is less than the file's size if the last line is
  /// torn: the next writer truncates the file to this size first.
  public var validLength: Int

  /// Reads a whole checkpoint file.
  ///
  /// A crash can tear only the last line. A last line without its newline, or one that is not a record, is omitted and
  /// is not an error. A bad line before the last is an error.
  public init(parsing bytes: some RandomAccessCollection<UInt8>) throws(CheckpointError) {
    records = []
    validLength = 0
    var line = 0
    var start = bytes.startIndex
    while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
      line += 1
      let next = bytes.index(after: end)
      do {
        let record = try CheckpointRecord(line: bytes[start..<end])
        records.append(record)
      } catch {
        guard next == bytes.endIndex else { throw CheckpointError(line: line, problem: error) }
        return
      }
      validLength += bytes.distance(from: start, to: next)
      start = next
    }
  }
}

/// A checkpoint that is damaged before its last line.
public struct CheckpointError: Error, Sendable, Hashable, CustomStringConvertible {
  /// From 1.
  public var line: Int
  public var problem: ModelError

  public var description: String { "line \(line) of the checkpoint is damaged: \(problem)" }
}

extension CheckpointRecord {
  /// Parses one line, without its newline.
  public init(line: some Collection<UInt8>) throws(ModelError) {
    let value: JSONValue
    do {
      value = try JSONValue(parsing: line)
    } catch {
      throw ModelError(path: "", problem: .notJSON(error))
    }
    try self.init(json: value)
  }

  /// The record as the executor appends it: one line of JSON with its newline.
  public var line: [UInt8] { json.bytes(.compact) + [UInt8(ascii: "\n")] }
}

extension Checkpoint {
  /// The process id and start ticks of the executor that wrote last.
  public var executor: (pid: Int32, startTicks: UInt64?)? {
    for record in records.reversed() {
      if case .executorStarted(let pid, let startTicks) = record.kind { return (pid, startTicks) }
    }
    return nil
  }

  /// The last state of the task, with its time and message.
  public var lastEvent: TaskEvent? {
    for record in records.reversed() {
      if case .taskState(let status, let message) = record.kind {
        return TaskEvent(time: record.time, status: status, message: message)
      }
    }
    return nil
  }

  /// The last run of each process, in the order the processes first appeared.
  public var processes: [ProcessRun] {
    var order: [String: Int] = [:]
    var runs: [ProcessRun] = []
    for record in records {
      guard case .process(let run) = record.kind else { continue }
      if let index = order[run.name] {
        runs[index] = run
      } else {
        order[run.name] = runs.count
        runs.append(run)
      }
    }
    return runs
  }

  /// The last health report.
  public var health: HealthReport? {
    for record in records.reversed() {
      if case .health(let report) = record.kind { return report }
    }
    return nil
  }

  /// The last resource sample and its time.
  public var resources: (time: Timestamp, sample: ResourceSample)? {
    for record in records.reversed() {
      if case .resources(let sample) = record.kind { return (record.time, sample) }
    }
    return nil
  }
}
