import Glibc
import SystemSupport

/// Edits of what surrounds the files: names that are no text, the environment, what is known of the workspace.
extension RandomRepository {
  /// Makes a file or a directory whose name is not UTF-8, or takes it away.
  func makeForeignName() throws {
    let directory = random.pick(Self.directories)
    let isDirectory = random.chance(30)
    note("a name that is not UTF-8 in \(directory), a directory: \(isDirectory)")
    try FileSystem.createDirectories(root.appending(directory))
    let name = Array((root.string + "/" + directory + "/m").utf8) + [0xFF] + Array(".py".utf8)
    let path = name.map { CChar(bitPattern: $0) } + [0]
    if unlink(path) == 0 { return }
    if errno == EISDIR || errno == EPERM {
      // Only when it is empty.
      _ = rmdir(path)
      return
    }
    if isDirectory {
      guard mkdir(path, 0o755) == 0 else { throw SystemCallError("mkdir", root, Errno(rawValue: errno)) }
      guard random.chance(50) else { return }
    }
    let file = (isDirectory ? name + Array("/m.py".utf8) : name).map { CChar(bitPattern: $0) } + [0]
    let descriptor = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw SystemCallError("open", root, Errno(rawValue: errno)) }
    close(descriptor)
  }

  func editEnvironment() {
    note("environment")
    if random.chance(30) { unsetenv("KILT_FUZZ") } else { setenv("KILT_FUZZ", "e\(random.below(2))", 1) }
  }

  // MARK: State

  private var state: FilePath { root.appending(".kilt/state") }
  private var keptState: FilePath { root.appending(".kilt/kept") }

  /// Damages what is known of the workspace, removes it, or puts an earlier state back.
  func disturbState() throws {
    guard FileSystem.exists(state) else { return }
    switch random.below(5) {
    case 0:
      note("the state is kept")
      try copyState(state, to: keptState)
    case 1:
      guard FileSystem.exists(keptState) else { return }
      note("an earlier state is back")
      try copyState(keptState, to: state)
    case 2:
      note("the state is removed")
      try FileSystem.removeTree(state)
    default:
      let names = try FileSystem.list(state).map(\.name).filter { $0 != "lock" }
      guard !names.isEmpty else { return }
      try damage(state.appending(random.pick(names)))
    }
  }

  private func copyState(_ from: FilePath, to: FilePath) throws {
    try FileSystem.removeTree(to)
    try FileSystem.createDirectories(to)
    for entry in try FileSystem.list(from) {
      try FileSystem.write(try FileSystem.read(from.appending(entry.name)), to: to.appending(entry.name))
    }
  }

  private func damage(_ file: FilePath) throws {
    var bytes = try FileSystem.read(file)
    guard !bytes.isEmpty else { return }
    isStateDamaged = true
    let place = random.below(bytes.count)
    switch random.below(4) {
    case 0:
      note("\(file.lastComponent?.string ?? "") ends at \(place)")
      bytes.removeSubrange(place...)
    case 1:
      note("\(file.lastComponent?.string ?? "") is longer")
      bytes += (0...random.below(40)).map { _ in UInt8(random.below(256)) }
    case 2:
      note("\(file.lastComponent?.string ?? "") is gone")
      return try FileSystem.removeFile(file)
    default:
      note("\(file.lastComponent?.string ?? "") is damaged at \(place)")
      bytes[place] ^= UInt8(1 << random.below(8))
    }
    try FileSystem.write(bytes, to: file)
  }
}
