internal import ArgumentParser
internal import Diagnostics
internal import Glibc
internal import JobModel
internal import SchedulerClient
internal import Synchronization
internal import SystemSupport

/// `kilt job logs`: the logs of all instances together, each line with the instance it is of.
struct JobLogs: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Show the logs of a job's instances together.",
    discussion: """
      Control characters in the logs are shown as escapes such as \\x1b. You can read the logs of a killed job as long \
      as the directories of its tasks exist.

      EXAMPLES
        kilt job logs devcluster/www-data/devel/fiddler
        kilt job logs devcluster/www-data/devel/fiddler/1 --stream stderr
        kilt job logs jobs/fiddler.yaml --stage devel --follow
      """)

  enum Stream: String, ExpressibleByArgument, CaseIterable { case stdout, stderr, both }

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions

  @Flag(name: .shortAndLong, help: "Continue with new output, across restarts, until interrupted.")
  var follow = false

  @OptionGroup var instances: InstanceOptions

  @Option(help: ArgumentHelp("Process of the task. Default: all.", valueName: "name"))
  var process: String?

  @Option(help: "Output stream to show.")
  var stream = Stream.both

  @Option(help: ArgumentHelp("Task whose logs to show. Default: the last task of each instance.", valueName: "id"))
  var task: String?

  @Option(help: ArgumentHelp("Show only the last bytes of each log.", valueName: "bytes"))
  var tail: Int?

  @Flag(help: "Print the bytes of the logs unchanged, control characters included.")
  var raw = false

  func run() throws {
    let session = try JobSession(global, job)
    let reference = try session.reference(job)
    let status = try session.job(reference.key)
    let sources = try sources(of: status, try instances.instances(reference))
    let width = sources.map(\.label.utf8.count).max() ?? 0
    let output = LogOutput(width: width, isRaw: raw)
    let failure = Mutex<(any Error)?>(nil)
    let client = try session.client
    let work: @Sendable (Int) -> Void = { index in
      do {
        try read(sources[index], of: status.summary.key, client, to: output)
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
    // Followed, each log has a thread of its own: all of them are waited for at once.
    performInParallel(count: sources.count, threads: follow ? sources.count : 1, work)
    if let error = failure.withLock({ $0 }) { throw error }
  }

  private struct Source: Sendable {
    var instance: Int
    var process: String
    var stream: String
    var label: String { "\(instance) \(process)" }
  }

  private func sources(of job: JobStatus, _ instances: [Int]) throws -> [Source] {
    let names = job.configuration.task.processes.map(\.name)
    if let process, !names.contains(process) {
      throw Diagnostic(
        .input, "the job has no process \"\(process)\"", notes: ["its processes are " + names.joined(separator: ", ")],
        remedies: Suggestions.remedy(for: process, among: names).map { [$0] } ?? [])
    }
    let numbers = Set(job.instances.map(\.instance)).union(job.endings.map(\.instance)).sorted()
    for number in instances where !numbers.contains(number) {
      throw Diagnostic(
        .input, "job \(job.summary.key) has no instance \(number)",
        notes: ["its instances: \(PlanReport.ranges(numbers))"],
        remedies: ["run `kilt job status \(job.summary.key)` to see its instances"])
    }
    let streams = stream == .both ? ["stdout", "stderr"] : [stream.rawValue]
    return numbers.filter { instances.isEmpty || instances.contains($0) }.flatMap { number in
      names.filter { process == nil || process == $0 }.flatMap { name in
        streams.map { Source(instance: number, process: name, stream: $0) }
      }
    }
  }

  private func read(_ source: Source, of key: JobKey, _ client: SchedulerClient, to output: LogOutput) throws {
    var offset = tail.map { -Int64($0) } ?? 0
    var shown: TaskID?
    while true {
      let status = try client.job(key)?.instances.first { $0.instance == source.instance }
      if let status, status.taskID == shown {
        // It has ended for good: a task that is replaced is not its instance's last.
        if status.status.isTerminal { return }
      } else if shown != nil {
        // The next task has a log of its own, from its beginning.
        if status == nil { return }
        offset = 0
      }
      var lines = LineBuffer()
      let found = try client.log(
        key, instance: source.instance, process: source.process, stream: source.stream,
        task: task.map { TaskID($0) } ?? (follow ? status?.taskID : nil), follow: follow, offset: offset
      ) { bytes in
        if offset >= 0 { offset += Int64(bytes.count) }
        output.write(lines.take(bytes), label: source.label, isError: source.stream == "stderr")
        return true
      }
      output.write(lines.rest(), label: source.label, isError: source.stream == "stderr")
      guard follow, try client.job(key) != nil else { return }
      if found {
        shown = status?.taskID
        // Where in the log the last bytes were is not known: at its end.
        if offset < 0 { offset = .max }
      }
      pauseMilliseconds(500)
    }
  }
}

/// Cuts bytes into whole lines. A line without an end is cut too: a task must not fill this process's memory.
struct LineBuffer {
  private var pending: [UInt8] = []
  private static let longestLine = 64 << 10

  mutating func take(_ bytes: UnsafeRawBufferPointer) -> [[UInt8]] {
    pending.append(contentsOf: bytes)
    var lines: [[UInt8]] = []
    if let end = pending.lastIndex(of: 0x0A) {
      lines = pending[..<end].split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
      pending.removeSubrange(...end)
    }
    while pending.count > Self.longestLine {
      lines.append(Array(pending.prefix(Self.longestLine)))
      pending.removeFirst(Self.longestLine)
    }
    return lines
  }

  mutating func rest() -> [[UInt8]] {
    defer { pending = [] }
    return pending.isEmpty ? [] : [pending]
  }
}

/// Writes labelled lines of several threads, one after the other.
private final class LogOutput: Sendable {
  private let width: Int
  private let isRaw: Bool
  private let lock = Mutex(())

  init(width: Int, isRaw: Bool) {
    self.width = width
    self.isRaw = isRaw
  }

  func write(_ lines: [[UInt8]], label: String, isError: Bool) {
    if lines.isEmpty { return }
    let color = 31 + label.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % 6
    let padding = String(repeating: " ", count: width - label.utf8.count)
    let mark = Terminal.standardOutput.paint(label + padding + (isError ? " !" : " |"), "\(color)") + " "
    var text: [UInt8] = []
    for line in lines {
      text += mark.utf8
      text += isRaw ? line : Array(PlainText.logLine(String(decoding: line, as: UTF8.self)).utf8)
      text.append(0x0A)
    }
    lock.withLock { _ in writeBytes(text, to: 1) }
  }
}
