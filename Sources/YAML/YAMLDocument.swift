public import Diagnostics

/// One YAML document, read from UTF-8 bytes with libyaml into a tree whose nodes know their location.
///
/// Each of the following is an error with a location: more than one document, duplicate keys, keys that are not
/// scalars, tags of other schemas, anything beyond ``YAMLLimits``. A file without a document is a null node.
public struct YAMLDocument: Sendable {
  /// The file's name in messages.
  public let path: String
  public let root: YAMLNode
  let lines: SourceLines

  /// Parses `bytes`; `path` is for messages only.
  public init(parsing bytes: [UInt8], path: String, limits: YAMLLimits = YAMLLimits()) throws(YAMLError) {
    let lines = SourceLines(path: path, bytes: bytes)
    guard bytes.count <= limits.bytes else {
      throw YAMLError(.tooLarge(bytes: bytes.count, limit: limits.bytes), at: lines.location(line: 1, column: nil))
    }
    if let offset = UTF8Check.firstInvalidByte(in: bytes) {
      throw YAMLError(.notUTF8, at: lines.location(offset: offset))
    }
    var composer = try Composer(bytes: bytes, lines: lines, limits: limits)
    self.path = path
    self.lines = lines
    self.root = try composer.compose()
  }

  /// The location of `node`, for a message.
  public func location(of node: YAMLNode) -> SourceLocation {
    lines.location(line: node.line, column: node.column, length: node.length)
  }
}

/// The limits of a document.
///
/// Aliases count with everything that they expand to, so a few lines cannot grow into gigabytes.
public struct YAMLLimits: Sendable, Hashable {
  /// Size of the text.
  public var bytes: Int
  /// Mappings and sequences within each other, aliases followed.
  public var depth: Int
  /// Nodes in the tree, aliases followed.
  public var nodes: Int

  public init(bytes: Int = 1 << 20, depth: Int = 64, nodes: Int = 100_000) {
    self.bytes = bytes
    self.depth = depth
    self.nodes = nodes
  }
}
