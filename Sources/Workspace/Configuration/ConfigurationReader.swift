internal import Diagnostics

/// Reads the keys of one table, and notes which were asked for, so that all others are errors.
final class TableReader {
  private let file: ConfigurationFile
  private let name: String
  private let values: [String: ConfigurationFile.Value]
  private var known: [String] = []

  /// The reader of a table by its dotted name; the root for an empty name. A table that is not there is empty.
  init(_ file: ConfigurationFile, _ name: String) throws {
    self.file = file
    self.name = name
    var values = file.root
    var path = ""
    for part in name.split(separator: ".").map(String.init) {
      switch values[part] {
      case nil: values = [:]
      case .table(let inner)?: values = inner
      case let other?:
        throw Diagnostic(
          .input, "\"\(part)\" in \"\(file.path)\" must be a table, not \(other.kindName)",
          at: file.location(table: path, key: part))
      }
      path = path.isEmpty ? part : path + "." + part
    }
    self.values = values
  }

  func mismatch(_ key: String, _ value: ConfigurationFile.Value, expected: String) -> Diagnostic {
    Diagnostic(
      .input, "\"\(key)\" in \"\(file.path)\" must be \(expected), not \(value.kindName)",
      at: file.location(table: name, key: key))
  }

  func value(_ key: String) -> ConfigurationFile.Value? {
    known.append(key)
    return values[key]
  }

  /// The value of a key that accepts a list or a table.
  func collection(_ key: String) -> ConfigurationFile.Value? {
    guard file.hasLiterals, case .string(let text)? = value(key) else { return value(key) }
    return ConfigurationFile.Value(pantsLiteral: text) ?? .string(text)
  }

  func string(_ key: String) throws -> String? {
    guard let value = value(key) else { return nil }
    guard case .string(let text) = value else { throw mismatch(key, value, expected: "a string") }
    return text
  }

  func choice<Choice: RawRepresentable & CaseIterable>(
    _ key: String, _ type: Choice.Type
  ) throws -> Choice? where Choice.RawValue == String {
    guard let text = try string(key) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let choices = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      throw Diagnostic(
        .input, "\"\(key)\" in \"\(file.path)\" must be one of \(choices), not \"\(text)\"",
        at: file.location(table: name, key: key))
    }
    return choice
  }

  func bool(_ key: String) throws -> Bool? {
    guard let value = value(key) else { return nil }
    if file.hasLiterals, case .string(let text) = value, ["true", "false"].contains(text.lowercased()) {
      return text.lowercased() == "true"
    }
    guard case .bool(let flag) = value else { throw mismatch(key, value, expected: "true or false") }
    return flag
  }

  func int(_ key: String) throws -> Int? {
    guard let value = value(key) else { return nil }
    if file.hasLiterals, case .string(let text) = value, let number = Int(text) { return number }
    guard case .int(let number) = value else { throw mismatch(key, value, expected: "an integer") }
    return number
  }

  /// A number with or without a fraction, also as a text.
  func number(_ key: String) throws -> Double? {
    guard let value = value(key) else { return nil }
    switch value {
    case .int(let number): return Double(number)
    case .string(let text): return Double(text)
    case .number(let number): return number
    default: throw mismatch(key, value, expected: "a number")
    }
  }

  /// A list of strings; nil when it is not there.
  func strings(_ key: String) throws -> [String]? {
    if file.hasLiterals { return collection(key) == nil ? nil : try strings(key, default: []) }
    return try value(key).map { try list(key, $0) }
  }

  /// A list of strings that can be changed instead of replaced, as in Pants: `key.add = […]`, `key.remove = […]`.
  func strings(_ key: String, default standard: [String]) throws -> [String] {
    guard let value = collection(key) else { return standard }
    guard case .table(let table) = value, table.keys.allSatisfy({ $0 == "add" || $0 == "remove" }) else {
      return try list(key, value)
    }
    let removed = try table["remove"].map { try list(key, $0) } ?? []
    return try standard.filter { !removed.contains($0) } + (table["add"].map { try list(key, $0) } ?? [])
  }

  /// Whether the value of a key only changes the default.
  func isAddition(_ key: String) -> Bool {
    guard case .table(let table)? = collection(key) else { return false }
    return table["add"] != nil
  }

  private func list(_ key: String, _ value: ConfigurationFile.Value) throws -> [String] {
    // In Pants, a text that is not a literal is a list of one.
    if file.hasLiterals, case .string(let text) = value { return [text] }
    guard case .array(let elements) = value else { throw mismatch(key, value, expected: "an array of strings") }
    return try elements.map { element in
      guard case .string(let text) = element else { throw mismatch(key, element, expected: "an array of strings") }
      return text
    }
  }

  /// A table of strings, by key.
  func stringTable(_ key: String) throws -> [(name: String, value: String)]? {
    guard let value = collection(key) else { return nil }
    guard case .table(var table) = value else { throw mismatch(key, value, expected: "a table of strings") }
    // In the form in which Pants writes additions to its own default.
    if case .table(let added)? = table["add"], table.count == 1 { table = added }
    return try table.sorted { $0.key < $1.key }.map { entry in
      guard case .string(let text) = entry.value else { throw mismatch(key, entry.value, expected: "strings") }
      return (entry.key, text)
    }
  }

  /// The names of the tables inside the table `key`.
  func tableNames(_ key: String) throws -> [String] {
    guard let value = value(key) else { return [] }
    guard case .table(let table) = value else { throw mismatch(key, value, expected: "tables") }
    return table.keys.sorted()
  }

  /// Notes keys that belong to others.
  func allow(_ keys: [String]) { known += keys }

  /// Throws for the first key that no code has read.
  func finish() throws {
    guard let unknown = values.keys.filter({ !known.contains($0) }).min() else { return }
    let place = name.isEmpty ? "\"\(file.path)\"" : "[\(name)] of \"\(file.path)\""
    let near = Suggestions.remedy(for: unknown, among: known)
    throw Diagnostic(
      .input, "unknown key \"\(unknown)\" in \(place)", at: file.location(table: name, key: unknown),
      notes: near == nil ? ["known keys: " + Set(known).sorted().joined(separator: ", ")] : [],
      remedies: near.map { [$0] } ?? [])
  }
}
