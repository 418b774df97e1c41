public import Artifacts
internal import BuildFiles
internal import Bundles
internal import Diagnostics
public import Digests
internal import Glibc
internal import JSON
internal import SystemSupport
public import TargetGraph
public import Workspace

/// Publishes bundles under the commit that is checked out.
///
/// `begin` reads the index of the branch, `publish` and `inherit` store one manifest for each binary, and `finish` writes
/// the index.
public final class BundlePublisher {
  private let workspace: Workspace
  private let repository: Repository
  private let version: SourceVersion
  private let signer: (any ManifestSigner)?
  public let source: PublicationSource
  private let commit: Commit
  private let platform = ArtifactPlatform.current
  private var index: BranchIndex?
  private var recorded: [(name: ArtifactName, packed: BranchIndex.Packed)] = []
  private var lockfiles: [String: SHA256Digest] = [:]
  /// Whether everything is compared and nothing stored.
  public var isDryRun = false
  /// Called with bytes as they are uploaded.
  public var progress: (@Sendable (TransferProgress) -> Void)?

  /// - Throws: `Diagnostic` when files differ from the commit: a commit's artifact contains the commit's files.
  public init(
    workspace: Workspace, repository: Repository, version: SourceVersion, signer: (any ManifestSigner)? = nil
  ) throws {
    self.workspace = workspace
    self.repository = repository
    self.version = version
    self.signer = signer
    source = try PublicationSource(of: workspace, version: version)
    guard let commit = Commit(source.commit) else {
      throw Diagnostic(.defect, "git named the commit \"\(source.commit)\", which is not a full object name")
    }
    self.commit = commit
  }

  /// Reads the index of the branch, or the main branch's if nothing was published from this one yet.
  public func begin() throws {
    if repository.isAbsent { return }
    for name in [source.branch, workspace.configuration.mainBranch] {
      guard index == nil, let branch = name.flatMap({ BranchName($0) }) else { continue }
      index = try repository.branchIndex(branch, platform: platform)
    }
  }

  /// Publishes a bundle that was packed. Doing it again changes nothing.
  ///
  /// - Throws: `Diagnostic` when files were changed, or another commit checked out, while it was packed: the bundle may
  ///   mix both.
  public func publish(_ packaged: BundleProduct) throws -> (manifest: Manifest, outcome: PublishOutcome) {
    let bundle = packaged.bundle
    guard bundle.layout == .zipapp else { throw Self.notOneFile(packaged) }
    var manifest = try manifest(packaged.plan, inputs: packaged.key)
    let (key, address) = (manifest.key, packaged.plan.address.description)
    // git is asked while the artifact repository answers.
    let (unchanged, known) = performBeside(
      { [workspace, version] in Result { try Self.requireUnchanged(address, version, workspace) } },
      { Result { () throws(ArtifactError) in try self.known(key.name) } })
    try unchanged.get()
    manifest.segments = try BundleSegments(of: bundle).segments
    manifest.digest = Manifest.treeDigest(of: manifest.segments)
    manifest.size = Int64(bundle.size)
    if !bundle.pythonMinors.isEmpty {
      manifest.provenance["pythons"] = .strings(bundle.pythonMinors.map { "3.\($0)" })
    }
    do throws(ArtifactError) {
      var options = PublishOptions(signer: signer, known: try known.get(), progress: progress)
      options.isDryRun = isDryRun
      let components = packaged.wheels.compactMap { BillOfMaterials.Component(wheel: $0.fileName, sha256: $0.sha256) }
      let bill = BillOfMaterials(artifact: manifest.key.name, components: components).bytes
      manifest.sbom = Manifest.Attachment(digest: .of(bill), size: Int64(bill.count))
      options.sbom = bill
      let outcome = try repository.publish(manifest, file: bundle.path, options: options)
      record(manifest, origin: commit)
      return (manifest, outcome)
    } catch {
      throw try explained(error, manifest, packaged)
    }
  }

  /// Publishes a binary without packing it, if the index knows the file that was built from the same inputs.
  ///
  /// - Parameter inputs: the digest of everything that the bundle's bytes depend on.
  /// - Returns: nil if no file of these inputs is known: the bundle has to be packed.
  public func inherit(
    _ plan: BundlePlan, inputs: SHA256Digest
  ) throws -> (manifest: Manifest, outcome: PublishOutcome)? {
    let name = try ArtifactName(validating: plan.artifact)
    guard let packed = index?.packed(name, inputs: inputs), packed.commit != commit else { return nil }
    try Self.requireUnchanged(plan.address.description, version, workspace)
    var manifest = try manifest(plan, inputs: inputs)
    manifest.origin = packed.commit
    manifest.digest = packed.digest
    manifest.size = packed.size
    let outcome = try repository.publish(inherited: manifest, signer: signer, isDryRun: isDryRun)
    record(manifest, origin: packed.commit)
    return (manifest, outcome)
  }

