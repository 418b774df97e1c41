internal import ArgumentParser
internal import BuildCommands
internal import ContentStore
internal import Diagnostics
internal import JSON
internal import PythonPackaging
internal import PythonProjects
internal import SystemSupport
internal import Workspace

/// `kilt lock` in a workspace of Python projects: uv locks them, with its own configuration. So no index is searched
/// for a member of the workspace.
struct ProjectLock {
  let command: BuildLock
  let workspace: Workspace
  let projects: ProjectTable

  func run() throws {
    if command.convert {
      throw Diagnostic(
        .input, "--convert would replace the lockfile of uv, which defines this workspace",
        remedies: ["run `kilt lock` to let uv lock again"])
    }
    let resolves = try chosen()
    let store = try ContentStore.defaultRoot()
    let finder = InterpreterFinder(cacheFile: store.appending("interpreters.json"))
    let constraints = try workspace.configuration.interpreterConstraints.map { text in
      guard let constraint = InterpreterConstraint(text) else {
        throw Diagnostic(
          .input, "invalid requires-python \"\(text)\"", remedies: ["write it as in requires-python = \">=3.10\""])
      }
      return constraint
    }
    let uv = try UvTool.find(cache: store, python: try finder.find(constraints))
    var reports: [JSONValue] = []
    var stale: [Diagnostic] = []
    for resolve in resolves {
      let path = workspace.root.appending(resolve.lockfile)
      let before = try contents(path)
      let outcome = try uv.lockProject(in: path.removingLastComponent(), arguments)
      if !outcome.termination.isSuccess {
        guard command.check else { throw UvTool.failure(outcome) }
        stale.append(
          Diagnostic(
            .work, "the lockfile \"\(resolve.lockfile)\" does not fit its projects", notes: lines(outcome),
            remedies: ["run `kilt lock`"]))
      }
      let after = try contents(path)
      let isWritten = before != after
      let difference = try before.flatMap { before in
        try after.map { try parse($0, resolve).difference(from: parse(before, resolve)) }
      }
      if command.output.format == .text { report(resolve, outcome, difference, isWritten) }
      reports.append(
        .members([
          "resolve": .string(resolve.name), "lockfile": .string(resolve.lockfile), "written": .bool(isWritten),
          "fits": .bool(outcome.termination.isSuccess), "difference": difference?.json ?? .null,
        ]))
    }
    if command.output.format == .json { Terminal.standardOutput.print(JSONValue.array(reports).text(.pretty)) }
    if !stale.isEmpty { throw DiagnosticList(stale) }
  }

  private var arguments: [String] {
    var found: [String] = []
    if command.check { found += ["--check", "--offline"] }
    if command.diff { found.append("--dry-run") }
    if command.upgrade { found.append("--upgrade") }
    for name in command.upgradePackage { found += ["--upgrade-package", name] }
    return found
  }

  /// The lockfiles of uv, all or the one that is named.
  private func chosen() throws -> [WorkspaceConfiguration.Resolve] {
    let all = workspace.configuration.lockedResolves
    if let name = command.resolve, !all.contains(where: { $0.name == name }) {
      throw Diagnostic(
        .input, "unknown resolve \"\(name)\"", notes: ["defined resolves: " + all.map(\.name).joined(separator: ", ")],
        remedies: Suggestions.remedy(for: name, among: all.map(\.name)).map { [$0] } ?? [])
    }
    let found = all.filter { command.resolve == nil || $0.name == command.resolve }
    for resolve in found where !resolve.lockfile.hasSuffix("uv.lock") {
      throw Diagnostic(
        .input, "cannot lock \"\(resolve.lockfile)\": another tool writes it",
        remedies: ["run the tool that wrote it, such as `uv export -o pylock.toml`"])
    }
    return found
  }

  private func report(
    _ resolve: WorkspaceConfiguration.Resolve, _ outcome: Subprocess.Outcome, _ difference: LockDifference?,
    _ isWritten: Bool
  ) {
    for line in difference?.lines ?? [] { Terminal.standardOutput.print(line) }
    if command.diff {
      for line in lines(outcome) { Terminal.standardOutput.print(line) }
    } else if outcome.termination.isSuccess {
      command.global.note(
        command.check
          ? "\(resolve.lockfile) fits" : isWritten ? "wrote \(resolve.lockfile)" : "\(resolve.lockfile) is up to date")
    }
  }

  private func lines(_ outcome: Subprocess.Outcome) -> [String] {
    outcome.errorText.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("Using CPython") }
  }

  private func parse(_ bytes: [UInt8], _ resolve: WorkspaceConfiguration.Resolve) throws -> Lockfile {
    try LockfileReader.parse(bytes, path: resolve.lockfile, root: workspace.root)
  }

  private func contents(_ path: FilePath) throws -> [UInt8]? {
    do throws(SystemCallError) {
      return try FileSystem.read(path)
    } catch {
      guard error.isMissing else { throw error }
      return nil
    }
  }
}
