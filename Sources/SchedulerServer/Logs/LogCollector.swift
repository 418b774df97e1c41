internal import Executor
internal import JobModel
internal import Observability
internal import SystemSupport

/// A task whose logs are sent.
struct LoggedTask: Sendable {
  var instance: Int
  var id: TaskID
  /// The order of creation.
  var sequence: Int
  var directory: TaskDirectory
  /// Whether nothing more is written.
  var hasEnded: Bool
}

/// Reads the logs of many tasks for one reader: every byte once and in the order of its log, across runs, rotation,
/// tasks that take the place of others, and interruptions of the reader. Blocks on the disk.
struct LogCollector: Sendable {
  /// A piece of a log.
  struct Piece: Sendable {
    var source: LogSource
    var position: Int64
    var time: Int64
    var bytes: [UInt8]
  }

  private let question: LogQuestion
  /// Logs to read, in the order in which they were found.
  private var open: [LogSource: OpenLog] = [:]
  private var order: [LogSource] = []
  /// Runs that were found, also when all of them has been read.
  private var known: [RunKey: Int] = [:]
  /// Tasks that have been read completely.
  private(set) var finished: Set<TaskID> = []
  /// The newest task of each instance that the reader knew when it was cut off.
  private var resumed: [Int: Int] = [:]
  private var isFirst = true

  private struct RunKey: Hashable {
    var task: TaskID
    var process: String
  }

  private struct OpenLog {
    var reader: LogReader
    var marks: LogMarks
    /// Whether its end has been reached: from then on, new lines were written just now.
    var isLive = false
    /// Whether the rest of a line that began earlier is skipped.
    var skipsLine = false
    /// Whether the reader knows of it: even an empty log is announced, so that a reader that reconnects knows its
    /// position.
    var isTold = false
  }

  /// Bytes of one log, and of all, that are read at a time.
  private static let share = 128 << 10
  private static let budget = 1 << 20

  init(_ question: LogQuestion) { self.question = question }

  /// Whether more can be read at once.
  private(set) var hasMore = false

  /// Reads the available lines, up to the limit; the tasks are given oldest first.
  mutating func collect(_ tasks: [LoggedTask], now: Int64) throws(SystemCallError) -> [Piece] {
    if isFirst, !question.positions.isEmpty { findResumed(tasks) }
    // The ends of tasks were checked before: all their output exists.
    for task in tasks where !finished.contains(task.id) { try find(task) }
    isFirst = false
    var pieces: [Piece] = []
    var taken = 0
    hasMore = false
    var closed: Set<LogSource> = []
    let ended = Set(tasks.filter(\.hasEnded).map(\.id))
    for source in order {
      guard taken < Self.budget else {
        hasMore = true
        break
      }
      guard var log = open.removeValue(forKey: source) else { continue }
      let hasEnded = ended.contains(source.task)
      var fromThis = 0
      var isDrained = false
      while fromThis < Self.share {
        guard let piece = try next(&log, source, hasEnded: hasEnded, now: now) else {
          isDrained = true
          log.isLive = true
          break
        }
        fromThis += piece.bytes.count
        if !piece.bytes.isEmpty {
          log.isTold = true
          pieces.append(piece)
        }
      }
      taken += fromThis
      if !isDrained { hasMore = true }
      if isDrained, !log.isTold {
        log.isTold = true
        pieces.append(Piece(source: source, position: log.reader.position, time: now, bytes: []))
      }
      if isDrained, isOver(source, hasEnded: hasEnded) { closed.insert(source) } else { open[source] = log }
    }
    if !closed.isEmpty { order.removeAll { closed.contains($0) } }
    // A large log must not keep the others waiting again.
    if hasMore, let first = order.first {
      order.removeFirst()
      order.append(first)
    }
    let unread = Set(order.map(\.task))
    for task in tasks where task.hasEnded && !unread.contains(task.id) { finished.insert(task.id) }
    return pieces
  }

