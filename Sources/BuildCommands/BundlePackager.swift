// BuildCommands: what kilt's build verbs do. Packaging is here: plan of the graph, wheels of the lock, key of the
// inputs, and a build when that key is new.

internal import Artifacts
internal import Bundles
public import ContentStore
internal import Diagnostics
internal import Digests
internal import SystemSupport
public import TargetGraph
public import Workspace

/// Packs binaries of a workspace into bundles in its output folder `dist`.
public struct BundlePackager {
  private let workspace: Workspace
  private let resolver: DependencyResolver
  private let wheels: PlatformWheels
  private let builder: BundleBuilder
  private let version: SourceVersion
  private let platform = HostPlatform.current

  public init(workspace: Workspace, resolver: DependencyResolver, store: ContentStore, version: SourceVersion) {
    self.workspace = workspace
    self.resolver = resolver
    self.version = version
    wheels = PlatformWheels(workspace, store: store)
    builder = BundleBuilder(store: store)
  }

  /// Packs one binary. A build of inputs that are those of the last build does nothing.
  public func package(_ target: TargetID) throws -> PackagedBundle {
    let plan = try resolver.bundlePlan(for: target)
    let inputs = try BundleInputs(plan, wheels: try wheels.wheels(for: plan), root: workspace.root)
    let relativePath = plan.outputPath.map { "dist/" + $0 } ?? "dist/\(plan.artifact)-\(version.name)-\(platform).pex"
    let path = workspace.root.appending(relativePath)
    try workspace.stateDirectory.create()
    let recordPath = workspace.stateDirectory.path.appending("bundles").appending("\(plan.artifact)-\(platform).json")
    let last = BundleRecord.read(recordPath)
    func packaged(_ bundle: Bundle, _ work: PackagedBundle.Work) -> PackagedBundle {
      PackagedBundle(plan: plan, bundle: bundle, work: work, version: version, relativePath: relativePath)
    }

    if let last, last.key == inputs.key, last.isIntact(at: last.bundle.path) {
      if last.bundle.path == path { return packaged(last.bundle, .unchanged) }
      return packaged(try rename(last, to: path, recordPath), .renamed)
    }
    try FileSystem.createDirectories(path.removingLastComponent())
    let bundle = try builder.build(inputs.specification, to: path)
    try record(bundle, key: inputs.key, at: recordPath)
    if let last, last.bundle.path != path { try removeDirty(last) }
    return packaged(bundle, .built)
  }

  /// Gives the bytes of the last build a further name. A name of uncommitted files goes: what it stood for is no more.
  private func rename(_ last: BundleRecord, to path: FilePath, _ recordPath: FilePath) throws -> Bundle {
    try FileSystem.createDirectories(path.removingLastComponent())
    try FileSystem.copyFile(last.bundle.path, to: path, permissions: 0o755)
    var bundle = last.bundle
    bundle.path = path
    try record(bundle, key: last.key, at: recordPath)
    try removeDirty(last)
    return bundle
  }

  private func record(_ bundle: Bundle, key: SHA256Digest, at path: FilePath) throws {
    let stamp = BundleRecord.stamp(of: try FileSystem.status(of: bundle.path))
    try BundleRecord(key: key, bundle: bundle, stamp: stamp).write(to: path)
  }

  private func removeDirty(_ last: BundleRecord) throws {
    if last.bundle.path.lastComponent?.string.contains(".dirty-") == true {
      try FileSystem.removeFile(last.bundle.path)
    }
  }
}
