internal import Diagnostics
internal import JobModel
internal import YAML

extension RoutesFile {
  /// Reads a routes file.
  ///
  /// - Throws: `YAMLError` for a text that is not YAML; otherwise a `DiagnosticList` of all problems, each with its place.
  public init(parsing bytes: [UInt8], path: String) throws {
    let document = try YAMLDocument(parsing: bytes, path: path)
    var reader = RoutesReader(document: document)
    let file = reader.file(document.root)
    guard reader.problems.isEmpty else { throw DiagnosticList(reader.problems) }
    self = file
  }
}

/// Parses a routes file, and records each problem with its location.
struct RoutesReader {
  let document: YAMLDocument
  var problems: [Diagnostic] = []

  init(document: YAMLDocument) { self.document = document }

  typealias Entries = [String: YAMLEntry]

  mutating func problem(_ summary: String, _ node: YAMLNode, notes: [String] = [], _ remedies: String?...) {
    problems.append(
      Diagnostic(
        .input, summary, at: document.location(of: node), notes: notes, remedies: remedies.compactMap(\.self)))
  }

  /// The entries of a mapping; a key that is not known is a problem.
  mutating func entries(_ node: YAMLNode, _ what: String, keys: [String]) -> Entries {
    guard let mapping = node.mapping else {
      problem("\(what) must be a mapping, found \(node.kind)", node)
      return [:]
    }
    var entries: Entries = [:]
    for entry in mapping {
      let key = entry.key.scalar?.text ?? ""
      if keys.contains(key) {
        entries[key] = entry
      } else {
        problem(
          "unknown key \"\(key)\" in \(what)", entry.key, notes: ["known keys: \(keys.joined(separator: ", "))"],
          Suggestions.remedy(for: key, among: keys))
      }
    }
    return entries
  }

  mutating func text(_ entries: Entries, _ key: String) -> String? {
    guard let node = entries[key]?.value else { return nil }
    guard let scalar = node.scalar, !node.isNull, !scalar.text.isEmpty else {
      problem("\"\(key)\" must be a text, found \(node.kind)", node)
      return nil
    }
    return scalar.text
  }

  /// A text of one line without characters that would end a word of HAProxy's configuration.
  mutating func word(_ entries: Entries, _ key: String, spaces: Bool = false) -> String? {
    guard let text = text(entries, key), let node = entries[key]?.value else { return nil }
    return isSafe(text, node, "\"\(key)\"", spaces: spaces) ? text : nil
  }

  mutating func isSafe(_ text: String, _ node: YAMLNode, _ what: String, spaces: Bool = false) -> Bool {
    // Characters that HAProxy treats as a quote, a comment, an escape or a variable.
    let special = Array("\"'#\\$".utf8)
    let isSafe = text.utf8.allSatisfy { byte in
      (0x21...0x7E).contains(byte) && !special.contains(byte) || spaces && byte == 0x20
    }
    if !isSafe {
      problem(
        "\(what) has a character that cannot be in it", node, "use letters, digits and punctuation without quotes")
    }
    return isSafe
  }

  mutating func words(_ entries: Entries, _ key: String) -> [String] {
    guard let node = entries[key]?.value else { return [] }
    let nodes = node.sequence ?? [node]
    var words: [String] = []
    for node in nodes {
      guard let scalar = node.scalar, !node.isNull, !scalar.text.isEmpty else {
        problem("\"\(key)\" must be a text or a list of texts, found \(node.kind)", node)
        continue
      }
      if isSafe(scalar.text, node, "\"\(key)\"") { words.append(scalar.text) }
    }
    return words
  }

  mutating func choice<Value: RawRepresentable<String> & CaseIterable>(
    _ entries: Entries, _ key: String, _: Value.Type = Value.self
  ) -> Value? {
    guard let text = text(entries, key), let node = entries[key]?.value else { return nil }
    guard let value = Value(rawValue: text) else {
      let known = Value.allCases.map(\.rawValue)
      problem(
        "\"\(key)\" must be one of: \(known.joined(separator: ", "))", node, Suggestions.remedy(for: text, among: known)
      )
      return nil
    }
    return value
  }

  mutating func jobKey(_ node: YAMLNode) -> JobKey? {
    let text = node.scalar?.text ?? ""
    do {
      return try JobKey(parsing: text)
    } catch {
      problem("invalid job key \"\(text)\"", node, "write `cluster/role/stage/name`")
      return nil
    }
  }

  mutating func percent(_ node: YAMLNode) -> Double? {
    var text = node.scalar?.text ?? ""
    if text.hasSuffix("%") { text.removeLast() }
    while text.last == " " { text.removeLast() }
    guard let value = Double(text), value >= 0, value <= 100 else {
      problem("a share must be a number of percent from 0 to 100", node)
      return nil
    }
    return value
  }

  mutating func count(_ entries: Entries, _ key: String, _ range: ClosedRange<Int64>) -> Int? {
    guard let node = entries[key]?.value else { return nil }
    guard case .int(let value)? = node.scalar?.content, range.contains(value) else {
      problem("\"\(key)\" must be a number from \(range.lowerBound) to \(range.upperBound)", node)
      return nil
    }
    return Int(value)
  }

  mutating func flag(_ entries: Entries, _ key: String) -> Bool? {
    guard let node = entries[key]?.value else { return nil }
    guard case .bool(let value)? = node.scalar?.content else {
      problem("\"\(key)\" must be true or false", node)
      return nil
    }
    return value
  }
}
