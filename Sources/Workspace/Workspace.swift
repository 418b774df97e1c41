internal import BuildFiles
internal import Diagnostics
internal import PythonProjects
public import SystemPackage
internal import SystemSupport

/// A workspace on disk: its root, its configuration, its files.
public struct Workspace: Sendable {
  /// The directory of the configuration file.
  public let root: FilePath
  /// The contents of the configuration file.
  public let configuration: WorkspaceConfiguration
  /// Texts that replace those of files, by path from the root. They show the effect of a change before it is made, and
  /// the declarations of an earlier commit without a checkout.
  public var buildFileTexts: [String: [UInt8]] = [:]
  /// Files that count as missing, from the root: an earlier commit does not have them.
  public var hiddenFiles: Set<String> = []

  /// The workspace at a root, with its configuration.
  public init(root: FilePath, configuration: WorkspaceConfiguration) {
    self.root = root
    self.configuration = configuration
    stateDirectory = StateDirectory(workspaceRoot: root)
  }

  /// Finds the workspace that contains a directory: the nearest `kilt.toml` upward, or else the nearest `pants.toml`.
  ///
  /// - Throws: `Diagnostic` if there is none, or its configuration is wrong; `SystemCallError`.
  public static func find(from directory: FilePath) throws -> Workspace {
    for name in ["kilt.toml", "pants.toml"] {
      var current = directory
      while true {
        let path = current.appending(name)
        if let text = try readIfPresent(path) {
          let configuration =
            name == "kilt.toml"
            ? try WorkspaceConfiguration(
              kiltFile: name, text: text, read: { try readIfPresent(current.pushing(FilePath($0))) },
              variable: environmentVariable)
            : try WorkspaceConfiguration(
              pantsFile: name, text: text, read: { try readIfPresent(current.pushing(FilePath($0))) },
              variable: environmentVariable)
          let workspace = Workspace(root: current, configuration: configuration)
          return configuration.admitsProjects ? try workspace.withProjects() ?? workspace : workspace
        }
        let parent = current.removingLastComponent()
        if parent == current || parent.isEmpty { break }
        current = parent
      }
    }
    if let workspace = try findProjects(from: directory) { return workspace }
    throw Diagnostic(
      .input, "\"\(directory)\" is not in a workspace: no kilt.toml in it or above",
      notes: ["a directory with [tool.uv.workspace] in pyproject.toml, or with a uv.lock, is a workspace too"],
      remedies: ["run `kilt init` to create a workspace"])
  }

  private static func readIfPresent(_ path: FilePath) throws -> String? {
    do throws(SystemCallError) {
      return try FileSystem.readText(path)
    } catch {
      if error.isMissing { return nil }
      throw error
    }
  }

  /// The name of the workspace: as configured, or the name of its directory.
  public var name: String {
    configuration.name.isEmpty ? root.lastComponent?.string ?? "workspace" : configuration.name
  }

  /// The answers of git.
  public var git: GitRepository { GitRepository(root: root) }
  /// The directory of Kilt's state.
  public let stateDirectory: StateDirectory

  /// A directory relative to the root; nil if it is outside.
  public func relativePath(of directory: FilePath) -> String? {
    if directory == root { return "" }
    var rest = directory
    return rest.removePrefix(root) ? rest.string : nil
  }

  /// Lists the files from scratch. Throws `SystemCallError`, `SnapshotError`.
  public func scanFiles() throws -> FileTable { try FileTable.scan(root: root, ignore: configuration.ignore) }

  /// The bytes of a file, or of its replacement text. Throws `SystemCallError`.
  public func read(_ path: String) throws -> [UInt8] {
    try textInPlace(of: path) ?? FileSystem.read(root.appending(path))
  }

  /// The replacement text of a file; nil for a file that is read from the disk.
  func textInPlace(of path: String) throws(SystemCallError) -> [UInt8]? {
    if let bytes = buildFileTexts[path] { return bytes }
    if hiddenFiles.contains(path) { throw SystemCallError("open", root.appending(path), Errno.noSuchFileOrDirectory) }
    return nil
  }

  /// The source roots, with the directories that a marker file marks.
  public func sourceRoots(in files: FileTable) -> SourceRoots {
    var marked: Set<String> = []
    for marker in configuration.sourceRootMarkers {
      for directory in files.allDirectories where files.file(named: marker, in: directory) != nil {
        marked.insert(files.path(of: directory))
      }
    }
    for entry in configuration.projects?.entries ?? [] { marked.formUnion(entry.sourceRoots) }
    return SourceRoots(patterns: configuration.sourceRoots, marked: marked)
  }
}
