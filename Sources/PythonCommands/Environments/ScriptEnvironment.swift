internal import BuildCommands
internal import BuildFiles
public import ContentStore
internal import Diagnostics
internal import Digests
public import PythonEnvironments
internal import PythonPackaging
public import PythonProjects
public import SystemSupport
internal import Workspace

/// The environment of a script with its own metadata (PEP 723): its packages come from the lockfile beside it, or else
/// from a lockfile that the first run with these dependencies creates.
public struct ScriptEnvironment {
  private let store: ContentStore
  private let note: (String) -> Void

  public init(store: ContentStore, note: @escaping (String) -> Void) {
    self.store = store
    self.note = note
  }

  /// The environment of a script.
  ///
  /// - Throws: `Diagnostic` for a dependency that is no requirement, or that the lockfile lacks.
  public func environment(of script: InlineScript, at path: FilePath) throws -> PythonEnvironment {
    let name = path.lastComponent?.string ?? "script"
    let constraints = script.requiresPython.map { [$0] } ?? []
    let file = try self.lockfile(of: script, at: path)
    let root = file?.removingLastComponent() ?? path.removingLastComponent()
    let lockfile = file?.lastComponent?.string
    let workspace = Workspace(root: root, configuration: WorkspaceConfiguration())
    let address = Address(directory: "", name: name)
    do {
      return try ClosureEnvironments(workspace, store: store, note: note).environment(
        of: script.dependencies.map { (text: $0, address: address) }, lockfile: lockfile, constraints: constraints,
        for: address)
    } catch let failure as Diagnostic where lockfile == name + ".lock" {
      var error = failure
      error.remedies.append("run `uv lock --script \(name)` if its dependencies have changed")
      throw error
    }
  }

  /// The lockfile of a script: the one beside it, or one in Kilt's cache that is made when there is none; nil for a script
  /// without dependencies.
  ///
  /// - Throws: `Diagnostic` for a dependency that is no requirement.
  public func lockfile(of script: InlineScript, at path: FilePath) throws -> FilePath? {
    let name = path.lastComponent?.string ?? "script"
    let requirements = try script.dependencies.map { text -> Requirement in
      do throws(RequirementSyntaxError) {
        return try Requirement(text)
      } catch {
        throw Diagnostic(
          .input, "invalid requirement \"\(text)\" in the metadata of \"\(name)\"",
          notes: ["expected \(error.expected) at column \(error.offset + 1)"],
          remedies: ["write it as in dependencies = [\"requests>=2\"]"])
      }
    }
    if requirements.isEmpty { return nil }
    let beside = path.removingLastComponent().appending(name + ".lock")
    if FileSystem.exists(beside) { return beside }
    let own = try ownLock(requirements, script, script.requiresPython.map { [$0] } ?? [])
    return store.root.appending("tools").appending(own)
  }

  /// The name of a lockfile in Kilt's cache, made with uv where it is not there yet.
  private func ownLock(_ requirements: [Requirement], _ script: InlineScript, _ constraints: [String]) throws -> String
  {
    var key = CanonicalEncoder()
    key.append("script lock 1")
    key.append(strings: requirements.map(\.description).sorted())
    key.append(script.requiresPython ?? "")
    let name = "script-" + key.digest.hex.prefix(32)
    let finder = InterpreterFinder(cacheFile: store.root.appending("interpreters.json"))
    let python = try finder.find(
      try constraints.map { text -> InterpreterConstraint in
        guard let constraint = InterpreterConstraint(text) else {
          throw Diagnostic(
            .input, "invalid requires-python \"\(text)\" in a script's metadata",
            remedies: ["write it as in requires-python = \">=3.10\""])
        }
        return constraint
      })
    _ = try OwnLock(cache: store.root, override: nil).lockfile(
      name, of: requirements, requiresPython: SpecifierSet(script.requiresPython ?? ">=3.8") ?? SpecifierSet(),
      python: python, others: finder.all().map(\.path),
      remedy: "run `uv lock --script` where the network is, and keep the lockfile beside the script")
    return name + ".lock"
  }
}
