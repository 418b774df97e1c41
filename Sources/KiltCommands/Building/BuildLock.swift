internal import ArgumentParser
internal import BuildCommands
internal import ContentStore
internal import Diagnostics
internal import JSON
internal import PythonPackaging
internal import SystemSupport
internal import Workspace

/// `kilt lock`.
struct BuildLock: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lock", abstract: "Resolve the requirements of the workspace into lockfiles.",
    discussion: """
      A lockfile covers all wheel platforms and Python versions of the workspace. It lists files by name and digest, \
      without a host: Kilt finds them in the package index of pip's configuration. Locked versions that still fit \
      stay.

      EXAMPLES
        kilt lock
        kilt lock --resolve data
        kilt lock --upgrade-package requests
        kilt lock --check     only compare; no network
        kilt lock --diff      show what would change
        kilt lock --convert   replace lockfiles of pex, uv or pip by Kilt's own

      In a uv workspace, uv writes uv.lock with its own configuration.

      EXIT CODES
        0  done
        1  with --check: a lockfile does not fit its requirements
        2  invalid usage or input
        3  the environment lacks something
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: .resolve)
  var resolve: String?

  @Flag(help: .check)
  var check = false

  @Flag(help: "Show the changes, and write nothing.")
  var diff = false

  @Flag(help: "Choose the newest versions that fit, instead of the locked ones.")
  var upgrade = false

  @Option(help: ArgumentHelp("Choose the newest version of this package. Repeatable.", valueName: "name"))
  var upgradePackage: [String] = []

  @Flag(help: "Replace lockfiles of other tools by Kilt's own, with the same versions.")
  var convert = false

  func validate() throws {
    if check, diff { throw ValidationError("--check and --diff cannot be combined") }
    if check, upgrade || convert || !upgradePackage.isEmpty {
      throw ValidationError("--check cannot be combined with --upgrade, --upgrade-package or --convert")
    }
  }

  func run() throws {
    let policy = try policy()
    let workspace = try Workspace.find(from: try global.workingDirectory)
    if let projects = workspace.configuration.projects {
      return try ProjectLock(command: self, workspace: workspace, projects: projects).run()
    }
    let session = try WorkspaceSession(global)
    let locker = ResolveLocker(workspace: session.workspace, graph: session.graph)
    let resolves = try locker.resolves(named: resolve)
    if check { return try checkAll(resolves.map { ($0.name, $0.lockfile, try locker.staleness($0)) }) }
    let store = try ContentStore.defaultRoot()
    var reports: [JSONValue] = []
    for resolve in resolves {
      // A first resolve takes seconds, so the command reports it.
      if Terminal.standardError.isInteractive { global.note("resolving \(resolve.name) …") }
      let locked = try locker.lock(resolve, store: store, policy: policy)
      let difference = locked.previous.map { locked.lockfile.difference(from: $0) }
      if output.format == .text { printLines(of: difference, locked.path, several: resolves.count > 1) }
      let isWritten = diff ? false : try locker.write(locked)
      let gaps = try locked.lockfile.gaps(path: locked.path)
      for gap in gaps { global.warn("\(locked.path): \(gap)") }
      report(locked, difference, isWritten: isWritten)
      reports.append(
        .members([
          "resolve": .string(resolve.name), "lockfile": .string(locked.path), "written": .bool(isWritten),
          "packages": .int(Int64(locked.lockfile.packages.count)), "gaps": .strings(gaps.map(\.description)),
          "difference": difference?.json ?? .null,
        ]))
    }
    if output.format == .json { Terminal.standardOutput.print(JSONValue.array(reports).text(.pretty)) }
  }

  private func policy() throws -> ResolveLocker.Policy {
    var policy = ResolveLocker.Policy()
    policy.upgradesAll = upgrade
    policy.converts = convert
    for text in upgradePackage {
      guard let name = PackageName(text) else {
        throw Diagnostic(.input, "invalid package name \"\(text)\" in --upgrade-package")
      }
      policy.upgrading.insert(name)
    }
    return policy
  }

  private func printLines(of difference: LockDifference?, _ path: String, several: Bool) {
    guard let difference, !difference.isEmpty else { return }
    if several { Terminal.standardOutput.print("\(path):") }
    for line in difference.lines { Terminal.standardOutput.print(several ? "  \(line)" : line) }
  }

  private func report(_ locked: ResolveLocker.Locked, _ difference: LockDifference?, isWritten: Bool) {
    let count = "\(locked.lockfile.packages.count) packages"
    if diff {
      if difference == nil { global.note("\(locked.path) would be new: \(count)") }
      if difference?.isEmpty ?? false { global.note("\(locked.path): nothing would change") }
    } else if isWritten {
      global.note("wrote \(locked.path): \(count)")
    } else {
      global.note("\(locked.path) is up to date: \(count)")
    }
  }

  private func checkAll(_ found: [(name: String, path: String, staleness: [String])]) throws {
    if output.format == .json {
      let values = found.map { name, path, staleness -> JSONValue in
        .members([
          "resolve": .string(name), "lockfile": .string(path), "fits": .bool(staleness.isEmpty),
          "reasons": .strings(staleness),
        ])
      }
      Terminal.standardOutput.print(JSONValue.array(values).text(.pretty))
    }
    let stale = found.filter { !$0.staleness.isEmpty }
    for (_, path, staleness) in found where staleness.isEmpty { global.note("\(path) fits") }
    guard !stale.isEmpty else { return }
    throw DiagnosticList(
      stale.map { name, path, reasons in
        let command = found.count > 1 ? "run `kilt lock --resolve \(name)`" : "run `kilt lock`"
        return Diagnostic(
          .work, "the lockfile \"\(path)\" does not fit its requirements", notes: reasons, remedies: [command])
      })
  }
}
