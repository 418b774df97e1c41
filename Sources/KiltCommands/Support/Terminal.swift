internal import Diagnostics
internal import SystemSupport

/// The abilities of a standard stream.
struct Terminal {
  let descriptor: CInt
  /// The output is a terminal: progress can be drawn in place.
  let isInteractive: Bool
  /// Colors can be used: a terminal, `NO_COLOR` is not set (no-color.org), `TERM` is not "dumb".
  let usesColor: Bool

  init(_ descriptor: CInt) {
    self.descriptor = descriptor
    let terminal = isTerminal(descriptor)
    isInteractive = terminal && environmentVariable("CI") == nil
    usesColor = terminal && (environmentVariable("NO_COLOR") ?? "").isEmpty && environmentVariable("TERM") != "dumb"
  }

  static let standardOutput = Terminal(1)
  static let standardError = Terminal(2)

  /// Writes a line.
  func print(_ line: String) { writeText(line + "\n", to: descriptor) }

  /// Writes a message.
  func write(_ diagnostic: Diagnostic, as label: DiagnosticRenderer.Label) {
    writeText(DiagnosticRenderer(color: usesColor).render(diagnostic, as: label), to: descriptor)
  }

  /// The text in an ANSI colour, where colours may be used.
  func paint(_ text: String, _ code: String) -> String { usesColor ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
}
