public import Diagnostics

/// An address as written in a BUILD file or on the command line, before it is known whether its path is a file.
///
/// The grammar, after Pants: `path[:target][#generated][@key=value,…]`, where `path` can be empty before `:`. Names
/// with these marks are written with escapes, as in ``Address/description``.
public struct AddressReference: Hashable, Sendable {
  /// The path from the workspace root.
  public var path: String
  /// The name after the colon.
  public var target: String?
  /// The name after `#`.
  public var generated: String?
  /// The parameters after `@`.
  public var parameters: [Address.Parameter]

  /// The reference that `text` writes.
  ///
  /// - Parameter directory: The base of a text that begins with `:` or `./`.
  /// - Throws: ``AddressError``.
  public init(parsing text: String, relativeTo directory: String) throws(AddressError) {
    var rest = Substring(text)
    func malformed(_ reason: String) -> AddressError { AddressError(text: text, reason: reason) }
    parameters = []
    if let at = Self.parametersStart(rest) {
      for part in rest[rest.index(after: at)...].split(separator: ",", omittingEmptySubsequences: false) {
        guard let equals = part.firstIndex(of: "="), equals > part.startIndex else {
          throw malformed("parameters are written @key=value,…")
        }
        let value = part[part.index(after: equals)...]
        parameters.append(Address.Parameter(key: String(part[..<equals]), value: AddressText.unescaped(value)))
      }
      parameters.sort { $0.key < $1.key }
      rest = rest[..<at]
    }
    if let hash = rest.firstIndex(of: "#") {
      let name = rest[rest.index(after: hash)...]
      guard !name.isEmpty, !name.contains(":") else { throw malformed("a generated target's name must follow #") }
      generated = AddressText.unescaped(name)
      rest = rest[..<hash]
    }
    if let colon = rest.firstIndex(of: ":") {
      let name = rest[rest.index(after: colon)...]
      guard !name.isEmpty else { throw malformed("a target's name must follow the colon") }
      guard !name.contains(":") else { throw malformed("it has two colons") }
      target = AddressText.unescaped(name)
      rest = rest[..<colon]
    }
    if rest.isEmpty {
      guard target != nil || generated != nil else { throw malformed("it is empty") }
      path = directory
      return
    }
    let isRelative = rest == "." || rest.hasPrefix("./") || rest.hasPrefix("../")
    let isFromRoot = rest.hasPrefix("//")
    guard isFromRoot || !rest.hasPrefix("/") else {
      throw malformed("paths are relative to the workspace root; write // for the root")
    }
    let written = AddressText.unescaped(rest)
    let full = isRelative ? Paths.join(directory, written) : written
    guard let normal = Paths.normalized(full) else { throw malformed("it leads out of the workspace") }
    path = normal
  }

  /// The start of the parameters: the first `@` that `key=` follows.
  private static func parametersStart(_ text: Substring) -> Substring.Index? {
    var search = text.startIndex
    while let at = text[search...].firstIndex(of: "@") {
      let rest = text[text.index(after: at)...]
      if let stop = rest.firstIndex(where: { "=:/@#".contains($0) }), rest[stop] == "=",
        stop > rest.startIndex
      {
        return at
      }
      search = text.index(after: at)
    }
    return nil
  }

  /// The address that is meant when the path is a directory; nil where a name is needed: at the root.
  public var inDirectory: Address? {
    guard let name = target ?? Address.defaultName(in: path) else { return nil }
    return Address(directory: path, name: name, generated: generated, parameters: parameters)
  }

  /// The address that is meant when the path is a file: the target generated from it.
  ///
  /// `sub/f.py:../tgt` names the file of a target one directory above it.
  public var ofFile: Address? {
    var directory = Paths.parent(path)
    var name = target.map { Substring($0) }
    while let text = name, text.hasPrefix("../") {
      guard !directory.isEmpty else { return nil }
      directory = Paths.parent(directory)
      name = text.dropFirst(3)
    }
    guard let name = name.map(String.init) ?? Address.defaultName(in: directory), !name.contains("/") else {
      return nil
    }
    return Address(
      directory: directory, name: name, file: Paths.relative(path, to: directory), parameters: parameters)
  }
}

/// A text that is neither an address nor a spec.
public struct AddressError: DiagnosableError, Hashable {
  /// The text.
  public var text: String
  /// The problem of the text.
  public var reason: String

  /// The user's input is to blame.
  public var diagnostic: Diagnostic {
    Diagnostic(
      .input, "\"\(text)\" is not an address: \(reason)",
      remedies: [
        "addresses are written path:name, :name, //:name, path/file.py or path:name#generated; "
          + "%3A, %23 and %2A in them stand for : # and * in a name"
      ])
  }
}
