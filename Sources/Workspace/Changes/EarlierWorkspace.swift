internal import BuildFiles
internal import Diagnostics
internal import PythonProjects
internal import SystemPackage
internal import SystemSupport

/// A workspace as a commit has it, without a checkout: files that differ are read from git, all others from the disk.
public struct EarlierWorkspace: Sendable {
  /// The workspace, with the commit's configuration, and its texts in the place of files that differ.
  public let workspace: Workspace
  /// The files of the commit, after its ignore rules.
  public let files: FileTable
  /// The files that differ between the commit and the disk, from the workspace root.
  public let changed: Set<String>

  /// - Parameters:
  ///   - current: the workspace on the disk.
  ///   - table: its files.
  ///   - commit: a full commit.
  ///   - changed: the files that differ from the commit, uncommitted and untracked ones included.
  /// - Throws: ``GitError``; `Diagnostic` for a commit whose configuration cannot be read.
  public init(_ current: Workspace, _ table: FileTable, at commit: String, changed: [String]) throws {
    let git = current.git
    let entries = try git.entries(of: commit, among: changed)
    var texts = try git.contents(of: entries.filter { !$0.isLink && Self.isRead($0.path) })
    try Self.follow(entries.filter(\.isLink), git, commit, current, &texts)
    var earlier = current
    earlier.buildFileTexts = texts
    earlier.hiddenFiles = Set(changed).subtracting(entries.map(\.path))
    let configuration = try Self.configuration(of: earlier)
    var named = Workspace(root: current.root, configuration: configuration)
    named.buildFileTexts = texts
    named.hiddenFiles = earlier.hiddenFiles
    workspace = named
    self.changed = Set(changed)
    var paths = Set(table.allDirectories.flatMap { table.files(in: $0).map { table.path(of: $0) } })
    paths.subtract(changed)
    paths.formUnion(entries.map(\.path))
    if configuration.ignore != current.configuration.ignore
      || changed.contains(where: { Paths.lastComponent($0) == ".gitignore" })
    {
      // A file that is ignored now was not always ignored.
      paths.formUnion(try git.entries(of: commit).map(\.path))
    }
    files = try FileTable(paths: IgnoredPaths(earlier, paths).kept())
  }

  /// Whether the content of a file affects targets; for other files it is enough to know that they differ.
  private static func isRead(_ path: String) -> Bool {
    let name = Paths.lastComponent(path)
    let large = [".png", ".jpg", ".gif", ".zip", ".gz", ".whl", ".so", ".bin", ".parquet", ".pkl", ".onnx", ".pt"]
    return !large.contains { name.hasSuffix($0) }
  }

  /// Reads the files that links of the commit lead to.
  private static func follow(
    _ links: [GitRepository.TreeEntry], _ git: GitRepository, _ commit: String, _ current: Workspace,
    _ texts: inout [String: [UInt8]]
  ) throws {
    if links.isEmpty { return }
    for (path, target) in try git.contents(of: links) {
      let text = String(decoding: target, as: UTF8.self)
      guard !text.hasPrefix("/"), let destination = Paths.normalized(Paths.join(Paths.parent(path), text)) else {
        continue
      }
      if let bytes = try git.contents(of: destination, at: commit) { texts[path] = bytes }
    }
  }

  private static func configuration(of workspace: Workspace) throws -> WorkspaceConfiguration {
    func text(_ path: String) throws -> String? {
      do throws(SystemCallError) {
        if let bytes = try workspace.textInPlace(of: path) { return String(decoding: bytes, as: UTF8.self) }
        return try FileSystem.readText(workspace.root.pushing(FilePath(path)))
      } catch {
        if error.isMissing { return nil }
        throw error
      }
    }
    func withProjects(_ configuration: WorkspaceConfiguration) throws -> WorkspaceConfiguration? {
      guard configuration.admitsProjects else { return nil }
      return try ProjectSearch(workspace.projectFiles).table().map { configuration.with($0) }
    }
    if let found = try text("kilt.toml") {
      let configuration = try WorkspaceConfiguration(
        kiltFile: "kilt.toml", text: found, read: text, variable: environmentVariable)
      return try withProjects(configuration) ?? configuration
    }
    guard let found = try text("pants.toml") else {
      // A commit from before there were projects has no targets.
      if workspace.configuration.projects != nil { return try withProjects(.ofProjects) ?? .ofProjects }
      throw Diagnostic(.input, "the commit has neither kilt.toml nor pants.toml")
    }
    return try WorkspaceConfiguration(
      pantsFile: "pants.toml", text: found, read: text, variable: environmentVariable)
  }
}

/// The paths among some that the ignore rules among them exclude.
private struct IgnoredPaths {
  private let workspace: Workspace
  private let paths: Set<String>
  private let top: IgnoreScope
  private var scopes: [String: IgnoreScope] = [:]
  private var verdicts: [String: Bool] = ["": false]

  init(_ workspace: Workspace, _ paths: Set<String>) {
    self.workspace = workspace
    self.paths = paths
    let rules = IgnoreRules(lines: FileState.alwaysIgnored + workspace.configuration.ignore)
    top = IgnoreScope(parent: nil, directory: "", rules: rules)
  }

  /// The paths that are left in.
  func kept() throws -> [String] {
    var copy = self
    return try paths.filter { path in
      let directory = Paths.parent(path)
      if try copy.isIgnored(directory: directory) { return false }
      return try !copy.scope(of: directory).isIgnored(path: path, name: Paths.lastComponent(path), isDirectory: false)
    }
  }

  private mutating func isIgnored(directory: String) throws -> Bool {
    if let known = verdicts[directory] { return known }
    let parent = Paths.parent(directory)
    var verdict = try isIgnored(directory: parent)
    if !verdict {
      verdict = try scope(of: parent)
        .isIgnored(path: directory, name: Paths.lastComponent(directory), isDirectory: true)
    }
    verdicts[directory] = verdict
    return verdict
  }

  /// The rules that apply to the contents of the directory.
  private mutating func scope(of directory: String) throws -> IgnoreScope {
    if let known = scopes[directory] { return known }
    var result = directory.isEmpty ? top : try scope(of: Paths.parent(directory))
    let path = Paths.join(directory, ".gitignore")
    if paths.contains(path) {
      let text = String(decoding: try workspace.read(path), as: UTF8.self)
      result = IgnoreScope(parent: result, directory: directory, rules: IgnoreRules(text: text))
    }
    scopes[directory] = result
    return result
  }
}
