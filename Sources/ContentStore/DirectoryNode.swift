/// One directory of a tree: its files, directories and links by name, each with the digest of its contents. Its
/// encoding is the message `Directory` of the Remote Execution API 2 (`remote_execution.proto`), so a tree has the same
/// digest in Kilt and in a remote cache.
public struct DirectoryNode: Sendable, Hashable {
  public struct File: Sendable, Hashable {
    public var name: String
    public var content: BlobReference
    public var isExecutable: Bool
  }

  public struct Folder: Sendable, Hashable {
    public var name: String
    /// The digest of the directory's own node.
    public var node: BlobReference
  }

  public struct Link: Sendable, Hashable {
    public var name: String
    public var target: String
  }

  // Each sorted by the bytes of the names, as the API demands.
  public internal(set) var files: [File] = []
  public internal(set) var folders: [Folder] = []
  public internal(set) var links: [Link] = []

  /// The canonical encoding.
  public var encoded: [UInt8] {
    var writer = ProtobufWriter()
    for file in files {
      writer.message(1) { writer in
        writer.string(1, file.name)
        writer.message(2) { $0.reference(file.content) }
        writer.flag(4, file.isExecutable)
      }
    }
    for folder in folders {
      writer.message(2) { writer in
        writer.string(1, folder.name)
        writer.message(2) { $0.reference(folder.node) }
      }
    }
    for link in links {
      writer.message(3) { writer in
        writer.string(1, link.name)
        writer.string(2, link.target)
      }
    }
    return writer.bytes
  }

  init() {}

  /// Reads an encoding. Nil for invalid bytes, and for names that lead out of the directory: trees can come from
  /// another machine.
  public init?(decoding bytes: [UInt8]) {
    guard let fields = ProtobufField.all(in: bytes[...]) else { return nil }
    for field in fields {
      guard let inner = field.data.flatMap({ ProtobufField.all(in: $0) }) else { return nil }
      guard let name = inner.string(1), Self.isName(name) else { return nil }
      switch field.number {
      case 1:
        guard let content = inner.reference(2) else { return nil }
        files.append(File(name: name, content: content, isExecutable: inner.number(4) == 1))
      case 2:
        guard let node = inner.reference(2) else { return nil }
        folders.append(Folder(name: name, node: node))
      case 3: links.append(Link(name: name, target: inner.string(2) ?? ""))
      default: return nil
      }
    }
    let names = files.map(\.name) + folders.map(\.name) + links.map(\.name)
    if Set(names).count != names.count { return nil }
  }

  private static func isName(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
  }
}
