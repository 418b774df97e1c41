public import ContentStore
internal import Diagnostics
internal import Digests
public import PythonPackaging
public import SystemSupport

/// A virtual environment in a place of the user's choice, as editors and other tools expect one: real directories, hard
/// links to unpacked wheels, `activate` scripts.
public struct VirtualEnvironment: Sendable {
  /// Its path, which is stable, because editors refer to it.
  public var path: FilePath
  public var interpreter: Interpreter
  public var wheels: [ResolvedWheel]
  /// Directories that are importable besides, absolute.
  public var sources: [FilePath]

  public init(path: FilePath, interpreter: Interpreter, wheels: [ResolvedWheel], sources: [FilePath]) {
    self.path = path
    self.interpreter = interpreter
    self.wheels = wheels
    self.sources = sources
  }

  /// Records the inputs of the environment; written last.
  private var stamp: FilePath { path.appending("kilt-export") }

  private var key: String {
    var key = CanonicalEncoder()
    key.append("export 1")
    key.append(PythonEnvironment.key(of: wheels, for: interpreter))
    key.append(path.string)
    key.append(strings: sources.map(\.string))
    return key.digest.hex
  }

  /// Updates the environment; leaves an up-to-date one alone. A change removes packages that were installed by hand.
  ///
  /// - Returns: whether it was created again.
  /// - Throws: `Diagnostic` if the interpreter has no module `venv`; leaves nothing incomplete.
  public func write(_ store: ContentStore) throws -> Bool {
    if isCurrent { return false }
    let parent = path.removingLastComponent()
    try FileSystem.createDirectories(parent)
    let lock = try FileLock(waitingFor: parent.appending(".lock"))
    // Another process can have been first.
    let result = Result { isCurrent ? false : try make(store, in: parent) }
    _ = consume lock
    return try result.get()
  }

  private func make(_ store: ContentStore, in parent: FilePath) throws -> Bool {
    let folders = try EnvironmentDirectory(store).folders(of: wheels)
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: ".export", in: parent)
    let result = Result {
      let made = scratch.appending("new")
      try build(made, folders)
      if FileSystem.exists(path) { try FileSystem.rename(path, to: scratch.appending("old")) }
      try FileSystem.rename(made, to: path)
    }
    // Files that cannot be removed are rubbish beside the environment; the earlier error matters more.
    try? FileSystem.removeTree(scratch)
    try result.get()
    return true
  }

  private var isCurrent: Bool {
    guard FileSystem.isExecutable(path.appending("bin/python")) else { return false }
    // Without a readable stamp, it is created again.
    return (try? FileSystem.readText(stamp)) == key + "\n"
  }

  private func build(_ made: FilePath, _ folders: [FilePath]) throws {
    let outcome = try Subprocess(
      interpreter.path.string, ["-I", "-m", "venv", "--without-pip", made.string], deadlineMilliseconds: 120_000
    ).run()
    guard outcome.termination.isSuccess else {
      throw Diagnostic(
        .environment, "\(interpreter.path) cannot create a virtual environment",
        notes: outcome.errorText.split(separator: "\n").suffix(4).map(String.init),
        remedies: ["run `apt-get install python3-venv` to install its module venv"])
    }
    // The files of venv contain the directory that it was created in.
    let bin = made.appending("bin")
    for entry in try FileSystem.list(bin) where entry.kind == .file {
      try replace(made.string, in: bin.appending(entry.name))
    }
    try replace(made.string, in: made.appending("pyvenv.cfg"))
    try EnvironmentTree(at: made, finally: path, interpreter: interpreter, links: .hard).addWheels(folders)
    let sitePackages = made.appending("lib/\(interpreter.libraryName)/site-packages")
    let lines = sources.map { $0.string + "\n" }.joined()
    try FileSystem.write(text: lines, to: sitePackages.appending("kilt_sources.pth"))
    try FileSystem.write(text: key + "\n", to: made.appending("kilt-export"))
  }

  private func replace(_ old: String, in file: FilePath) throws(SystemCallError) {
    let text = try FileSystem.readText(file)
    let parts = text.split(separator: old, omittingEmptySubsequences: false)
    guard parts.count > 1 else { return }
    let permissions = try FileSystem.status(of: file).permissions
    try FileSystem.write(text: parts.joined(separator: path.string), to: file, permissions: permissions)
  }
}
