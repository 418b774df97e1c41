internal import ArgumentParser
internal import BuildCommands
internal import BuildFiles
internal import Bundles
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import JSON
internal import SystemSupport
internal import TargetGraph

/// `kilt package`.
struct BuildPackage: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "package", abstract: "Pack binaries into single-file executables in dist/.",
    discussion: """
      A bundle is named NAME-COMMIT-PLATFORM.pex; files that differ from the commit add ".dirty". What did not \
      change is not built again.

      EXAMPLES
        kilt package services/fiddler:server
        kilt package ::
        kilt package --changed-since=main     what that affects, however far
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var output: FormatOption

  func run() throws {
    let packaging = try PackagingSession(global, targets, verb: "package")
    let bundles = try packaging.packageAll()
    if !bundles.isEmpty, bundles.allSatisfy({ $0.work == .unchanged }) {
      global.note("nothing to do: \(bundles.count == 1 ? "it is" : "all \(bundles.count) are") up to date")
    }
    if output.format == .json {
      let values = bundles.map { packaged -> JSONValue in
        .members([
          "address": .string(packaged.plan.address.description), "path": .string(packaged.relativePath),
          "sha256": .string(packaged.bundle.sha256.hex), "size": .int(Int64(packaged.bundle.size)),
          "work": .string(packaged.work.rawValue),
        ])
      }
      writeText(JSONValue.array(values).text(.pretty) + "\n", to: 1)
    }
  }
}

/// What `package` and `publish` share: the selected binaries, packed one after the other with a line each.
struct PackagingSession {
  let session: WorkspaceSession
  let version: SourceVersion
  private let packager: BundlePackager
  private let binaries: [TargetID]
  private let global: GlobalOptions

  init(_ global: GlobalOptions, _ options: TargetOptions, verb: String) throws {
    self.global = global
    session = try WorkspaceSession(global)
    var options = options
    // What a change affects is what depends on it, whatever the distance.
    if options.changedSince != nil { options.changedDependents = .transitive }
    let selected = try session.select(options, verb: verb)
    // A plain target stands for what it lists when it is named, not when one of those has changed.
    let graph = session.graph
    binaries =
      options.changedSince == nil
      ? try session.resolver.binaries(among: selected) : selected.filter { graph[$0].type == .pexBinary }
    if binaries.isEmpty, options.changedSince == nil { throw Self.nothingToPack(selected, graph) }
    version = try SourceVersion(of: session.workspace)
    packager = BundlePackager(
      workspace: session.workspace, resolver: session.resolver, store: try ContentStore.userDefault(),
      version: version)
  }

  private static func nothingToPack(_ selected: [TargetID], _ graph: TargetGraph) -> Diagnostic {
    let summary =
      switch selected.count {
      case 0: "no targets are selected"
      case 1:
        "\"\(graph.address(of: selected[0]))\" is a \(graph[selected[0]].typeName), of which no bundle can be made"
      default: "none of the \(selected.count) selected targets can be packed"
      }
    return Diagnostic(
      .input, summary, remedies: ["\"kilt list :: --filter-target-type=pex_binary\" shows those that can"])
  }

  /// Packs all of them and says what was done for each.
  func packageAll(_ body: (PackagedBundle) throws -> Void = { _ in }) throws -> [PackagedBundle] {
    var bundles: [PackagedBundle] = []
    for binary in binaries {
      let start = monotonicNanoseconds()
      let packaged = try packager.package(binary)
      let milliseconds = (monotonicNanoseconds() - start) / 1_000_000
      for line in Self.warnings(packaged) { global.note("warning: " + line) }
      global.note(
        "\(packaged.work.rawValue)  \(packaged.relativePath)  \(size(packaged.bundle.size))  \(milliseconds) ms")
      try body(packaged)
      bundles.append(packaged)
    }
    try session.reportWarnings()
    if bundles.isEmpty { global.note("nothing to do: no binary is affected") }
    return bundles
  }

  /// What a bundle does otherwise than one may expect; equal files of several wheels in one line.
  private static func warnings(_ packaged: PackagedBundle) -> [String] {
    let collisions = packaged.bundle.collisions
    var lines = packaged.notes
    lines += collisions.filter { !$0.isHarmless }.map { "\($0.path) is in \($0.used) and, hidden, in \($0.hidden)" }
    let equal = collisions.filter(\.isHarmless)
    if let first = equal.first {
      let more = equal.count > 1 ? ", and so are \(equal.count - 1) more files" : ""
      lines.append("\(first.path) is the same in \(first.used) and in \(first.hidden)\(more)")
    }
    return lines
  }

  private func size(_ bytes: UInt64) -> String {
    bytes < 10 << 20 ? "\(max(1, bytes >> 10)) KiB" : "\(bytes >> 20) MiB"
  }
}
