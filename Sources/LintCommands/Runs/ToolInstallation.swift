internal import BuildFiles
internal import Diagnostics
internal import PythonCommands
internal import PythonEnvironments
internal import PythonPackaging
internal import SystemSupport
internal import Workspace

/// Installs tools, each once for all files with the same lockfile and Python. Used by one thread.
final class ToolInstallation {
  private struct Key: Hashable {
    var tool: CodeTool
    var lockfile: String?
    var constraints: [String]
  }

  private let workspace: Workspace
  private let environments: ClosureEnvironments
  private let note: (String) -> Void
  private var installed: [Key: Result<InstalledProgram, Diagnostic>] = [:]
  private var holders: [CodeTool: String?] = [:]
  private var noted: Set<CodeTool> = []

  init(_ workspace: Workspace, _ environments: ClosureEnvironments, note: @escaping (String) -> Void) {
    self.workspace = workspace
    self.environments = environments
    self.note = note
  }

  /// The places of what is installed, absolute, and of the lockfiles.
  var places: [String] {
    var found: Set<String> = []
    for case .success(let program) in installed.values {
      found.insert(program.lockfile)
      found.insert(program.environment.python.string)
      found.insert(program.environment.path.appending("pyvenv.cfg").string)
      found.insert(program.environment.interpreter.path.string)
    }
    return found.sorted()
  }

  /// The lockfile that a tool comes from for files of a resolve; nil for a lock of Kilt's own.
  ///
  /// The resolve that the configuration names counts first, then that of the files, then any that has the tool.
  func lockfile(of tool: CodeTool, for lockfile: String?) throws -> String? {
    let linting = workspace.configuration.linting
    let options = linting.options(of: tool.rawValue)
    if let name = options.resolve ?? linting.resolve {
      guard let path = workspace.configuration.lockedResolves.first(where: { $0.name == name })?.lockfile else {
        throw Diagnostic(
          .input, "unknown resolve \"\(name)\" of \(tool.rawValue)",
          notes: ["defined resolves: " + workspace.configuration.lockedResolves.map(\.name).joined(separator: ", ")])
      }
      guard try environments.lockfile(having: tool.package, among: [path]) != nil else {
        throw Diagnostic(
          .input, "the resolve \"\(name)\" does not contain \(tool.package)",
          remedies: ["add \(tool.package) to its requirements and run `kilt lock --resolve \(name)`"])
      }
      return path
    }
    if options.version != nil { return nil }
    if let lockfile, try environments.lockfile(having: tool.package, among: [lockfile]) != nil { return lockfile }
    if let known = holders[tool] { return known }
    let holder = try environments.lockfile(
      having: tool.package, among: workspace.configuration.lockedResolves.map(\.lockfile))
    holders[tool] = .some(holder)
    return holder
  }

  /// The tool for files of a resolve and Python.
  ///
  /// - Throws: `Diagnostic`: it cannot be locked or installed.
  func install(_ tool: CodeTool, for lockfile: String?, constraints: [String]) throws -> InstalledProgram {
    let source = try self.lockfile(of: tool, for: lockfile)
    let key = Key(tool: tool, lockfile: source, constraints: constraints)
    if let known = installed[key] { return try known.get() }
    let options = workspace.configuration.linting.options(of: tool.rawValue)
    let companions = source == nil ? tool.companions : []
    let program = LockedProgram(
      package: tool.package, version: options.version ?? tool.version, acceptsOlder: options.version == nil,
      requirements: options.requirements + companions, lockfile: source,
      // Plug-ins are found among the packages of the resolve that has the tool.
      hasWholeLockfile: tool.readsImports && source != nil)
    let result: Result<InstalledProgram, Diagnostic>
    do {
      let own = try environments.ownLock(of: program, constraints)
      let known = source != nil || FileSystem.exists(FilePath(own))
      let found = try environments.install(program, constraints: constraints)
      if found.isOwn, !known, noted.insert(tool).inserted {
        note(
          "note: locked \(tool.rawValue) \(found.version) in \(found.lockfile); "
            + "to choose another version, add \(tool.package) to a resolve")
      }
      result = .success(found)
    } catch {
      result = .failure(Self.diagnostic(of: error, tool))
    }
    installed[key] = result
    return try result.get()
  }

  private static func diagnostic(of error: any Error, _ tool: CodeTool) -> Diagnostic {
    var diagnostic =
      (error as? any DiagnosableError)?.diagnostic
      ?? Diagnostic(.environment, "\(error)", remedies: ["run the command again"])
    diagnostic.summary = "cannot install \(tool.rawValue): \(diagnostic.summary)"
    return diagnostic
  }
}
