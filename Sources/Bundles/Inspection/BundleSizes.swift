public import SystemSupport

/// The use of the bytes of a bundle: by distribution, by kind of file, and file by file.
public struct BundleSizes: Sendable, Hashable {
  /// The file's own size, in bytes.
  public var size: UInt64
  /// A wheel, the workspace's own code, or the boot code; largest first.
  public var parts: [Row]
  /// By kind of file, largest first.
  public var kinds: [Row]
  /// All members, largest first.
  public var files: [File]

  /// The total of several members.
  public struct Row: Sendable, Hashable {
    public var name: String
    /// Bytes in the bundle, without headers.
    public var compressed: UInt64
    /// Bytes when unpacked.
    public var size: UInt64
    public var files: Int
  }

  public struct File: Sendable, Hashable {
    /// The part it belongs to, as ``BundleSizes/parts`` name it.
    public var part: String
    /// The path below that part.
    public var path: String
    public var compressed: UInt64
    public var size: UInt64
  }

  /// Reads the directory of a bundle, of Kilt or of PEX, or lists one that is a directory; inflates no member.
  ///
  /// - Throws: `ZipError` for an invalid archive, or the error of opening it.
  public init(of path: FilePath) throws {
    let contents = try BundleContents(path, checksums: false)
    var parts: [String: Row] = [:]
    var kinds: [String: Row] = [:]
    files = []
    for member in contents.members {
      let (part, inner) = BundleMember.place(of: member.name)
      files.append(File(part: part, path: inner, compressed: member.compressed, size: member.size))
      Self.add(member, to: &parts, part)
      Self.add(member, to: &kinds, BundleMember.kind(of: member.name))
    }
    size = contents.size
    self.parts = Self.sorted(parts)
    self.kinds = Self.sorted(kinds)
    files.sort { ($1.compressed, $0.part, $0.path) < ($0.compressed, $1.part, $1.path) }
  }

  private static func add(_ member: BundleContents.Member, to rows: inout [String: Row], _ name: String) {
    var row = rows[name] ?? Row(name: name, compressed: 0, size: 0, files: 0)
    row.compressed += member.compressed
    row.size += member.size
    row.files += 1
    rows[name] = row
  }

  private static func sorted(_ rows: [String: Row]) -> [Row] {
    rows.values.sorted { ($1.compressed, $0.name) < ($0.compressed, $1.name) }
  }

  /// Headers and directory: the bytes outside members' data.
  public var overhead: UInt64 { size - files.reduce(0) { $0 + $1.compressed } }
}

/// The information in the names of a bundle's members.
enum BundleMember {
  /// The part of a bundle that a member belongs to, and its path in it.
  static func place(of name: String) -> (part: String, path: String) {
    if name.hasPrefix(".deps/") {
      let rest = name.dropFirst(6)
      if let slash = rest.firstIndex(of: "/") {
        return (String(rest[..<slash]), String(rest[rest.index(after: slash)...]))
      }
      return (String(rest), "")
    }
    let isBoot =
      [".bootstrap/", "__pex__/"].contains { name.hasPrefix($0) } || ["PEX-INFO", "__main__.py"].contains(name)
    return (isBoot ? "boot code" : "workspace", name)
  }

  private static let kinds = [
    "py": "Python source", "pyi": "type stub", "pyc": "bytecode", "so": "compiled module", "h": "header",
    "json": "data", "gz": "data", "csv": "data", "npy": "data", "npz": "data", "pkl": "data", "dat": "data",
    "txt": "text", "md": "text", "rst": "text",
  ]

  /// The kind of a file, from its name.
  static func kind(of name: String) -> String {
    let file = name.split(separator: "/").last ?? ""
    if name.split(separator: "/").dropLast().contains(where: { $0 == "tests" || $0 == "test" }) { return "tests" }
    if name.contains(".dist-info/") { return "metadata" }
    if file.contains(".so.") { return "compiled module" }
    guard let dot = file.lastIndex(of: ".") else { return "other" }
    return kinds[String(file[file.index(after: dot)...]).lowercased()] ?? "other"
  }
}
