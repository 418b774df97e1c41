internal import BuildFiles
public import Diagnostics
public import JSON
internal import Starlark
internal import TOML

/// A `pyproject.toml`.
public struct ProjectDocument: Sendable {
  /// From the workspace root.
  public let path: String
  public let root: JSONValue
  let source: SourceFile
  private let document: TOMLDocument

  /// - Throws: `Diagnostic` with the place, for a file that is not TOML.
  public init(parsing bytes: [UInt8], path: String) throws(Diagnostic) {
    do throws(TOMLDocument.Failure) {
      document = try TOMLDocument(parsing: bytes, recordingPlaces: true)
    } catch {
      throw Diagnostic(
        .input, "cannot read \"\(path)\": \(error.message)",
        at: SourceLocation(path: path, line: error.line, column: error.column))
    }
    self.path = path
    root = .object(document.root)
    source = SourceFile(name: path, bytes: bytes)
  }

  /// The directory of the file.
  public var directory: String { Paths.parent(path) }
  public var project: JSONValue? { root["project"] }
  public var uv: JSONValue? { root["tool"]?["uv"] }
  var poetry: JSONValue? { root["tool"]?["poetry"] }

  /// The name as written: `[project]`, or else Poetry's.
  public var name: String? { project?["name"]?.string ?? poetry?["name"]?.string }

  /// Whether uv ignores the project (`[tool.uv] managed = false`).
  public var isManaged: Bool { uv?["managed"]?.bool != false }

  /// `[tool.uv.workspace]`.
  public var workspace: JSONValue? { uv?["workspace"] }

  /// Whether the project has a wheel. uv builds none without `[build-system]`, unless the project says otherwise.
  public var isPackage: Bool { uv?["package"]?.bool ?? (root["build-system"] != nil) }

  /// `build-backend`; setuptools where none is named (PEP 517).
  public var backend: String {
    root["build-system"]?["build-backend"]?.string ?? "setuptools.build_meta:__legacy__"
  }

  /// The requirements of the build, as written.
  public var buildRequirements: [String] { root["build-system"]?["requires"]?.strings ?? [] }

  /// The place of a key; of the file where the key is not written.
  public func location(of key: [String]) -> SourceLocation {
    guard let place = document.place(of: key) else { return SourceLocation(path: path, line: 1) }
    return SourceLocation(path: path, line: place.line, column: place.column)
  }

  /// The place of a key, for a target that follows from it.
  func site(of keys: [String]...) -> DeclarationSite {
    for key in keys {
      guard let place = document.place(of: key) else { continue }
      var (line, offset) = (1, 0)
      while line < place.line, let end = source.bytes[offset...].firstIndex(of: 0x0A) {
        offset = end + 1
        line += 1
      }
      return DeclarationSite(source: source, offset: min(offset + place.column - 1, source.bytes.count))
    }
    return DeclarationSite(source: source, offset: 0)
  }
}

/// A project's name as indexes compare names (PEP 503).
public func normalizedProjectName(_ name: String) -> String {
  var result: [UInt8] = []
  for byte in name.utf8 {
    switch byte {
    case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
      if result.last != UInt8(ascii: "-") { result.append(UInt8(ascii: "-")) }
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): result.append(byte + 32)
    default: result.append(byte)
    }
  }
  return String(decoding: result, as: UTF8.self)
}
