/// Why a Starlark file could not be read or evaluated, and where.
public struct StarlarkError: Error, Sendable, CustomStringConvertible {
  /// At which step the error was found.
  public enum Kind: Sendable {
    /// The text is not Starlark (of this dialect).
    case syntax
    /// A name is not defined, or defined twice.
    case name
    /// An operation failed while the program ran.
    case evaluation
    /// A budget of `Limits` is used up.
    case limit
  }

  /// One active call: the function, and the current location in it.
  public struct Frame: Sendable {
    /// The function's name; `<toplevel>` for the file itself.
    public let function: String
    /// The place; none for functions of the host.
    public let location: StarlarkLocation?

    package init(function: String, location: StarlarkLocation?) {
      self.function = function
      self.location = location
    }
  }

  /// At which step the error was found.
  public var kind: Kind
  /// The problem, one line without the location.
  public var message: String
  /// A remedy, for instance `did you mean "sources"?`.
  public var hint: String?
  /// The innermost place in a Starlark file.
  public var location: StarlarkLocation?
  /// The active calls, outermost first; empty for errors found before evaluation.
  public var callStack: [Frame] = []
  /// The error that a function of the host threw, when it was one of the host's own types.
  public var cause: (any Error)?
  /// The built-in function that failed, if one did.
  package var builtin: String?

  /// An error without a place; the interpreter adds place and call stack.
  public init(
    _ message: String, kind: Kind = .evaluation, hint: String? = nil, location: StarlarkLocation? = nil,
    cause: (any Error)? = nil
  ) {
    self.kind = kind
    self.message = message
    self.hint = hint
    self.location = location
    self.cause = cause
  }

  /// The file, where known.
  public var file: String? { location?.file }
  /// The line from 1, where known.
  public var line: Int? { location?.line }
  /// The column from 1, where known.
  public var column: Int? { location?.column }
  /// The text of the line, where known.
  public var sourceLine: String? { location?.sourceLine }

  /// `file:line:column: message (hint)`.
  public var description: String {
    let place = location.map { "\($0): " } ?? ""
    let advice = hint.map { " (\($0))" } ?? ""
    return place + message + advice
  }

  /// The error as Python prints one: the call stack, then the place, its line with a caret, and the message.
  public var traceback: String {
    var text = ""
    if !callStack.isEmpty {
      text += "Traceback (most recent call last):\n"
      for frame in callStack {
        text += "  \(frame.location.map(\.description) ?? "<built-in>"): in \(frame.function)\n"
      }
      text += builtin.map { "Error in \($0): " } ?? "Error: "
    }
    text += description + "\n"
    if let location {
      text += "  \(location.sourceLine)\n  \(String(repeating: " ", count: location.column - 1))^\n"
    }
    return text
  }
}
