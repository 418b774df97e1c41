internal import Digests
internal import Glibc
public import Snapshot
public import SystemPackage
public import SystemSupport

/// The knowledge about a workspace from earlier runs and from this run: loaded, updated, saved.
public final class WorkspaceState: @unchecked Sendable {
  // Used by the thread that made it; see StateImage.

  /// The files.
  public let files: FileTable
  /// The root of the workspace.
  public let root: FilePath
  /// A line for the user if the saved state is damaged.
  public let note: String?
  /// Whether inode numbers of this file system have no meaning.
  public let ignoringInode: Bool
  private let store: SnapshotStore?
  private let directory: StateDirectory
  private let slack: Int64
  private var capture: Int64?

  /// Loads the state of a workspace; an empty one where there is none, or where state is not used.
  ///
  /// - Parameter isUsed: whether state is read and written at all: not where `KILT_SNAPSHOT` is `off`.
  public init(of workspace: Workspace, isUsed: Bool = environmentVariable("KILT_SNAPSHOT") != "off") throws {
    root = workspace.root
    directory = workspace.stateDirectory
    let descriptor = try FileSystem.open(workspace.root, .readOnly, options: .directory)
    let traits = FileSystemTraits(of: descriptor.rawValue)
    FileSystem.close(descriptor)
    ignoringInode = traits.hasUnstableInodes
    slack = traits.timestampSlack
    guard isUsed else {
      files = FileTable(try FileState.empty())
      store = nil
      note = nil
      return
    }
    let store = SnapshotStore(
      directory: workspace.stateDirectory.path.appending("state"), key: try workspace.stateKey())
    let loaded = try store.load(sections: StateSection.limit)
    self.store = store
    let damage = loaded.note.map {
      "cannot use the saved state in \(workspace.stateDirectory.path)/state (\($0)): rebuilding it"
    }
    note = damage ?? workspace.stateDirectory.note
    files = FileTable(try FileState(loaded.image))
  }

  /// Whether the state is saved from run to run.
  public var isKept: Bool { store != nil }

  private init(goingOnFrom other: WorkspaceState) throws(SnapshotError) {
    files = FileTable(try FileState(try other.files.state.image.anew()))
    (root, note, ignoringInode, store) = (other.root, other.note, other.ignoringInode, other.store)
    (directory, slack, capture) = (other.directory, other.slack, other.capture)
  }

  /// An empty state that replaces this one when it is saved.
  public func anew() throws(SnapshotError) -> WorkspaceState { try WorkspaceState(goingOnFrom: self) }

  /// The file system's time before anything was read in this run, less the maximum distance of two changes in one tick:
  /// taken from a file just written, because the system's clock can differ. Without a writable directory, nothing is
  /// trusted.
  public func captureTime() -> Int64 {
    if let capture { return capture }
    var time = Int64.min
    if store != nil {
      do throws(SystemCallError) {
        time = try Self.clock(in: directory) - slack
      } catch {
        // Every time is later than this one: the next run checks everything again that is read now.
        time = Int64.min
      }
    }
    capture = time
    return time
  }

  /// The file system's time less the maximum distance of two changes in one tick, without loading any state: what was
  /// changed before it can be told from what changes later.
  public static func captureTime(root: FilePath, in directory: StateDirectory) throws(SystemCallError) -> Int64 {
    let descriptor = try FileSystem.open(root, .readOnly, options: .directory)
    defer { FileSystem.close(descriptor) }
    return try clock(in: directory) - FileSystemTraits(of: descriptor.rawValue).timestampSlack
  }

  private static func clock(in directory: StateDirectory) throws(SystemCallError) -> Int64 {
    let probe = directory.path.appending(".clock")
    try directory.create()
    try FileSystem.write(text: "", to: probe)
    return try FileSystem.status(of: probe).modificationTime
  }

  /// Saves the changes. If the state cannot be saved, the next run takes longer, nothing else.
  ///
  /// - Returns: the reason why it could not be saved.
  @discardableResult
  public func save(compactly: Bool = false) -> String? {
    guard let store, compactly || files.state.image.isChanged else { return nil }
    do throws(SnapshotError) {
      // Reading the clock creates the directory of the state.
      if files.state.image.isChanged { _ = captureTime() }
      _ = try store.save(files.state.image, compactly: compactly)
      return nil
    } catch {
      return error.description
    }
  }
}

extension Workspace {
  /// The inputs of the state besides files: the program, and the whole configuration.
  func stateKey() throws(SystemCallError) -> [UInt8] {
    var encoder = CanonicalEncoder()
    encoder.append("workspace state 2")
    // The program's own file: another build can interpret files differently.
    let program = try FileSystem.status(of: "/proc/self/exe", followingLinks: true)
    encoder.append(kiltVersion)
    encoder.append("\(program.size) \(program.modificationTime) \(program.inode)")
    encoder.append(root.string)
    encoder.append(String(reflecting: configuration))
    return encoder.digest.bytes
  }
}
