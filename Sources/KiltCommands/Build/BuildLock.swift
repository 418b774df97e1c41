internal import ArgumentParser
internal import BuildCommands
internal import ContentStore
internal import Diagnostics
internal import PythonPackaging
internal import SystemSupport
internal import Workspace

/// `kilt lock`.
struct BuildLock: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lock", abstract: "Resolve the requirements of a workspace into lockfiles.",
    discussion: """
      One lockfile serves all platforms and Python versions of the workspace, and names no host: files are found by \
      name and digest in the index that pip is configured to use. Versions that still fit are kept.

      EXAMPLES
        kilt lock
        kilt lock --check     exit code 1 when one does not fit; asks no network
        kilt lock --diff      show what would change
      """)

  @OptionGroup var global: GlobalOptions

  @Option(help: ArgumentHelp("The resolve to lock; all by default.", valueName: "name"))
  var resolve: String?

  @Flag(help: "Only check that the lockfiles fit the requirements.")
  var check = false

  @Flag(help: "Show what would change, and write nothing.")
  var diff = false

  func validate() throws {
    if check, diff { throw ValidationError("--check and --diff exclude each other") }
  }

  func run() throws {
    let session = try WorkspaceSession(global)
    let locker = ResolveLocker(workspace: session.workspace, graph: session.graph)
    let resolves = try locker.resolves(named: resolve)
    if check { return try checkAll(resolves.map { ($0.lockfile, try locker.staleness($0)) }) }
    let store = try ContentStore.defaultRoot()
    for resolve in resolves {
      let locked = try locker.lock(resolve, store: store)
      let changes = locked.previous.map { locked.lockfile.difference(from: $0).lines }
      for line in changes ?? [] { Terminal.standardOutput.print(line) }
      if diff {
        if changes?.isEmpty ?? false { global.note("\(locked.path): nothing would change") }
      } else if try locker.write(locked) {
        global.note("wrote \(locked.path): \(locked.lockfile.packages.count) packages")
      } else {
        global.note("\(locked.path) is up to date: \(locked.lockfile.packages.count) packages")
      }
    }
  }

  private func checkAll(_ found: [(path: String, staleness: [String])]) throws {
    let stale = found.filter { !$0.staleness.isEmpty }
    for (path, _) in found where !stale.contains(where: { $0.path == path }) { global.note("\(path) fits") }
    guard !stale.isEmpty else { return }
    throw DiagnosticList(
      stale.map { path, reasons in
        Diagnostic(
          .work, "the lockfile \"\(path)\" does not fit its requirements", notes: reasons, remedies: ["kilt lock"])
      })
  }
}
