internal import ContentStore
import Diagnostics
public import SystemSupport

/// The resolver: `uv`, a program of its own.
public struct UvTool: Sendable {
  public var path: FilePath
  /// Leases the installed uv in the cache, so that no collection removes it.
  private var store: ContentStore?

  public init(path: FilePath) { self.path = path }

  private init(path: FilePath, in store: ContentStore) {
    self.path = path
    self.store = store
  }

  /// `$KILT_UV`, `uv` on the PATH, or a uv installed with pip in a virtual environment in Kilt's cache.
  ///
  /// - Parameters:
  ///   - cache: Kilt's cache directory; the program goes to `tools/uv` in it.
  ///   - python: the interpreter whose `venv` and `pip` install it.
  /// - Throws: ``LockError/resolverFailed(summary:notes:)``.
  public static func find(
    cache: FilePath, python: Interpreter, environment: (String) -> String? = environmentVariable
  ) throws(LockError) -> UvTool {
    if let named = environment("KILT_UV"), !named.isEmpty {
      guard FileSystem.isExecutable(FilePath(named)) else {
        throw .resolverFailed(summary: "KILT_UV names \"\(named)\", which is not a program", notes: [])
      }
      return UvTool(path: FilePath(named))
    }
    if let found = Subprocess.find("uv") { return UvTool(path: found) }
    let store = ContentStore(root: cache)
    let folder = store.path(of: .tool("uv"))
    let program = folder.appending("bin/uv")
    if store.uses(.tool("uv")), FileSystem.isExecutable(program) { return UvTool(path: program, in: store) }
    do throws(SystemCallError) {
      try FileSystem.createDirectories(folder.removingLastComponent())
      let lock = try FileLock(waitingFor: folder.removingLastComponent().appending("uv.lock"))
      // Another process can have been first.
      if !FileSystem.isExecutable(program) { try install(in: folder, with: python).get() }
      _ = consume lock
    } catch {
      throw .resolverFailed(summary: "cannot install uv in \"\(folder)\"", notes: ["\(error)"])
    }
    guard store.uses(.tool("uv")), FileSystem.isExecutable(program) else {
      throw .resolverFailed(
        summary: "cannot install uv, which resolves requirements, with pip of \(python.path)",
        notes: ["run `pip install uv`", "or set KILT_UV to its path"])
    }
    return UvTool(path: program, in: store)
  }

  /// A half-made environment is removed: its program does not exist, and the next attempt starts over.
  private static func install(in folder: FilePath, with python: Interpreter) -> Result<Void, SystemCallError> {
    Result { () throws(SystemCallError) in
      try FileSystem.removeTree(folder)
      let made = try Subprocess(python.path.string, ["-I", "-m", "venv", folder.string], deadlineMilliseconds: 120_000)
        .run()
      guard made.termination.isSuccess else { return }
      let pip = folder.appending("bin/python").string
      let arguments = ["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"]
      let installed = try Subprocess(pip, arguments, deadlineMilliseconds: 300_000).run()
      if !installed.termination.isSuccess { try FileSystem.removeTree(folder) }
    }
  }

  /// Locks a project of the user, with the user's own configuration of uv.
  ///
  /// - Parameter arguments: after `uv lock`.
  public func lockProject(in folder: FilePath, _ arguments: [String]) throws(SystemCallError) -> Subprocess.Outcome {
    let changed = ["UV_NO_PROGRESS": "1", "NO_COLOR": "1"]
    // An active virtual environment is not meant.
    let dropped = Set(changed.keys).union([
      "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "UV_PROJECT", "UV_WORKING_DIRECTORY",
    ])
    let inherited = environmentStrings().filter { !dropped.contains(String($0.prefix { $0 != "=" })) }
    return try Subprocess(
      path.string, ["lock"] + arguments,
      environment: inherited + changed.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }, workingDirectory: folder,
      deadlineMilliseconds: 1_800_000
    ).run()
  }

  /// The output of a failed uv, without the credentials of URLs.
  public static func failure(_ outcome: Subprocess.Outcome) -> LockError { UvResolver.failure(outcome) }

  /// Runs uv in a directory, ignoring its own configuration files: only pip's configuration counts.
  func run(
    _ arguments: [String], in folder: FilePath, index: IndexConfiguration, python: Interpreter
  ) throws(SystemCallError) -> Subprocess.Outcome {
    var variables = index.uvEnvironment()
    variables["UV_PYTHON"] = python.path.string
    variables["UV_PYTHON_DOWNLOADS"] = "never"
    variables["UV_NO_CONFIG"] = "1"
    variables["UV_NO_PROGRESS"] = "1"
    variables["NO_COLOR"] = "1"
    // A project around the temporary directory, or an active virtual environment, is ignored.
    let dropped = Set(variables.keys).union([
      "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "UV_PROJECT", "UV_WORKING_DIRECTORY",
    ])
    let inherited = environmentStrings().filter { !dropped.contains(String($0.prefix { $0 != "=" })) }
    return try Subprocess(
      path.string, arguments, environment: inherited + variables.sorted { $0.key < $1.key }.map { "\($0)=\($1)" },
      workingDirectory: folder, deadlineMilliseconds: 1_800_000
    ).run()
  }
}
