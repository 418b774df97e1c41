/// The fields of a distribution's `METADATA` that dependencies are decided by (core metadata specification).
public struct CoreMetadata: Sendable, Hashable {
  public var name: PackageName
  public var version: Version
  public var requiresDist: [Requirement]
  public var requiresPython: SpecifierSet
  /// Normalised.
  public var providedExtras: [String]

  /// The problem of a file's text.
  public enum Failure: Error, Sendable, Hashable {
    /// A field that is missing or invalid.
    case field(String, value: String?)
  }

  public init(parsing text: some StringProtocol) throws(Failure) {
    var fields: [(name: String, value: String)] = []
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" }) {
      // The description can follow as a body.
      if line.isEmpty { break }
      if line.first == " " || line.first == "\t" {
        if !fields.isEmpty { fields[fields.count - 1].value += "\n" + trimmed(line) }
      } else if let colon = line.firstIndex(of: ":") {
        fields.append((lowercased(line[..<colon]), trimmed(line[line.index(after: colon)...])))
      }
    }
    func first(_ name: String) -> String? { fields.first { $0.name == name }?.value }
    guard let name = first("name").flatMap({ PackageName($0) }) else { throw .field("Name", value: first("name")) }
    guard let version = first("version").flatMap({ Version($0) }) else {
      throw .field("Version", value: first("version"))
    }
    guard let requiresPython = SpecifierSet(first("requires-python") ?? "") else {
      throw .field("Requires-Python", value: first("requires-python"))
    }
    self.name = name
    self.version = version
    self.requiresPython = requiresPython
    requiresDist = []
    providedExtras = []
    for field in fields {
      if field.name == "provides-extra" { providedExtras.append(PackageName.normalize(field.value)) }
      guard field.name == "requires-dist" else { continue }
      do throws(RequirementSyntaxError) {
        requiresDist.append(try Requirement(String(field.value.map { $0 == "\n" ? " " : $0 })))
      } catch {
        throw .field("Requires-Dist", value: field.value)
      }
    }
  }
}
