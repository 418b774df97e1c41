public import BuildFiles
internal import StarlarkSyntax

/// A target that is to be added to a BUILD file.
public struct ProposedTarget: Hashable, Sendable {
  /// The value of a field.
  public enum Value: Hashable, Sendable {
    case string(String)
    case strings([String])
  }

  /// A field and its value.
  public struct Field: Hashable, Sendable {
    public var name: String
    public var value: Value
  }

  /// The directory, from the workspace root.
  public var directory: String
  /// The name.
  public var name: String
  /// The called name: the name of the type, or its replacement in `alias_mapping`.
  public var typeName: String
  /// The files that are the reason for it, from the directory.
  public var sources: [String]
  /// The globs of its files, from the directory.
  var ownedGlobs: [String]
  /// The fields, without the name.
  public var fields: [Field] = []
  /// Lines of comment above it, with their signs.
  public var comments: [String] = []

  /// The address.
  public var address: Address { Address(directory: directory, name: name) }

  /// The call as a BUILD file has it, with a line end.
  ///
  /// - Parameter indent: one step of indentation.
  func declaration(indent: String) -> String {
    var arguments = fields.map { "\($0.name)=\(Self.text(of: $0.value, indent: indent))" }
    if name != Address.defaultName(in: directory) { arguments.insert("name=\(Quoting.quoted(name))", at: 0) }
    let inner = arguments.isEmpty ? "" : arguments.map { "\n\(indent)\($0)," }.joined() + "\n"
    return comments.map { $0 + "\n" }.joined() + "\(typeName)(\(inner))\n"
  }

  private static func text(of value: Value, indent: String) -> String {
    switch value {
    case .string(let text): Quoting.quoted(text)
    case .strings(let texts):
      "[" + texts.map { "\n\(indent)\(indent)\(Quoting.quoted($0))," }.joined() + "\n\(indent)]"
    }
  }

  /// The order in which Pants adds targets, which determines names in conflicts.
  static func precedes(_ left: Self, _ right: Self) -> Bool {
    func key(_ target: Self) -> [String] { [target.directory, target.name, target.typeName] + target.sources }
    return key(left).lexicographicallyPrecedes(key(right)) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
