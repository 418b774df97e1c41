internal import Synchronization
internal import SystemSupport

/// One line at the bottom of a terminal with the current work; plain lines are printed above it. Without a terminal,
/// there is no such line. Used by several threads.
final class ProgressLine: Sendable {
  private let terminal: Terminal
  private let isShown: Bool
  private let current = Mutex("")
  private static let clear = "\r\u{1B}[K"

  init(_ terminal: Terminal, isQuiet: Bool) {
    self.terminal = terminal
    isShown = terminal.isInteractive && !isQuiet
  }

  /// Replaces the line.
  func show(_ text: String) {
    guard isShown else { return }
    current.withLock { current in
      // A line that wraps could not be erased.
      let line = String(text.prefix(max(10, terminalWidth(terminal.descriptor) - 1)))
      guard line != current else { return }
      writeText(Self.clear + line, to: terminal.descriptor)
      current = line
    }
  }

  /// Prints a text with its line ends above the line.
  func print(_ text: String) {
    current.withLock { current in
      writeText((current.isEmpty ? "" : Self.clear) + text + current, to: terminal.descriptor)
    }
  }

  /// Erases the line.
  func finish() {
    current.withLock { current in
      if !current.isEmpty { writeText(Self.clear, to: terminal.descriptor) }
      current = ""
    }
  }
}
