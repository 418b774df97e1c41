internal import BuildFiles
internal import Bundles
public import ContentStore
internal import Diagnostics
internal import Digests
internal import SystemSupport
public import TargetGraph
public import Workspace

/// Builds products of any kind into the output directory. Does not examine products that the state knows to be up to
/// date.
public struct ProductBuilder {
  private let workspace: Workspace
  private let store: ContentStore
  private let targets: TargetBuilder
  private let writer: ProductWriter
  private let memory: ProductFreshness?
  private let graph: TargetGraph
  private let resolver: DependencyResolver

  /// - Parameter targets: builds the inputs of a product first.
  public init(workspace: Workspace, resolver: DependencyResolver, store: ContentStore, targets: TargetBuilder) {
    self.workspace = workspace
    self.resolver = resolver
    graph = resolver.graph
    self.store = store
    self.targets = targets
    writer = ProductWriter(workspace: workspace, targets: targets)
    memory = ProductFreshness(workspace, resolver, targets.wheels)
  }

  /// Builds the products of targets: first their build steps side by side, then one product after the other. A target
  /// that cannot be built does not stop the others.
  ///
  /// - Parameters:
  ///   - jobs: the maximum number of parallel build steps.
  ///   - body: called with each finished product.
  /// - Returns: the targets that cannot be built, in their order, with their errors.
  /// - Throws: an error that stops all builds, such as a full disk; the errors of `body`.
  public func package(
    _ ids: [TargetID], jobs: Int, _ body: (ProductReport) throws -> Void
  ) throws -> [(target: TargetID, error: any Error)] {
    // In one walk: the closures', and those that git would check in addition.
    try SourceVersion.lookAtFiles(resolver)
    memory?.begin(ids)
    let version = try SourceVersion(of: workspace, resolver)
    let bundles = BundleProductBuilder(
      workspace: workspace, resolver: resolver, store: store, version: version, targets: targets)
    // What was done before an error is remembered as well.
    defer { resolver.save() }
    var known: [TargetID: ProductReport] = [:]
    var shared: [TargetID: any Error] = graph.sharedOutputs(of: ids).mapValues { $0 as any Error }
    for id in ids {
      do { try graph.checkEnvironment(of: id) } catch { shared[id] = error }
    }
    for id in ids where shared[id] == nil {
      if let record = try memory?.recall(id) { known[id] = try bring(id, record, bundles) }
    }
    let failures = targets.prepareAll(ids.filter { known[$0] == nil && shared[$0] == nil }, jobs: jobs)
    var failed: [(target: TargetID, error: any Error)] = []
    for id in ids {
      let start = monotonicNanoseconds()
      var outcome: ProductReport
      do {
        if let failure = shared[id] { throw failure }
        if let failure = failures[id] { throw failure }
        outcome = try known[id] ?? (graph.type(of: id) == .pexBinary ? bundle(id, bundles) : package(ofOther: id))
      } catch let error where error is any DiagnosableError || error is DiagnosticList {
        failed.append((id, error))
        continue
      }
      outcome.milliseconds = Int64(monotonicNanoseconds() - start) / 1_000_000
      try body(outcome)
    }
    return failed
  }

  /// Ensures that the recorded product has its name; nil if a file has changed.
  private func bring(_ id: TargetID, _ record: ProductRecord, _ bundles: BundleProductBuilder) throws -> ProductReport?
  {
    var outcome = ProductReport(target: id, files: [], notes: record.notes)
    if let artifact = record.artifact, let file = record.files.first, file.path != bundles.relativePath(artifact) {
      guard let bundle = try bundles.rename(artifact, key: file.identity) else { return nil }
      outcome.files = [
        .init(relativePath: bundles.relativePath(artifact), size: Int64(bundle.size), work: .renamed)
      ]
      try remember(outcome, artifact: artifact, key: file.identity)
      return outcome
    }
    for file in record.files {
      guard file.isIntact(workspace.root) else { return nil }
      let isBundle = graph.type(of: id) == .pexBinary
      outcome.files.append(
        .init(
          relativePath: file.path, sha256: isBundle ? nil : file.identity, size: file.size, work: .unchanged))
    }
    return outcome
  }

  private func bundle(_ id: TargetID, _ bundles: BundleProductBuilder) throws -> ProductReport {
    let packaged = try bundles.package(id)
    let file = ProductReport.File(
      relativePath: packaged.relativePath, size: Int64(packaged.bundle.size), work: packaged.work)
    let outcome = ProductReport(
      target: id, files: [file], notes: packaged.notes, collisions: packaged.bundle.collisions)
    try remember(
      outcome, artifact: packaged.plan.outputPath == nil ? packaged.plan.artifact : nil, key: packaged.key)
    return outcome
  }

  private func package(ofOther id: TargetID) throws -> ProductReport {
    let outcome = ProductReport(target: id, files: try writer.write(id))
    try remember(outcome, artifact: nil, key: nil)
    return outcome
  }

  /// - Parameter key: of a bundle.
  private func remember(_ outcome: ProductReport, artifact: String?, key: SHA256Digest?) throws {
    guard let memory else { return }
    let files = try outcome.files.map { file in
      ProductRecord.File(
        path: file.relativePath, identity: try key ?? file.digest(root: workspace.root), size: file.size,
        stamp: try BundleBuildRecord.stamp(of: workspace.root.appending(file.relativePath)))
    }
    try memory.remember(outcome.target, artifact: artifact, files: files, notes: outcome.notes)
  }
}
