internal import Diagnostics
internal import Glibc
internal import JobModel
internal import Observability
internal import Synchronization
internal import SystemSupport

/// Writes lines of several logs, each whole, with its time and the instance it is of.
final class LogPrinter: Sendable {
  struct Options: Sendable {
    var isRaw = false
    var showsTime = true
    var level: LogLevel?
    var pattern: LogPattern?
  }

  private let options: Options
  private let lock = Mutex(())

  init(_ options: Options) { self.options = options }

  func write(_ lines: [[UInt8]], label: String, time: Timestamp, isError: Bool) {
    let lines = lines.filter(isWanted)
    if lines.isEmpty { return }
    let color = 31 + label.utf8.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % 6
    var mark = Terminal.standardOutput.paint(label + (isError ? " !" : " |"), "\(color)") + " "
    // The time of day: the date is in the line before it at midnight, and in `kilt job why`.
    if options.showsTime { mark = Terminal.standardOutput.paint(Self.clock(time), "2") + " " + mark }
    var text: [UInt8] = []
    for line in lines {
      text += mark.utf8
      text += options.isRaw ? line : Array(PlainText.logLine(String(decoding: line, as: UTF8.self)).utf8)
      text.append(0x0A)
    }
    lock.withLock { _ in writeBytes(text, to: 1) }
  }

  private func isWanted(_ line: [UInt8]) -> Bool {
    if let least = options.level {
      guard let level = LogLevel(line: line), level >= least else { return false }
    }
    return options.pattern?.matches(line) ?? true
  }

  /// `2026-11-30T14:13:50.070Z`.
  private static func clock(_ time: Timestamp) -> String { time.description }
}
