/// A value of a YAML document and its location.
public struct YAMLNode: Sendable, Hashable {
  public indirect enum Value: Sendable, Hashable {
    case scalar(YAMLScalar)
    case sequence([YAMLNode])
    case mapping([YAMLEntry])
  }

  public var value: Value
  /// Counts from 1.
  public var line: Int
  /// Counts from 1, in bytes.
  public var column: Int
  /// The bytes of a scalar on one line; 1 otherwise.
  public var length: Int

  public init(_ value: Value, line: Int = 1, column: Int = 1, length: Int = 1) {
    self.value = value
    self.line = line
    self.column = column
    self.length = length
  }

  public var scalar: YAMLScalar? {
    if case .scalar(let scalar) = value { scalar } else { nil }
  }

  public var sequence: [YAMLNode]? {
    if case .sequence(let nodes) = value { nodes } else { nil }
  }

  public var mapping: [YAMLEntry]? {
    if case .mapping(let entries) = value { entries } else { nil }
  }

  /// The value of `key` in a mapping; nil for any other node.
  public subscript(key: String) -> YAMLNode? {
    mapping?.first { $0.key.scalar?.text == key }?.value
  }

  public var isNull: Bool { scalar?.content == .null }

  /// The kind of the node, for a message: "a mapping", "a list", "a string", ...
  public var kind: String {
    switch value {
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .scalar(let scalar):
      switch scalar.content {
      case .null: "nothing"
      case .bool: "a truth value"
      case .int, .float: "a number"
      case .string: "a string"
      }
    }
  }
}

/// A key and its value.
///
/// Keys are scalars, and unique in their mapping.
public struct YAMLEntry: Sendable, Hashable {
  public var key: YAMLNode
  public var value: YAMLNode

  public init(key: YAMLNode, value: YAMLNode) {
    self.key = key
    self.value = value
  }
}

/// A scalar as written and as resolved.
///
/// The text stays, because some values only look like numbers: `1234567` and
/// `12e45678` are fine abbreviations of a git commit.
public struct YAMLScalar: Sendable, Hashable {
  public enum Content: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case float(Double)
    case string
  }

  /// The characters, quotes and escapes resolved.
  public var text: String
  public var content: Content
  /// Whether it is written without quotes, and not as a block.
  public var isPlain: Bool

  public init(text: String, content: Content, isPlain: Bool) {
    self.text = text
    self.content = content
    self.isPlain = isPlain
  }
}
