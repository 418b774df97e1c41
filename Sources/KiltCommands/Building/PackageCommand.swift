internal import Actions
internal import ArgumentParser
internal import BuildCommands
internal import BuildFiles
internal import Bundles
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import JSON
internal import PythonProjects
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// `kilt package`.
struct PackageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "package", abstract: "Build bundles, archives and distributions into dist/.",
    discussion: """
      Builds each pex_binary into dist/NAME-COMMIT-PLATFORM.pex. If any file differs from the commit, COMMIT ends in \
      ".dirty". An archive takes the name of its directory and target, a wheel its standard name; the field \
      `output_path` sets another name.

      Unchanged targets are not built again.

      --platform builds bundles for other machines: linux_x86_64, linux_aarch64, macos_arm64, or an exact wheel \
      platform such as manylinux_2_17_x86_64. Append a Python version after "@". Each platform gets its own file; to \
      build one file for several platforms, set the `platforms` field of the target.

      EXAMPLES
        kilt package services/fiddler:server
        kilt package --platform linux_aarch64@3.12 services/fiddler:server
        kilt package ::
        kilt package --changed-since=main   everything affected since main
        kilt package report.py              a script with its own metadata (PEP 723)

      EXIT CODES
        0  all targets were built
        1  some targets failed; the others were built, and the output ends with a
           list of the failed ones
        2  invalid usage or input
        3  the environment lacks something
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var output: FormatOption
  @OptionGroup var sandboxes: SandboxOptions

  @Option(
    help: ArgumentHelp(
      "Platform of the bundles, such as linux_aarch64@3.12. Repeatable. Default: this machine's.", valueName: "name"))
  var platform: [String] = []

  @Flag(help: .strict)
  var strict = false

  func run() throws {
    var platforms: [RequestedPlatform] = []
    for platform in try platform.map({ try RequestedPlatform($0) }) where !platforms.contains(platform) {
      platforms.append(platform)
    }
    if let scripts = try ScriptPackage.scripts(targets.specs, global) {
      return try package(scripts, for: platforms.isEmpty ? [nil] : platforms)
    }
    let packaging = try ProductSession(
      global, targets, verb: "package", sandboxes, platforms: platforms, strict: strict)
    if !platforms.isEmpty {
      let version = try SourceVersion(of: packaging.session.workspace)
      var failures = PackageFailures(errors: [], count: packaging.binaries.count * platforms.count)
      let bundles = try packaging.packageAll(of: version, failed: { failures.errors.append(($0, $1)) })
      try report(foreign: bundles)
      try packaging.report(passedOver: strict)
      return try failures.report(packaging.session)
    }
    let (outcomes, failures) = try packaging.packageEverything()
    let works = outcomes.flatMap { $0.files.map(\.work) }
    if works.isEmpty, failures.isEmpty {
      global.note("nothing to do: no target is affected")
    } else if failures.isEmpty, works.allSatisfy({ $0 == .unchanged }) {
      global.note("nothing to do: \(works.count == 1 ? "it is" : "all \(works.count) are") up to date")
    }
    if output.format == .json {
      let root = packaging.session.workspace.root
      let values = try outcomes.flatMap { outcome in
        try outcome.files.map { file -> JSONValue in
          .members([
            "address": .string(packaging.session.name(of: outcome.target)), "path": .string(file.relativePath),
            "sha256": .string(try file.digest(root: root).hex), "size": .int(file.size),
            "work": .string(file.work.rawValue),
          ])
        }
      }
      let failed = failures.errors.map { entry -> JSONValue in
        .members([
          "address": .string(packaging.session.name(of: entry.target)), "path": .null,
          "error": .string(PackageFailures.diagnostics(of: entry.error).map(\.summary).joined(separator: "; ")),
        ])
      }
      writeText(JSONValue.array(values + failed).text(.pretty) + "\n", to: 1)
    }
    try packaging.report(passedOver: strict && failures.isEmpty)
    try failures.report(packaging.session)
  }

  /// Packs scripts with metadata of their own, which need no workspace.
  private func package(
    _ scripts: [(word: String, script: InlineScript)], for platforms: [RequestedPlatform?]
  ) throws {
    let packager = try ScriptPackage(global)
    let pairs = scripts.flatMap { script in platforms.map { (script.word, script.script, $0) } }
    let values = try pairs.map { word, script, platform -> JSONValue in
      let packed = try packager.package(word, script, for: platform)
      for line in packed.bundle.notes { global.note("warning: " + line) }
      global.note("built  \(packed.path)  \(max(1, packed.bundle.bundle.size >> 10)) KiB")
      return .members([
        "address": .string(word), "path": .string(packed.path),
        "sha256": .string(packed.sha256), "size": .int(Int64(packed.bundle.bundle.size)),
        "work": .string(packed.bundle.work.rawValue),
      ])
    }
    if output.format == .json { writeText(JSONValue.array(values).text(.pretty) + "\n", to: 1) }
  }

  private func report(foreign bundles: [BundleProduct]) throws {
    guard output.format == .json else { return }
    let values = try bundles.map { packaged -> JSONValue in
      .members([
        "address": .string(packaged.plan.address.description), "path": .string(packaged.relativePath),
        "platform": packaged.platform.map { .string($0) } ?? .null, "sha256": .string(try packaged.bundle.digest().hex),
        "size": .int(Int64(packaged.bundle.size)), "work": .string(packaged.work.rawValue),
      ])
    }
    writeText(JSONValue.array(values).text(.pretty) + "\n", to: 1)
  }
}

/// What `package` and `publish` share: the selected targets, packed one after the other with a line each.
struct ProductSession {
  let session: WorkspaceSession
  let binaries: [TargetID]
  /// Archives and distributions.
  private let others: [TargetID]
  private let passedOver: PassedOver?
  private let targets: TargetBuilder
  private let store: ContentStore
  private let verb: String
  private let global: GlobalOptions
  private let jobs: Int
  /// What bundles are packed for; empty for what their fields say.
  private let platforms: [RequestedPlatform]

  init(
    _ global: GlobalOptions, _ options: TargetOptions, verb: String, _ sandboxes: SandboxOptions? = nil,
    platforms: [RequestedPlatform] = [], strict: Bool = false
  ) throws {
    self.global = global
    self.platforms = platforms
    jobs = sandboxes?.threads ?? availableProcessors()
    session = try WorkspaceSession(global)
    var options = options
    // A change affects its transitive dependents.
    if options.selectsChanges { options.changedDependents = .transitive }
    let selected = try session.select(options, verb: verb)
    // A plain target represents its dependencies when it is named, not when one of them has changed.
    let graph = session.graph
    let packages =
      !options.selectsChanges
      ? try session.resolver.packages(among: selected)
      : selected.filter { TargetBuilder.isPackageable(graph[$0]) }
    binaries = packages.filter { graph.type(of: $0) == .pexBinary }
    others = platforms.isEmpty ? packages.filter { graph.type(of: $0) != .pexBinary } : []
    let passedOver = verb == "package" ? PassedOver(.package, among: selected, of: graph) : nil
    self.passedOver = passedOver
    self.verb = verb
    // What is published is bundles, and only they can be for other platforms.
    let wanted = verb == "publish" || !platforms.isEmpty ? binaries : packages
    if platforms.count > 1 { try Self.checkPaths(binaries, graph) }
    if wanted.isEmpty, !options.selectsChanges {
      if strict, let passedOver, !passedOver.isEmpty { throw passedOver.failure }
      throw Self.nothingToPack(selected, graph)
    }
    store = try session.contentStore()
    targets = try session.targetBuilder(store: store, kept: sandboxes?.keepSandboxes ?? .never)
  }

  /// Says what was selected and cannot be built; an error with `--strict`.
  func report(passedOver strict: Bool) throws {
    guard let passedOver, !passedOver.isEmpty else { return }
    if strict { throw passedOver.failure }
    global.note("note: " + passedOver.text)
  }

  private static func nothingToPack(_ selected: [TargetID], _ graph: TargetGraph) -> Diagnostic {
    let summary =
      switch selected.count {
      case 0: "no targets are selected"
      case 1:
        "cannot package \"\(graph.address(of: selected[0]))\": kilt package does not support \(graph[selected[0]].typeName) targets"
      default: "none of the \(selected.count) selected targets can be packaged"
      }
    return Diagnostic(
      .input, summary, remedies: ["run `kilt list :: --filter-target-type=pex_binary` to list targets that can"])
  }

  /// A field that names one file cannot name one for each platform.
  private static func checkPaths(_ binaries: [TargetID], _ graph: TargetGraph) throws {
    for binary in binaries where graph[binary].given("output_path") != nil {
      let target = graph[binary]
      throw Diagnostic(
        .input, "cannot build \"\(target.address)\" for several platforms: its `output_path` names a single file",
        at: target.declaration.site.location(field: "output_path"), remedies: ["use `--platform` once per run"])
    }
  }

  /// The binaries of the workspace that are not selected, by address.
  var otherBinaries: [TargetID] {
    let selected = Set(binaries)
    let others = session.graph.allTargets.filter { session.graph.type(of: $0) == .pexBinary && !selected.contains($0) }
    return session.graph.sortedByAddress(others)
  }

  /// The builder of a version's binaries.
  func packager(of version: SourceVersion) -> BundleProductBuilder {
    BundleProductBuilder(
      workspace: session.workspace, resolver: session.resolver, store: store, version: version, targets: targets)
  }

  /// Packs all binaries of a version, for each platform, and reports the result of each.
  ///
  /// - Parameter failed: called with a target that cannot be packed, while the others are; without it, the first one
  ///   ends the run.
  func packageAll(
    of version: SourceVersion, failed: ((TargetID, any Error) -> Void)? = nil,
    _ body: (BundleProduct) throws -> Void = { _ in }
  ) throws -> [BundleProduct] {
    let packager = packager(of: version)
    var bundles: [BundleProduct] = []
    let unprepared = failed == nil ? [:] : targets.prepareAll(binaries, jobs: jobs)
    if failed == nil { try targets.prepare(binaries, jobs: jobs) }
    let platforms: [RequestedPlatform?] = platforms.isEmpty ? [nil] : platforms
    for (binary, platform) in binaries.flatMap({ binary in platforms.map { (binary, $0) } }) {
      let packaged: BundleProduct
      do {
        if let error = unprepared[binary] { throw error }
        packaged = try package(binary, for: platform, packager)
      } catch let error where failed != nil && (error is any DiagnosableError || error is DiagnosticList) {
        failed?(binary, error)
        continue
      }
      try body(packaged)
      bundles.append(packaged)
    }
    try finish()
    return bundles
  }

  /// Packs one binary and reports the result.
  func package(
    _ binary: TargetID, for platform: RequestedPlatform? = nil, _ packager: BundleProductBuilder
  ) throws -> BundleProduct {
    let start = monotonicNanoseconds()
    let packaged = try packager.package(binary, for: platform)
    let milliseconds = (monotonicNanoseconds() - start) / 1_000_000
    for line in Self.warnings(packaged.notes, packaged.bundle.collisions) { global.warn(line) }
    global.note(
      "\(packaged.work.rawValue)  \(packaged.relativePath)  \(size(packaged.bundle.size))  \(milliseconds) ms")
    return packaged
  }

  /// Runs the build steps that some binaries need, several at a time.
  func prepare(_ binaries: [TargetID]) throws { try targets.prepare(binaries, jobs: jobs) }

  /// Prints the final reports, and enforces the cache's quota.
  func finish() throws {
    try session.reportWarnings()
    try collectIfDue()
  }

  /// The unexpected behaviors of a bundle; equal files of several wheels in one line.
  private static func warnings(_ notes: [String], _ collisions: [Bundle.Collision]) -> [String] {
    var lines = notes
    let different = collisions.filter { !$0.isHarmless }
    lines += different.prefix(5).map { "\($0.path) is in \($0.used) and in \($0.hidden); the bundle uses the first" }
    if different.count > 5 { lines.append("\(different.count - 5) more files conflict") }
    let equal = collisions.filter(\.isHarmless)
    if let first = equal.first {
      let more = equal.count > 1 ? ", and so are \(equal.count - 1) more files" : ""
      lines.append("\(first.path) is the same in \(first.used) and in \(first.hidden)\(more)")
    }
    return lines
  }

  /// Builds binaries, archives and distributions unless they are up to date, and reports the result for each of their
  /// files.
  func packageEverything() throws -> (outcomes: [ProductReport], failures: PackageFailures) {
    let packager = ProductBuilder(
      workspace: session.workspace, resolver: session.resolver, store: store, targets: targets)
    var outcomes: [ProductReport] = []
    let all = binaries + others
    let failed = try packager.package(all, jobs: jobs) { outcome in
      for line in Self.warnings(outcome.notes, outcome.collisions) { global.warn(line) }
      for file in outcome.files {
        global.note(
          "\(file.work.rawValue)  \(file.relativePath)  \(size(UInt64(file.size)))  \(outcome.milliseconds) ms")
      }
      outcomes.append(outcome)
    }
    try session.reportWarnings()
    try collectIfDue()
    return (outcomes, PackageFailures(errors: failed, count: all.count))
  }

  /// Keeps the cache within its quota.
  private func collectIfDue() throws {
    let quota = try ContentStore.quota(configured: session.workspace.configuration.cacheQuota)
    guard let summary = try store.collectIfDue(quota: quota), summary.removedBytes > 10 << 20 else { return }
    global.note("removed \(size(UInt64(summary.removedBytes))) from the cache to meet its quota")
  }

  private func size(_ bytes: UInt64) -> String {
    bytes < 10 << 20 ? "\(max(1, bytes >> 10)) KiB" : "\(bytes >> 20) MiB"
  }
}
