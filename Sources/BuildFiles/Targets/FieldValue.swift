/// The value of a field, free of Starlark: BUILD evaluation passes it to the graph.
public indirect enum FieldValue: Hashable, Sendable {
  /// One entry of a dictionary.
  public struct Entry: Hashable, Sendable {
    /// The key: a string, or a list for a tuple.
    public var key: FieldValue
    /// The value.
    public var value: FieldValue

    /// An entry.
    public init(key: FieldValue, value: FieldValue) {
      self.key = key
      self.value = value
    }
  }

  case none
  case bool(Bool)
  case int(Int64)
  case double(Double)
  case string(String)
  /// A list, a tuple or a set.
  case list([FieldValue])
  /// A dictionary, in its order.
  case map([Entry])
  /// The result of a function such as `python_artifact` or `http_source`, with its arguments by name.
  case object(String, [Entry])
  /// `parametrize(…)`: alternatives by alias.
  case alternatives([Entry])
  /// `**parametrize("name", field=…)`: values of several fields that belong together, by field.
  case group(String, [Entry])

  /// The text of a string; nil for anything else.
  public var string: String? { if case .string(let text) = self { text } else { nil } }
  /// The truth value; nil for anything else.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// The number; nil for anything else.
  public var int: Int64? { if case .int(let value) = self { value } else { nil } }
  /// The elements of a list; nil for anything else.
  public var list: [FieldValue]? { if case .list(let values) = self { values } else { nil } }
  /// The entries of a dictionary; nil for anything else.
  public var map: [Entry]? { if case .map(let entries) = self { entries } else { nil } }
  /// The texts of a list of strings, or of one string; nil for anything else.
  public var strings: [String]? {
    switch self {
    case .string(let text): return [text]
    case .list(let values):
      let texts = values.compactMap(\.string)
      return texts.count == values.count ? texts : nil
    default: return nil
    }
  }
  /// The value of an entry whose key is this string.
  public subscript(key: String) -> FieldValue? { map?.first { $0.key == .string(key) }?.value }

  /// A list of strings.
  public static func strings(_ texts: some Sequence<String>) -> FieldValue { .list(texts.map { .string($0) }) }

  /// The value as BUILD files write it, for messages.
  public var source: String {
    switch self {
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .int(let value): "\(value)"
    case .double(let value): "\(value)"
    case .string(let text): "\"\(text)\""
    case .list(let values): "[" + values.map(\.source).joined(separator: ", ") + "]"
    case .map(let entries): "{" + entries.map { "\($0.key.source): \($0.value.source)" }.joined(separator: ", ") + "}"
    case .object(let name, let entries):
      "\(name)(" + entries.map { "\($0.key.string ?? "")=\($0.value.source)" }.joined(separator: ", ") + ")"
    case .alternatives(let entries): "parametrize(" + entries.map(\.value.source).joined(separator: ", ") + ")"
    case .group(let name, let entries):
      "**parametrize("
        + (["\"\(name)\""] + entries.map { "\($0.key.string ?? "")=\($0.value.source)" })
        .joined(separator: ", ") + ")"
    }
  }

  /// The kind of value, with an article, for messages.
  public var kindName: String {
    switch self {
    case .none: "None"
    case .bool: "a boolean"
    case .int: "an integer"
    case .double: "a floating-point number"
    case .string: "a string"
    case .list: "a list"
    case .map: "a dictionary"
    case .object(let name, _): "a value of \(name)()"
    case .alternatives: "parametrize(…)"
    case .group: "**parametrize(…)"
    }
  }
}
