internal import Digests
internal import Glibc
public import Snapshot
public import SystemPackage
public import SystemSupport

/// What is known of a workspace from earlier runs, and what this run finds out: loaded, brought up to date, saved.
public final class WorkspaceState: @unchecked Sendable {
  // Used by the thread that made it; see StateImage.

  /// The files.
  public let files: FileTable
  /// The root of the workspace.
  public let root: FilePath
  /// A line for the user where what was kept is damaged.
  public let note: String?
  /// Whether inode numbers of this file system mean nothing.
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

  /// Whether anything is kept from run to run.
  public var isKept: Bool { store != nil }

  private init(goingOnFrom other: WorkspaceState) throws(SnapshotError) {
    files = FileTable(try FileState(try other.files.state.image.anew()))
    (root, note, ignoringInode, store) = (other.root, other.note, other.ignoringInode, other.store)
    (directory, slack, capture) = (other.directory, other.slack, other.capture)
  }

  /// State with nothing in it, which takes the place of this one when it is saved.
  public func anew() throws(SnapshotError) -> WorkspaceState { try WorkspaceState(goingOnFrom: self) }

  /// The file system's time before anything was read in this run, less what two changes in one tick may be apart: taken
  /// from a file just written, as the system's clock may be another. Without a place to write, nothing is trusted.
  public func captureTime() -> Int64 {
    if let capture { return capture }
    var time = Int64.min
    if store != nil {
      let probe = directory.path.appending(".clock")
      do throws(SystemCallError) {
        try directory.create()
        try FileSystem.write(text: "", to: probe)
        time = try FileSystem.status(of: probe).modificationTime - slack
      } catch {
        // Every time is later than this one: all that is read now is looked at again next time.
        time = Int64.min
      }
    }
    capture = time
    return time
  }

  /// Saves what has changed. State that cannot be saved costs time in the next run, nothing else.
  ///
  /// - Returns: why it could not be saved.
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
  /// What state depends on besides files: the program, and all that the configuration says.
  func stateKey() throws(SystemCallError) -> [UInt8] {
    var encoder = CanonicalEncoder()
    encoder.append("workspace state 2")
    // The program's own file: a build of another day may understand files differently.
    let program = try FileSystem.status(of: "/proc/self/exe", followingLinks: true)
    encoder.append(kiltVersion)
    encoder.append("\(program.size) \(program.modificationTime) \(program.inode)")
    encoder.append(root.string)
    encoder.append(String(reflecting: configuration))
    return encoder.digest.bytes
  }
}
