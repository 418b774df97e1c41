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
    case number(Double)
    case array([Value])
    case table([String: Value])
    case other

    var kindName: String {
      switch self {
      case .string: "a string"
      case .bool: "a boolean"
      case .int: "an integer"
      case .number: "a number"
      case .array: "an array"
      case .table: "a table"
      case .other: "a date"
      }
    }
  }

  let path: String
  var root: [String: Value]
  /// Whether strings can represent lists and tables, as in Pants.
  let hasLiterals: Bool
  /// Each text that the values are from; of a key that several have, the last one counts.
  private var sources: [Source]

  private struct Source {
    var path: String
    var text: String
    var document: TOMLDocument
  }

  /// Parses a file. Throws a `Diagnostic` that points at the invalid TOML.
  init(path: String, text: String, hasLiterals: Bool = false) throws {
    self.path = path
    self.hasLiterals = hasLiterals
    let source = try Self.source(path, text)
    sources = [source]
    root = Self.table(source.document.root)
  }

  /// Lays another file over this one, as Pants does: its values take the place of those below, `add` and `remove` change them.
  mutating func lay(path: String, text: String) throws {
    let source = try Self.source(path, text)
    sources.append(source)
    for (section, value) in Self.table(source.document.root) {
      guard case .table(let values) = value else {
        root[section] = value
        continue
      }
      for (key, value) in values { lay(value, section, key) }
    }
  }

  /// Lays one value over those that are there.
  mutating func lay(_ value: Value, _ section: String, _ key: String) {
    var table: [String: Value] = [:]
    if case .table(let old)? = root[section] { table = old }
    table[key] = value.laid(over: table[key])
    root[section] = .table(table)
  }

  private static func source(_ path: String, _ text: String) throws -> Source {
    do throws(TOMLDocument.Failure) {
      return Source(
        path: path, text: text, document: try TOMLDocument(parsing: Array(text.utf8), recordingPlaces: true))
    } catch {
      let location = SourceLocation(
        path: path, line: error.line, column: error.column, lineText: Self.line(error.line, of: text))
      throw Diagnostic(.input, "\"\(path)\" is not TOML: \(error.message)", at: location)
    }
  }

  private static func table(_ object: JSONObject) -> [String: Value] {
    Dictionary(object.members.map { ($0.name, value($0.value)) }, uniquingKeysWith: { $1 })
  }

  private static func value(_ value: JSONValue) -> Value {
    switch value {
    case .string(let text): .string(text)
    case .bool(let flag): .bool(flag)
    case .int(let number): .int(Int(number))
    case .double(let number): .number(number)
    case .array(let elements): .array(elements.map { Self.value($0) })
    case .object(let object): .table(table(object))
    default: .other
    }
  }

  private static func line(_ number: Int, of text: String) -> String? {
    let lines = text.split(separator: "\n", maxSplits: number, omittingEmptySubsequences: false)
    return number >= 1 && number <= lines.count ? String(lines[number - 1]) : nil
  }

  /// The location where a table, or a key of it, is first mentioned.
  func location(table: String, key: String? = nil) -> SourceLocation? {
    let path = table.split(separator: ".").map(String.init) + (key.map { [$0] } ?? [])
    for source in sources.reversed() {
      if let place = source.document.place(of: path) {
        return SourceLocation(
          path: source.path, line: place.line, column: place.column, length: place.length,
          lineText: Self.line(place.line, of: source.text))
      }
    }
    return nil
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
