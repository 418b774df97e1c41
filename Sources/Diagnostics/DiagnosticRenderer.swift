/// The one place where an error becomes text.
///
/// The form, colours left out:
/// ```
/// error: the target "lib/auth:atuh" does not exist
///   --> services/fiddler/BUILD:4:19
///    |
///  4 |   dependencies = ["lib/auth:atuh"],
///    |                   ^^^^^^^^^^^^^^^
///   note: "lib/auth" has the targets auth, tests
///   help: did you mean "lib/auth:auth"?
/// ```
public struct DiagnosticRenderer: Sendable {
  /// Whether to use ANSI colors: the output is a terminal, and `NO_COLOR` is not set.
  public var color: Bool

  public init(color: Bool) { self.color = color }

  /// The message for `error`, with a final newline.
  public func render(_ error: any Error) -> String {
    switch error {
    case let list as DiagnosticList: list.diagnostics.map { render($0, as: .error) }.joined()
    case let error as any DiagnosableError: render(error.diagnostic, as: .error)
    default:
      render(
        Diagnostic(
          .defect, "unexpected error: \(error)",
          remedies: ["this is a defect of Kilt: please report it with the command you ran"]), as: .error)
    }
  }

  /// The first word of a message.
  public enum Label: String, Sendable {
    /// The command does not do what was asked for.
    case error
    /// The command goes on, and something needs fixing.
    case warning
    /// Nothing needs fixing.
    case note

    fileprivate var color: String {
      switch self {
      case .error: "1;31"
      case .warning: "1;33"
      case .note: "1;36"
      }
    }
  }

  /// The text of a warning that has no place, with a final newline.
  ///
  /// - Parameter summary: one clause without a full stop: what was done instead, and why.
  public func warning(_ summary: String, remedies: [String] = []) -> String {
    render(Diagnostic(.environment, summary, remedies: remedies), as: .warning)
  }

  /// The message for one diagnostic, with a final newline.
  public func render(_ diagnostic: Diagnostic, as label: Label) -> String {
    // A summary of several lines must not pass for several messages.
    let summary = PlainText.paragraph(diagnostic.summary).split(separator: "\n", omittingEmptySubsequences: false)
    var text = paint(label.rawValue + ":", label.color) + " " + paint(summary.joined(separator: "\n  "), "1") + "\n"
    if let location = diagnostic.location { text += render(location) }
    for note in diagnostic.notes { text += field("note", note, "1;36") }
    for remedy in diagnostic.remedies { text += field("help", remedy, "1;32") }
    return text
  }

  /// The exit code for `error`.
  public static func exitCode(for error: any Error) -> Int32 {
    switch error {
    case let list as DiagnosticList: list.blame.exitCode
    case let error as any DiagnosableError: error.diagnostic.blame.exitCode
    default: Blame.defect.exitCode
    }
  }

  private func field(_ name: String, _ text: String, _ code: String) -> String {
    let lines = PlainText.paragraph(text).split(separator: "\n", omittingEmptySubsequences: false)
    let indent = String(repeating: " ", count: name.utf8.count + 4)
    return "  " + paint(name + ":", code) + " " + lines.joined(separator: "\n" + indent) + "\n"
  }

  private func render(_ location: SourceLocation) -> String {
    let place = "\(PlainText.line(location.path)):\(location.line)" + (location.column.map { ":\($0)" } ?? "")
    let number = "\(location.line)"
    let margin = String(repeating: " ", count: number.utf8.count + 1)
    var text = margin + paint("-->", "1;34") + " " + place + "\n"
    guard let line = location.lineText else { return text }
    // A very long line is not helpful, and control characters must not reach the terminal.
    let shown = String(String.UnicodeScalarView(line.unicodeScalars.prefix(200).map { $0.value < 32 ? " " : $0 }))
    text += margin + paint(" |", "1;34") + "\n"
    text += " " + paint("\(number) |", "1;34") + " " + shown + "\n"
    if let column = location.column, column >= 1, column <= shown.utf8.count + 1 {
      let before = String(decoding: shown.utf8.prefix(column - 1), as: UTF8.self).unicodeScalars.count
      let width = max(1, min(location.length, shown.utf8.count - column + 1))
      text += margin + paint(" |", "1;34") + " " + String(repeating: " ", count: before)
      text += paint(String(repeating: "^", count: width), "1;31") + "\n"
    }
    return text
  }

  private func paint(_ text: String, _ code: String) -> String {
    color ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
  }
}
