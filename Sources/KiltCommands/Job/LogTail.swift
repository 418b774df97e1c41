internal import Diagnostics
internal import HTTPClient
internal import JSON
internal import JobModel
internal import Observability
internal import SchedulerClient
internal import SystemSupport

/// The logs of one job as they arrive. Counts the bytes of every log, so that it continues at the same position after a
/// cut connection: no line is repeated or lost.
struct LogTail {
  let key: JobKey
  let client: SchedulerClient
  let question: LogQuestion
  let printer: LogPrinter
  /// The text before the number of the instance.
  let name: String

  private var positions: [LogSource: Int64] = [:]
  private var buffers: [LogSource: LineBuffer] = [:]
  private var times: [LogSource: Timestamp] = [:]
  private var hasEnded = false
  private var hasProgressed = false

  init(_ key: JobKey, _ client: SchedulerClient, _ question: LogQuestion, name: String, to printer: LogPrinter) {
    self.key = key
    self.client = client
    self.question = question
    self.name = name
    self.printer = printer
  }

  /// Reads until the logs end. Opens a cut connection again: without a limit if the logs are followed, otherwise a few
  /// times.
  mutating func run() throws {
    var failures = 0
    while !hasEnded {
      hasProgressed = false
      var problem = "the connection ended"
      do {
        guard try ask() else { break }
        if hasEnded { break }
      } catch let error where Self.mayPass(error) {
        problem = JobSession.summary(of: error)
        // The scheduler must have answered once: a wrong address is an error.
        if positions.isEmpty, !question.follows { throw error }
      }
      failures = hasProgressed ? 1 : failures + 1
      guard question.follows || failures <= 5 else {
        throw Diagnostic(
          .environment, "cannot read all logs of \(key): \(problem)", remedies: ["run the command again"])
      }
      if failures == 1 {
        writeText("\(key): \(PlainText.line(problem)); connecting again\n", to: 2)
      }
      pauseMilliseconds(min(5000, 250 << min(failures, 5)))
    }
    for source in buffers.keys.sorted(by: { $0.run < $1.run }) { flush(source) }
  }

  /// One request; false when the job is not there any more.
  private mutating func ask() throws -> Bool {
    var question = question
    question.positions = positions.map { LogQuestion.Position($0.key, $0.value) }
    var current: LogSource?
    return try client.logs(
      key, question.json,
      onHeader: { json in
        hasProgressed = true
        switch try LogFrame(json: json).kind {
        case .end:
          hasEnded = true
          return 0
        case .alive: return 0
        case .bytes(let source, let position, let time, let length):
          begin(source, at: position, time)
          current = source
          return length
        }
      },
      onBytes: { bytes in
        guard let source = current else { return }
        positions[source, default: 0] += Int64(bytes.count)
        print(buffers[source, default: LineBuffer()].take(bytes), of: source)
      })
  }

  private mutating func begin(_ source: LogSource, at position: Int64, _ time: Timestamp) {
    if let known = positions[source] {
      if position > known {
        flush(source)
        writeText(
          "\(key)/\(source.instance) \(source.process): \(position - known) bytes were removed before they were read\n",
          to: 2)
      }
    } else {
      // The end of the run before it has come.
      for other in Array(buffers.keys)
      where other.instance == source.instance && other.process == source.process && other.stream == source.stream {
        flush(other)
        buffers[other] = nil
      }
    }
    positions[source] = position
    times[source] = time
  }

  private mutating func flush(_ source: LogSource) { print(buffers[source]?.rest() ?? [], of: source) }

  private func print(_ lines: [[UInt8]], of source: LogSource) {
    printer.write(
      lines, label: "\(name)\(source.instance) \(source.process)",
      time: times[source] ?? Timestamp(milliseconds: wallClockNanoseconds() / 1_000_000),
      isError: source.stream == "stderr")
  }

  /// Whether a failure comes from the connection or from a restarting scheduler.
  private static func mayPass(_ error: any Error) -> Bool {
    if error is HTTPError { return true }
    return (error as? any DiagnosableError)?.diagnostic.blame == .environment
  }
}
