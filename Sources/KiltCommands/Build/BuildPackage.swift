internal import Actions
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
internal import Workspace

/// `kilt package`.
struct BuildPackage: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "package", abstract: "Build executables, archives and distributions into dist/.",
    discussion: """
      Of a pex_binary a bundle is packed, named NAME-COMMIT-PLATFORM.pex; files that differ from the commit add \
      ".dirty". An archive is named by its folder and name, a wheel as wheels are; output_path changes that. What \
      did not change is not built again.

      EXAMPLES
        kilt package services/fiddler:server
        kilt package ::
        kilt package --changed-since=main     what that affects, however far
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var output: FormatOption
  @OptionGroup var sandboxes: SandboxOptions

  func run() throws {
    let packaging = try PackagingSession(global, targets, verb: "package", kept: sandboxes.kept)
    let bundles = try packaging.packageAll()
    let files = try packaging.packageOthers()
    let works = bundles.map(\.work) + files.map(\.work)
    if works.isEmpty {
      global.note("nothing to do: no package is affected")
    } else if works.allSatisfy({ $0 == .unchanged }) {
      global.note("nothing to do: \(works.count == 1 ? "it is" : "all \(works.count) are") up to date")
    }
    if output.format == .json {
      let values = bundles.map { packaged -> JSONValue in
        .members([
          "address": .string(packaged.plan.address.description), "path": .string(packaged.relativePath),
          "sha256": .string(packaged.bundle.sha256.hex), "size": .int(Int64(packaged.bundle.size)),
          "work": .string(packaged.work.rawValue),
        ])
      }
      let others = files.map { file -> JSONValue in
        .members([
          "address": .string(file.address.description), "path": .string(file.relativePath),
          "sha256": .string(file.sha256.hex), "size": .int(file.size), "work": .string(file.work.rawValue),
        ])
      }
      writeText(JSONValue.array(values + others).text(.pretty) + "\n", to: 1)
    }
  }
}

/// What `package` and `publish` share: the selected binaries, packed one after the other with a line each.
struct PackagingSession {
  let session: WorkspaceSession
  let version: SourceVersion
  private let packager: BundlePackager
  private let binaries: [TargetID]
  /// Archives and distributions.
  private let others: [TargetID]
  private let targets: TargetBuilder
  private let store: ContentStore
  private let verb: String
  private let global: GlobalOptions

  init(
    _ global: GlobalOptions, _ options: TargetOptions, verb: String, kept: KeptSandboxes = .never
  ) throws {
    self.global = global
    session = try WorkspaceSession(global)
    var options = options
    // What a change affects is what depends on it, whatever the distance.
    if options.changedSince != nil { options.changedDependents = .transitive }
    let selected = try session.select(options, verb: verb)
    // A plain target stands for what it lists when it is named, not when one of those has changed.
    let graph = session.graph
    let packages =
      options.changedSince == nil
      ? try session.resolver.packages(among: selected)
      : selected.filter { TargetBuilder.isPackageable(graph[$0]) }
    binaries = packages.filter { graph[$0].type == .pexBinary }
    others = packages.filter { graph[$0].type != .pexBinary }
    self.verb = verb
    // What is published is bundles.
    let wanted = verb == "publish" ? binaries : packages
    if wanted.isEmpty, options.changedSince == nil { throw Self.nothingToPack(selected, graph) }
    version = try SourceVersion(of: session.workspace)
    store = try ContentStore.userDefault()
    targets = try session.targetBuilder(store: store, kept: kept)
    packager = BundlePackager(
      workspace: session.workspace, resolver: session.resolver, store: store, version: version, targets: targets)
  }

  private static func nothingToPack(_ selected: [TargetID], _ graph: TargetGraph) -> Diagnostic {
    let summary =
      switch selected.count {
      case 0: "no targets are selected"
      case 1:
        "\"\(graph.address(of: selected[0]))\" is a \(graph[selected[0]].typeName), of which no package can be made"
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
    if bundles.isEmpty, verb == "publish" { global.note("nothing to do: no binary is affected") }
    try collectIfDue()
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

  /// Builds archives and distributions and says what was done for each of their files.
  func packageOthers() throws -> [PackageWriter.WrittenFile] {
    let writer = PackageWriter(workspace: session.workspace, targets: targets)
    var files: [PackageWriter.WrittenFile] = []
    for id in others {
      let start = monotonicNanoseconds()
      let written = try writer.write(id)
      let milliseconds = (monotonicNanoseconds() - start) / 1_000_000
      for file in written {
        global.note("\(file.work.rawValue)  \(file.relativePath)  \(size(UInt64(file.size)))  \(milliseconds) ms")
      }
      files += written
    }
    try collectIfDue()
    return files
  }

  /// Keeps the cache within its quota.
  private func collectIfDue() throws {
    let quota = try ContentStore.quota(configured: session.workspace.configuration.cacheQuota)
    guard let summary = try store.collectIfDue(quota: quota), summary.removedBytes > 10 << 20 else { return }
    global.note("the cache was made smaller by \(size(UInt64(summary.removedBytes))): kilt cache du")
  }

  private func size(_ bytes: UInt64) -> String {
    bytes < 10 << 20 ? "\(max(1, bytes >> 10)) KiB" : "\(bytes >> 20) MiB"
  }
}
