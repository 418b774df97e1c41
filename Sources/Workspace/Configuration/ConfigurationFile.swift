internal import BuildFiles
internal import Diagnostics
internal import JSON
internal import TOML

/// A TOML file as values, with the places of its keys for messages.
struct ConfigurationFile {
  indirect enum Value {
    case string(String)
    case bool(Bool)
    case int(Int)
    case array([Value])
    case table([String: Value])
    case other

    var kindName: String {
      switch self {
      case .string: "a string"
      case .bool: "a boolean"
      case .int: "an integer"
      case .array: "an array"
      case .table: "a table"
      case .other: "a number or a date"
      }
    }
  }

  let path: String
  let root: [String: Value]
  /// Whether strings may stand for lists and tables, as in Pants.
  let hasLiterals: Bool
  private let text: String
  private let document: TOMLDocument

  /// Parses a file. Throws a `Diagnostic` that points at what is not TOML.
  init(path: String, text: String, hasLiterals: Bool = false) throws {
    self.path = path
    self.hasLiterals = hasLiterals
    self.text = text
    do throws(TOMLDocument.Failure) {
      document = try TOMLDocument(parsing: Array(text.utf8), recordingPlaces: true)
    } catch {
      let location = SourceLocation(
        path: path, line: error.line, column: error.column, lineText: Self.line(error.line, of: text))
      throw Diagnostic(.input, "\"\(path)\" is not TOML: \(error.message)", at: location)
    }
    root = Self.table(document.root)
  }

  private static func table(_ object: JSONObject) -> [String: Value] {
    Dictionary(object.members.map { ($0.name, value($0.value)) }, uniquingKeysWith: { $1 })
  }

  private static func value(_ value: JSONValue) -> Value {
    switch value {
    case .string(let text): .string(text)
    case .bool(let flag): .bool(flag)
    case .int(let number): .int(Int(number))
    case .array(let elements): .array(elements.map { Self.value($0) })
    case .object(let object): .table(table(object))
    default: .other
    }
  }

  private static func line(_ number: Int, of text: String) -> String? {
    let lines = text.split(separator: "\n", maxSplits: number, omittingEmptySubsequences: false)
    return number >= 1 && number <= lines.count ? String(lines[number - 1]) : nil
  }

  /// Where a table, or a key of it, is first mentioned.
  func location(table: String, key: String? = nil) -> SourceLocation? {
    let path = table.split(separator: ".").map(String.init) + (key.map { [$0] } ?? [])
    return document.place(of: path).map { place in
      SourceLocation(
        path: self.path, line: place.line, column: place.column, length: place.length,
        lineText: Self.line(place.line, of: text))
    }
  }

  /// A path from the workspace root.
  ///
  /// - Throws: `Diagnostic` with the place of the key for an absolute path, and one that leads out of the workspace.
  func inside(_ text: String, table: String, key: String) throws -> String {
    if !text.hasPrefix("/"), let path = Paths.normalized(text), !path.isEmpty { return path }
    throw Diagnostic(
      .input, "\"\(text)\" in \"\(path)\" is outside the workspace", at: location(table: table, key: key),
      remedies: ["write a path relative to the workspace, without \"..\""])
  }
}
