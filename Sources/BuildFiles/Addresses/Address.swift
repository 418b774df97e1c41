// BuildFiles: the language of BUILD files. Addresses and specs, target types and their fields, evaluation through
// Starlark, globs. The graph above gives meaning to the targets of a whole workspace.

/// The name of one target: `lib/auth:tests`, `lib/auth/token.py`, `3rdparty:reqs#flask`, `app:bin@env=prod`.
///
/// The grammar equals Pants' addresses. An address that is read can omit a name that equals the directory's. The
/// printed address of a generated or parametrized target omits it, as in Pants.
public struct Address: Hashable, Sendable {
  /// One `key=value` of a target made by `parametrize`.
  public struct Parameter: Hashable, Sendable {
    /// The field, or `parametrize` for a group.
    public var key: String
    /// The alias of the value.
    public var value: String

    /// A parameter.
    public init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  /// The directory of the BUILD file, from the workspace root; empty for the root.
  public var directory: String
  /// The name of the target, or of its generator.
  public var name: String
  /// For a target generated from a file: the file, from `directory`.
  public var file: String?
  /// For another generated target: its name after `#`.
  public var generated: String?
  /// The parameters of a parametrised target, by key.
  public var parameters: [Parameter]

  /// An address of these parts.
  public init(
    directory: String, name: String, file: String? = nil, generated: String? = nil, parameters: [Parameter] = []
  ) {
    self.directory = directory
    self.name = name
    self.file = file
    self.generated = generated
    self.parameters = parameters
  }

  /// The name that a target has when none is given; nil at the root, where a name must be given.
  public static func defaultName(in directory: String) -> String? {
    directory.isEmpty ? nil : Paths.lastComponent(directory)
  }

  /// The file of a target generated from a file, from the workspace root.
  public var filePath: String? { file.map { Paths.join(directory, $0) } }

  /// The address of the target that generates this one; the address itself for any other.
  public var generator: Address {
    Address(directory: directory, name: name, parameters: parameters)
  }

  /// The address without parameters.
  public var withoutParameters: Address {
    Address(directory: directory, name: name, file: file, generated: generated)
  }
}

extension Address: CustomStringConvertible, Comparable {
  /// The address as it is written. Names that hold marks of the grammar are escaped, so that it can be read back: `%3A` for
  /// `:`, `%23` for `#`, `%2A` for `*`, `%0A` for a line end.
  public var description: String {
    let isDefault = name == Address.defaultName(in: directory)
    // A text that begins with "-", "!" or a space would mean something else where specs are read.
    var text = directory.isEmpty || "-! ".utf8.contains(directory.utf8.first ?? 0) ? "//" : ""
    if let file {
      text += AddressText.escaped(Paths.join(directory, file))
      let up = String(repeating: "../", count: file.utf8.count { $0 == UInt8(ascii: "/") })
      if !up.isEmpty || !isDefault { text += ":" + up + AddressText.escaped(name) }
    } else {
      text += AddressText.escaped(directory)
      if !isDefault || (generated == nil && parameters.isEmpty) { text += ":" + AddressText.escaped(name) }
    }
    if let generated { text += "#" + AddressText.escaped(generated) }
    if !parameters.isEmpty {
      text += "@" + parameters.map { "\($0.key)=\(AddressText.escaped($0.value))" }.joined(separator: ",")
    }
    return text
  }

  /// The order of lists: by the text.
  public static func < (left: Address, right: Address) -> Bool { left.description < right.description }
}

/// Workspace paths as text: relative, with single slashes, empty for the root.
public enum Paths {
  /// The part after the last slash.
  public static func lastComponent(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }

  /// The part before the last slash; empty where there is none.
  public static func parent(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return String(path[..<slash])
  }

  /// Two joined paths.
  public static func join(_ directory: String, _ path: String) -> String {
    if directory.isEmpty { return path }
    return path.isEmpty ? directory : directory + "/" + path
  }

  /// Whether `path` is `directory` or below it; everything is below the root.
  public static func contains(_ directory: String, _ path: String) -> Bool {
    if directory.isEmpty { return true }
    guard path.utf8.starts(with: directory.utf8) else { return false }
    let rest = path.utf8.dropFirst(directory.utf8.count)
    return rest.isEmpty || rest.first == UInt8(ascii: "/")
  }

  /// `path` relative to `directory`, which contains it.
  public static func relative(_ path: String, to directory: String) -> String {
    guard !directory.isEmpty, contains(directory, path) else { return path }
    return String(decoding: path.utf8.dropFirst(directory.utf8.count + 1), as: UTF8.self)
  }

  /// The path without `.`, `..` and repeated slashes; nil if it leads out of the root.
  public static func normalized(_ path: String) -> String? {
    var parts: [Substring] = []
    for part in path.split(separator: "/", omittingEmptySubsequences: true) where part != "." {
      if part == ".." {
        guard parts.popLast() != nil else { return nil }
      } else {
        parts.append(part)
      }
    }
    return parts.joined(separator: "/")
  }
}
