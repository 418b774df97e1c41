/// The party that can fix an error. It selects the exit code.
public enum Blame: Sendable, Hashable {
  /// The work itself failed: a test, a build step, a task. Exit code 1.
  case work
  /// Wrong usage or wrong input: a BUILD file, a job file, a flag. Exit code 2.
  case input
  /// The machine lacks something: an interpreter, the network, a permission, disk space. Exit code 3.
  case environment
  /// A defect of Kilt's own. Exit code 70 (`EX_SOFTWARE` of sysexits.h).
  case defect

  /// The process exit code for this class.
  public var exitCode: Int32 {
    switch self {
    case .work: 1
    case .input: 2
    case .environment: 3
    case .defect: 70
    }
  }
}

/// A place in a text file, for a message: lines and columns count from 1, columns in bytes.
public struct SourceLocation: Sendable, Hashable {
  /// The file, as the user knows it: relative to the workspace where there is one.
  public var path: String
  public var line: Int
  public var column: Int?
  /// The number of bytes of the line that the caret marks.
  public var length: Int
  /// The text of the line, without its end, when it is at hand.
  public var lineText: String?

  public init(path: String, line: Int, column: Int? = nil, length: Int = 1, lineText: String? = nil) {
    self.path = path
    self.line = line
    self.column = column
    self.length = length
    self.lineText = lineText
  }
}

/// The facts of an error in the form of every error of Kilt: summary, location and remedies.
///
/// Modules throw their own errors that conform to ``DiagnosableError``, or a `Diagnostic` itself if no caller
/// distinguishes cases.
public struct Diagnostic: DiagnosableError, Hashable {
  public var blame: Blame
  /// One sentence without a final full stop; names the file, target or job in quotes.
  public var summary: String
  public var location: SourceLocation?
  /// Further facts, one per line: a cause, the call stack, what was found instead.
  public var notes: [String]
  /// The next steps of the user, each a sentence or a command.
  public var remedies: [String]
  /// Stable words for programs, one for each thing that is wrong; empty where no program tells cases apart.
  public var codes: [String]

  public init(
    _ blame: Blame, _ summary: String, at location: SourceLocation? = nil, notes: [String] = [],
    remedies: [String] = [], codes: [String] = []
  ) {
    self.blame = blame
    self.summary = summary
    self.location = location
    self.notes = notes
    self.remedies = remedies
    self.codes = codes
  }

  public var diagnostic: Diagnostic { self }
}

/// An error that knows how to say itself.
public protocol DiagnosableError: Error, Sendable {
  var diagnostic: Diagnostic { get }
}

/// Several errors found in one go, to be shown together. The gravest class decides the exit code.
public struct DiagnosticList: Error, Sendable {
  public var diagnostics: [Diagnostic]

  public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

  public var blame: Blame {
    for blame in [Blame.defect, .environment, .input] where diagnostics.contains(where: { $0.blame == blame }) {
      return blame
    }
    return .work
  }
}

extension Diagnostic {
  /// The error of a program whose results could not be written: none of the requested output has arrived, even if the
  /// work was done.
  ///
  /// - Parameters:
  ///   - reason: the reason in the system's words.
  ///   - isFull: whether the disk was full.
  public static func unwritableOutput(_ reason: String, isFull: Bool) -> Diagnostic {
    Diagnostic(
      .environment, "cannot write the results to the standard output: \(reason)",
      remedies: [
        isFull ? "free space on the file system that the output goes to" : "open the standard output for writing"
      ])
  }
}
