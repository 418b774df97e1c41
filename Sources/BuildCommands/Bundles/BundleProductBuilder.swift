// BuildCommands: the build commands of kilt. This file packs bundles: the plan of the graph, the wheels of the
// lockfile, the key of the inputs, and a build if that key is new.

internal import Actions
internal import Artifacts
internal import Bundles
public import ContentStore
internal import Diagnostics
public import Digests
internal import SystemSupport
public import TargetGraph
public import Workspace

/// Packs binaries of a workspace into bundles in its output directory `dist`.
public struct BundleProductBuilder {
  private let workspace: Workspace
  private let resolver: DependencyResolver
  private let targets: TargetBuilder
  private let builder: BundleBuilder
  private let version: SourceVersion
  private let platform = ArtifactPlatform.current

  /// - Parameter targets: builds the inputs of a bundle first; a separate builder by default.
  public init(
    workspace: Workspace, resolver: DependencyResolver, store: ContentStore, version: SourceVersion,
    targets: TargetBuilder? = nil
  ) {
    self.workspace = workspace
    self.resolver = resolver
    self.version = version
    self.targets =
      targets
      ?? TargetBuilder(
        workspace: workspace, resolver: resolver, store: store, runner: ActionRunner(store: store))
    builder = self.targets.bundleBuilder
  }

  /// Packs one binary. A build of inputs that are those of the last build does nothing.
  ///
  /// - Parameter foreign: the one platform that it is packed for, whatever its fields say; nil for what they say.
  public func package(_ target: TargetID, for foreign: RequestedPlatform? = nil) throws -> BundleProduct {
    try resolver.graph.checkEnvironment(of: target)
    let plan = try resolver.bundlePlan(for: target)
    let fields = try BundleFields(
      resolver.graph[target], isForPants: workspace.configuration.isForPants,
      warns: workspace.configuration.emitsPexWarnings ?? true)
    let inputs = try targets.bundleInputs(plan, fields, platform: foreign)
    let platform = foreign?.fileName
    let relativePath = plan.outputPath.map { "dist/" + $0 } ?? relativePath(plan.artifact, platform)
    let path = workspace.root.appending(relativePath)
    let (bundle, work) = try alone(plan.artifact, platform) { recordPath in
      let brought = try bring(path, to: inputs, plan, recordPath)
      if brought.1 == .built { try BuildHistory(workspace).record(inputs.inputs, of: plan.address) }
      return brought
    }
    return BundleProduct(
      plan: plan, platform: foreign?.text, bundle: bundle, key: inputs.key, work: work,
      wheels: inputs.specification.wheels.map { ($0.fileName, $0.sha256.hex) }, version: version,
      relativePath: relativePath,
      notes: fields.notes + plan.unpackedNotes(in: resolver.graph) + (try fields.sizeNotes(bundle, plan.address)))
  }

  /// The default path of an artifact's bundle, from the workspace root.
  ///
  /// - Parameter foreign: the name of a platform other than this machine's.
  func relativePath(_ artifact: String, _ foreign: String? = nil) -> String {
    "dist/\(artifact)-\(version.name)-\(foreign ?? platform.text).pex"
  }

  /// Renames the last bundle of an artifact for this version.
  ///
  /// - Parameter key: of the inputs of the wanted bundle.
  /// - Returns: nil if the existing bundle differs, or is a directory, which is built again.
  func rename(_ artifact: String, key: SHA256Digest) throws -> Bundle? {
    try alone(artifact) { recordPath in
      guard let last = BundleBuildRecord.read(recordPath, root: workspace.root), last.key == key,
        last.bundle.layout == .zipapp, last.isIntact
      else { return nil }
      let path = workspace.root.appending(relativePath(artifact))
      return last.bundle.path == path ? last.bundle : try rename(last, to: path, recordPath)
    }
  }

  /// One build of an artifact at a time: the second finds the result of the first.
  private func alone<Result>(
    _ artifact: String, _ foreign: String? = nil, _ body: (FilePath) throws -> Result
  ) throws -> Result {
    try workspace.stateDirectory.create()
    let folder = workspace.stateDirectory.path.appending("bundles")
    try FileSystem.createDirectories(folder)
    let lock = try FileLock(waitingFor: folder.appending(".\(artifact).lock"))
    let result = try body(folder.appending("\(artifact)-\(foreign ?? platform.text).json"))
    _ = consume lock
    return result
  }

  /// The current inputs of a binary's bundle, by name.
  public func inputs(of target: TargetID) throws -> InputList {
    try targets.bundleInputs(try resolver.bundlePlan(for: target)).inputs
  }

  /// The inputs of a binary's bundle, and the key that identifies them: equal keys produce equal bytes.
  public func key(of target: TargetID) throws -> (plan: BundlePlan, inputs: SHA256Digest) {
    let plan = try resolver.bundlePlan(for: target)
    return (plan, try targets.bundleInputs(plan).key)
  }

  /// Ensures that the bundle of these inputs is at a path, with the necessary work.
  private func bring(
    _ path: FilePath, to inputs: BundleKeyInputs, _ plan: BundlePlan, _ recordPath: FilePath
  ) throws -> (Bundle, BundleProduct.Work) {
    let last = BundleBuildRecord.read(recordPath, root: workspace.root)
    let isIntact = last?.isIntact == true
    if let last, last.key == inputs.key, isIntact {
      if last.bundle.path == path { return (last.bundle, .unchanged) }
      // A directory is built again: it consists mostly of hard links or copies in either case.
      if last.bundle.layout == .zipapp { return (try rename(last, to: path, recordPath), .renamed) }
    }
    try inputs.checkScript(of: plan, in: resolver.graph)
    try workspace.createOutputFolder(path.removingLastComponent())
    let isReusable = isIntact && last?.format == BundleBuilder.formatDigest
    let bundle = try targets.runner.step {
      try builder.build(inputs.specification, to: path, reusing: isReusable ? last?.bundle : nil)
    }
    try record(bundle, key: inputs.key, at: recordPath)
    if let last, last.bundle.path != path { try removeDirty(last) }
    return (bundle, .built)
  }

  /// Gives the bytes of the last build another name. Removes a name of uncommitted files, because its state is gone.
  private func rename(_ last: BundleBuildRecord, to path: FilePath, _ recordPath: FilePath) throws -> Bundle {
    try workspace.createOutputFolder(path.removingLastComponent())
    try FileSystem.copyFile(last.bundle.path, to: path, permissions: 0o755, durability: .remakeable)
    var bundle = last.bundle
    bundle.path = path
    try record(bundle, key: last.key, at: recordPath)
    try removeDirty(last)
    return bundle
  }

  private func record(_ bundle: Bundle, key: SHA256Digest, at path: FilePath) throws {
    try BundleBuildRecord(key: key, bundle: bundle, stamp: try BundleBuildRecord.stamp(of: bundle.path)).write(
      to: path, root: workspace.root)
  }

  private func removeDirty(_ last: BundleBuildRecord) throws {
    guard last.bundle.path.lastComponent?.string.contains(".dirty-") == true else { return }
    // The user can have removed it before, which is not an error.
    try FileSystem.removeTree(last.bundle.path)
  }
}
