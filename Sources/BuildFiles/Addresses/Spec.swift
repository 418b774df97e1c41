/// A selection of targets as given on the command line.
public struct Spec: Hashable, Sendable {
  /// The targets that a spec selects.
  public enum Selection: Hashable, Sendable {
    /// One target, or the target generated from a file: `path:name`, `path/file.py:name`.
    case target(AddressReference)
    /// A file's owners, or every target of a directory, whichever the path turns out to be: `path`, `path/file.py`.
    case path(String)
    /// The owners of all files that match: `src/**/*.py`.
    case glob(String)
    /// Every target declared in the directory: `path:`.
    case siblings(String)
    /// Every target in the directory and below: `path::`.
    case descendants(String)
  }

  /// The text as given.
  public var text: String
  /// The selected targets.
  public var selection: Selection
  /// Whether it excludes targets: `-path::`.
  public var isExclusion: Bool

  /// The spec that `text` writes.
  ///
  /// - Parameter directory: The working directory, from the workspace root. Specs are relative to the root, as in
  ///   Pants, unless they begin with `:`, `./` or `../`.
  /// - Throws: ``AddressError``.
  public init(parsing text: String, workingDirectory directory: String = "") throws(AddressError) {
    self.text = text
    isExclusion = text.hasPrefix("-")
    let body = isExclusion ? String(text.dropFirst()) : text
    if body.isEmpty {
      throw AddressError(text: text, reason: "it is empty")
    } else if body.hasSuffix("::") {
      selection = .descendants(try Self.path(body.dropLast(2), of: text, directory))
    } else if body.hasSuffix(":") {
      selection = .siblings(try Self.path(body.dropLast(), of: text, directory))
    } else if body.contains("*") {
      selection = .glob(try Self.path(body, of: text, directory))
    } else if body.contains(":") || body.contains("#") {
      selection = .target(try AddressReference(parsing: body, relativeTo: directory))
    } else {
      let reference = try AddressReference(parsing: body, relativeTo: directory)
      selection = reference.parameters.isEmpty ? .path(reference.path) : .target(reference)
    }
  }

  private static func path(
    _ path: some StringProtocol, of text: String, _ directory: String
  ) throws(AddressError) -> String {
    let isRelative = path == "." || path.hasPrefix("./") || path == ".." || path.hasPrefix("../")
    guard !path.hasPrefix("/") || path.hasPrefix("//") else {
      throw AddressError(text: text, reason: "paths are relative to the workspace root; write // for the root")
    }
    // An escaped star of a glob is a class of one character.
    let isGlob = path.contains("*")
    let written = AddressText.unescaped(isGlob ? String(path).replacing("%2A", with: "[*]") : String(path))
    guard let normal = Paths.normalized(isRelative ? Paths.join(directory, written) : written) else {
      throw AddressError(text: text, reason: "it leads out of the workspace")
    }
    return normal
  }
}
