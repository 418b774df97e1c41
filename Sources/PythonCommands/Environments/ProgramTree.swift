internal import BuildCommands
internal import Digests
internal import SystemSupport
internal import Workspace

/// The files of a program: a directory of links to the workspace, so that an edit counts at once, and of copies of
/// generated files. It has the same files as a bundle of the program: a file that no target adds is missing here as
/// well.
struct ProgramTree {
  private let files: [TreeFile]
  private let parts: ClosureParts
  private let made: GeneratedFiles
  private let workspace: Workspace

  init(_ parts: ClosureParts, _ made: GeneratedFiles, workspace: Workspace) {
    self.parts = parts
    files = Set(parts.files + made.packageFiles.map { TreeFile(treePath: $0, path: $0) }).sorted {
      $0.treePath < $1.treePath
    }
    self.made = made
    self.workspace = workspace
  }

  /// Creates the directory if it is missing, in the state directory of the workspace.
  func write() throws -> FilePath {
    var key = CanonicalEncoder()
    key.append("program tree 2")
    key.append(workspace.root.string)
    key.append(strings: files.map(\.treePath))
    key.append(list: made.files) { encoder, file in
      encoder.append(file.treePath)
      encoder.append(file.digest)
      encoder.append(file.isExecutable)
    }
    try workspace.stateDirectory.create()
    let parent = workspace.stateDirectory.path.appending("programs")
    let folder = parent.appending(String(key.digest.hex.prefix(32)))
    if FileSystem.exists(folder) {
      try FileSystem.touch(folder)
      return folder
    }
    try FileSystem.createDirectories(parent)
    removeUnused(in: parent)
    let incoming = try FileSystem.makeTemporaryDirectory(prefix: "new", in: parent)
    do {
      for file in files where !isProvided(file.treePath) {
        let place = incoming.pushing(FilePath(file.treePath))
        try FileSystem.createDirectories(place.removingLastComponent())
        try FileSystem.createSymbolicLink(at: place, to: workspace.root.appending(file.path))
      }
      for file in made.files {
        let place = incoming.pushing(FilePath(file.treePath))
        try FileSystem.createDirectories(place.removingLastComponent())
        try FileSystem.copyFile(file.path, to: place, permissions: file.isExecutable ? 0o755 : 0o644)
      }
      do throws(SystemCallError) {
        try FileSystem.renameWithoutReplacing(incoming, to: folder)
      } catch {
        // Another process was first; both have the same contents.
        guard error.errno == .fileExists else { throw error }
        try FileSystem.removeTree(incoming)
      }
    } catch {
      try? FileSystem.removeTree(incoming)  // The first error is the one to tell.
      throw error
    }
    return folder
  }

  /// Removes trees that no run has used for 30 days: programs with other imports leave trees of their own.
  private func removeUnused(in parent: FilePath) {
    let oldest = wallClockNanoseconds() - 30 * 86_400 * 1_000_000_000
    // Files that cannot be removed now are tried again when the next tree is created.
    for entry in (try? FileSystem.list(parent)) ?? [] where entry.isValidName {
      let path = parent.appending(entry.name)
      guard let status = try? FileSystem.status(of: path), status.modificationTime < oldest else { continue }
      try? FileSystem.removeTree(path)
    }
  }

  private func isProvided(_ path: String) -> Bool { made.provides(path, roots: parts.sourceRoots) }
}