  /// The next piece of a log; nil when there is none now.
  private func next(_ log: inout OpenLog, _ source: LogSource, hasEnded: Bool, now: Int64) throws(SystemCallError)
    -> Piece?
  {
    let before = log.reader.position
    var limit = 1 << 16
    if !log.isLive, let mark = log.marks.next(after: before) { limit = max(1, min(limit, Int(mark - before))) }
    var bytes = try log.reader.next(limit: limit)
    if bytes.isEmpty { return nil }
    var position = log.reader.position - Int64(bytes.count)
    if log.skipsLine {
      let cut = bytes.firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count
      log.skipsLine = cut == bytes.count && bytes.last != 0x0A
      position += Int64(cut)
      bytes.removeFirst(cut)
    }
    let written = log.isLive ? now : log.marks.time(of: log.reader.position - 1)
    return Piece(
      source: source, position: position, time: written ?? (hasEnded ? log.marks.marks.last?.time : nil) ?? now,
      bytes: bytes)
  }

  /// Whether a completely read log gets no more lines: it belongs to an ended task, or to a run before the last.
  private func isOver(_ source: LogSource, hasEnded: Bool) -> Bool {
    hasEnded || !question.follows || source.run < known[RunKey(task: source.task, process: source.process)] ?? 0
  }

  // MARK: Finding logs

  private mutating func findResumed(_ tasks: [LoggedTask]) {
    let known = Set(question.positions.map(\.source.task))
    for task in tasks where known.contains(task.id) {
      resumed[task.instance] = max(resumed[task.instance] ?? 0, task.sequence)
    }
  }

  private mutating func find(_ task: LoggedTask) throws(SystemCallError) {
    let logs = FilePath(task.directory.paths.logs)
    for process in try Self.list(logs) where question.processes?.contains(process) ?? true {
      let runs = try Self.list(logs.appending(process)).compactMap { Int($0) }.sorted()
      let key = RunKey(task: task.id, process: process)
      let last = known[key]
      for run in wanted(runs, of: task, process) where run > last ?? -1 {
        for stream in question.streams {
          let source = LogSource(instance: task.instance, task: task.id, process: process, run: run, stream: stream)
          try start(source, task.directory)
        }
        known[key] = run
      }
      if known[key] == nil, let newest = runs.last { known[key] = newest }
    }
  }

  /// The runs of a process that are sent, of those that there are.
  private func wanted(_ runs: [Int], of task: LoggedTask, _ process: String) -> [Int] {
    let positions = question.positions.filter { $0.source.task == task.id && $0.source.process == process }
    if !positions.isEmpty {
      // Runs before the first that the reader knew were not asked for.
      let first = positions.map(\.source.run).min() ?? 0
      return runs.filter { $0 >= first }
    }
    if let newest = resumed[task.instance] { return task.sequence >= newest ? runs : [] }
    let isKnown = known[RunKey(task: task.id, process: process)] != nil
    if question.isWhole || question.since != nil || isKnown || !isFirst { return runs }
    return runs.suffix(1)
  }

  private mutating func start(_ source: LogSource, _ directory: TaskDirectory) throws(SystemCallError) {
    let path = directory.paths.log(process: source.process, run: source.run, stream: source.stream)
    let marks = try LogReader(path: path).marks()
    var log: OpenLog
    if let position = question.positions.first(where: { $0.source == source })?.position {
      log = OpenLog(reader: LogReader(path: path, position: position), marks: marks)
    } else if isFirst, let tail = question.tail, question.positions.isEmpty {
      log = OpenLog(reader: LogReader(path: path, offset: -max(0, tail)), marks: marks)
    } else if isFirst, let since = question.since {
      let begin = marks.offset(at: since.milliseconds)
      // From the byte before it on: where that ends a line, a line begins.
      log = OpenLog(reader: LogReader(path: path, position: max(0, begin - 1)), marks: marks, skipsLine: begin > 0)
    } else {
      log = OpenLog(reader: LogReader(path: path), marks: marks)
    }
    if question.follows, log.marks.marks.isEmpty { log.isLive = true }
    open[source] = log
    order.append(source)
  }

  private static func list(_ path: FilePath) throws(SystemCallError) -> [String] {
    do throws(SystemCallError) {
      return try FileSystem.list(path).map(\.name).sorted()
    } catch {
      // A process that has not started has no directory, and neither has a removed task.
      if error.isMissing { return [] }
      throw error
    }
  }
}
