internal import Artifacts
internal import Synchronization
internal import SystemSupport

/// The progress of a transfer on a terminal: bytes, rate, time remaining. Without a terminal, shows nothing.
final class TransferLine: Sendable {
  private struct State {
    var start = monotonicNanoseconds()
    var lastShown: UInt64 = 0
    var last: Int64 = 0
  }

  private let terminal: Terminal
  private let isShown: Bool
  private let state = Mutex(State())

  init(_ terminal: Terminal, isShown: Bool) {
    self.terminal = terminal
    self.isShown = isShown && terminal.isInteractive
  }

  /// Shows how far the transfer is, at most ten times a second.
  func show(_ progress: TransferProgress) {
    guard isShown else { return }
    let now = monotonicNanoseconds()
    let line = state.withLock { state -> String? in
      // Another transfer begins.
      if progress.bytes < state.last { state.start = now }
      state.last = progress.bytes
      guard now - state.lastShown > 100_000_000 else { return nil }
      state.lastShown = now
      return Self.text(progress, seconds: Double(now - state.start) / 1e9)
    }
    if let line { writeText("\r\u{1B}[K\(line)", to: terminal.descriptor) }
  }

  func clear() {
    guard isShown else { return }
    writeText("\r\u{1B}[K", to: terminal.descriptor)
  }

  /// `12.0 MiB of 70.1 MiB, 31.2 MiB/s, 2 s left`.
  static func text(_ progress: TransferProgress, seconds: Double) -> String {
    var text = "\(ByteSize.text(progress.bytes)) of \(ByteSize.text(progress.totalBytes))"
    guard seconds > 0, progress.bytes > 0 else { return text }
    let rate = Double(progress.bytes) / seconds
    text += ", \(ByteSize.text(Int64(rate)))/s"
    if progress.totalBytes > progress.bytes {
      text += ", \(Int((Double(progress.totalBytes - progress.bytes) / rate).rounded(.up))) s left"
    }
    return text
  }
}
