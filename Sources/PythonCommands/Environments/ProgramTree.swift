internal import BuildCommands
internal import Digests
internal import SystemSupport
internal import Workspace

/// The files of a program together with what is made for it: a folder of links to the workspace, so that an edit counts
/// at once, and of copies of what was made.
struct ProgramTree {
  private let parts: ClosureParts
  private let made: MadeParts
  private let workspace: Workspace

  init(_ parts: ClosureParts, _ made: MadeParts, workspace: Workspace) {
    self.parts = parts
    self.made = made
    self.workspace = workspace
  }

  /// Makes the folder where it is not there, in the state folder of the workspace.
  func write() throws -> FilePath {
    var key = CanonicalEncoder()
    key.append("program tree 1")
    key.append(workspace.root.string)
    key.append(strings: parts.files.map(\.treePath))
    key.append(list: made.files) { encoder, file in
      encoder.append(file.treePath)
      encoder.append(file.digest)
      encoder.append(file.isExecutable)
    }
    try workspace.stateDirectory.create()
    let parent = workspace.stateDirectory.path.appending("programs")
    let folder = parent.appending(String(key.digest.hex.prefix(32)))
    if FileSystem.exists(folder) { return folder }
    try FileSystem.createDirectories(parent)
    let incoming = try FileSystem.makeTemporaryDirectory(prefix: "new", in: parent)
    do {
      for file in parts.files where !isProvided(file.treePath) {
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
        // Another process was first; what both have is the same.
        guard error.errno == .fileExists else { throw error }
        try FileSystem.removeTree(incoming)
      }
    } catch {
      try? FileSystem.removeTree(incoming)  // The first error is the one to tell.
      throw error
    }
    return folder
  }

  private func isProvided(_ path: String) -> Bool { made.provides(path, roots: parts.sourceRoots) }
}