  /// Writes the index of the branch, if the git remote's branch has the commit. In a git repository without a remote the
  /// local branch counts.
  public func finish() throws {
    guard !recorded.isEmpty, let branch = source.branch.flatMap({ BranchName($0) }),
      source.pushed.contains(branch.text) || !source.hasRemote
    else { return }
    let (recorded, commit) = (recorded, commit)
    var isNewer: [Commit: Bool] = [:]
    let git = workspace.git
    try repository.updateIndex(of: branch, platform: platform) { index in
      for (name, packed) in recorded {
        index.record(name, commit: commit, packed: packed) { other in
          if let known = isNewer[other] { return known }
          let result = Self.isNewer(commit, than: other, git)
          isNewer[other] = result
          return result
        }
      }
    }
  }

  /// Whether the commit comes after another commit on the branch. If history does not tell, as in a shallow clone or
  /// after a force push, the commit that CI sees now is the newer one, unless it is an ancestor.
  private static func isNewer(_ commit: Commit, than other: Commit, _ git: GitRepository) -> Bool {
    do {
      return try !git.isAncestor(commit.text, of: other.text)
    } catch {
      return true
    }
  }

  private func record(_ manifest: Manifest, origin: Commit) {
    guard let inputs = manifest.inputs else { return }
    recorded.append(
      (
        manifest.key.name,
        BranchIndex.Packed(inputs: inputs, commit: origin, digest: manifest.digest, size: manifest.size)
      ))
  }

  /// The blobs of the artifact's last build: they need not be asked for one by one.
  private func known(_ name: ArtifactName) throws(ArtifactError) -> Set<SHA256Digest> {
    guard let last = index?.entries[name]?.packed.first, last.commit != commit,
      let manifest = try repository.manifest(ManifestKey(name: name, commit: last.commit, platform: platform))
    else { return [] }
    return Set(manifest.segments.map(\.digest))
  }

  private static func requireUnchanged(
    _ address: String, _ version: SourceVersion, _ workspace: Workspace
  ) throws {
    let now = try SourceVersion(of: workspace)
    guard now == version else {
      throw Diagnostic(
        .input, "the workspace was changed while \"\(address)\" was packed",
        notes: now.dirtyFiles.isEmpty ? ["the commit is now \(now.name)"] : Array(now.dirtyFiles.prefix(10)),
        remedies: ["publish again when no file differs from the commit"])
    }
  }

  /// The facts of a binary at this commit, without its file.
  private func manifest(_ plan: BundlePlan, inputs: SHA256Digest) throws -> Manifest {
    var manifest = Manifest(
      key: ManifestKey(name: try ArtifactName(validating: plan.artifact), commit: commit, platform: platform),
      size: 0, segments: [], entryPoint: plan.entryPoint.map(Self.text),
      interpreterConstraints: plan.interpreterConstraints, branch: source.branch, isClean: true, pushed: source.pushed,
      isOnMain: source.isOnMain, builder: "kilt \(kiltVersion)", created: wallClockNanoseconds() / 1_000_000_000)
    manifest.inputs = inputs
    manifest.target = plan.address.description
    manifest.buildURL = source.buildURL
    manifest.lockfile = try lockfile(of: plan)
    return manifest
  }

  private func lockfile(of plan: BundlePlan) throws -> SHA256Digest? {
    guard !plan.requirements.isEmpty, let path = plan.lockfile else { return nil }
    if let digest = lockfiles[path] { return digest }
    let digest = try SHA256Digest.ofFile(workspace.root.appending(path)).digest
    lockfiles[path] = digest
    return digest
  }

  /// An artifact is one file.
  private static func notOneFile(_ packaged: BundleProduct) -> Diagnostic {
    let layout = packaged.bundle.layout.rawValue
    return Diagnostic(
      .input, "\"\(packaged.plan.address)\" has the layout \(layout), a directory: only a single file can be published",
      notes: ["it was built, as \(packaged.relativePath)"],
      remedies: [
        "remove layout=\"\(layout)\" from \"\(packaged.plan.address)\", or publish a second pex_binary without it"
      ])
  }

  /// A conflict because of wheels for another Python names the cause and the remedy.
  private func explained(
    _ error: ArtifactError, _ manifest: Manifest, _ packaged: BundleProduct
  ) throws(ArtifactError) -> any DiagnosableError {
    guard case .conflict = error, let published = try repository.manifest(manifest.key),
      let theirs = published.provenance["pythons"]?.strings, let ours = manifest.provenance["pythons"]?.strings,
      theirs != ours
    else { return error }
    var diagnostic = error.diagnostic
    diagnostic.notes.append(
      "the published one has wheels for Python \(theirs.joined(separator: ", ")), this one for "
        + ours.joined(separator: ", ") + ", the first that was found here")
    diagnostic.remedies = [
      "add version = \"\(theirs[0])\" under [python] in \(workspace.configuration.path), so that every machine builds "
        + "bundles for the same Python; or constrain \"\(packaged.plan.address)\" with "
        + "interpreter_constraints=[\"CPython==\(theirs[0]).*\"]"
    ]
    return diagnostic
  }

  private static func text(_ entryPoint: BundleEntryPoint) -> String {
    switch entryPoint {
    case .module(let module, let function): module + (function.map { ":" + $0 } ?? "")
    case .script(let name), .executable(let name, _): name
    }
  }
}
