internal import Synchronization
internal import SystemPackage
public import SystemSupport

/// Reads the input files of targets, on any number of threads, and remembers their contents.
public final class ContentReader: Sendable {
  private let workspace: Workspace
  private let files: FileTable
  private let ignoringInode: Bool
  private let contents = Mutex<[String: FileContent]>([:])

  /// A reader of the files of a workspace.
  public init(_ workspace: Workspace, files: FileTable, ignoringInode: Bool) {
    self.workspace = workspace
    self.files = files
    self.ignoringInode = ignoringInode
  }

  /// The bytes of a file, by its path from the root, or of its replacement text.
  public func read(_ path: String) throws(SystemCallError) -> [UInt8] {
    if let bytes = try workspace.textInPlace(of: path) { return bytes }
    let file = workspace.root.appending(path)
    let content = files.state.read(file, ignoringInode: ignoringInode)
    // Read again for the error that says why it cannot be.
    guard let bytes = content.bytes else { return try FileSystem.read(file) }
    contents.withLock { $0[path] = content }
    return bytes
  }

  /// Records the read contents in the state.
  ///
  /// - Parameter capture: the file system's time before anything was read.
  public func note(capture: Int64) {
    for (path, content) in contents.withLock({ $0 }) {
      guard let file = files.file(at: path) else { continue }
      files.state.note(use: content, of: file, capture: capture)
    }
  }
}
