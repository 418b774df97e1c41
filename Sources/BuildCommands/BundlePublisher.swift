public import Artifacts
internal import BuildFiles
internal import Bundles
internal import Diagnostics
internal import Digests
internal import Glibc
internal import JSON
internal import SystemSupport
internal import TargetGraph
public import Workspace

/// Publishes packaged bundles under the commit they are of.
public struct BundlePublisher {
  private let workspace: Workspace
  private let repository: Repository
  private let commit: Commit
  private let branch: String?
  private let isOnMain: Bool
  private let version: SourceVersion

  /// - Throws: `Diagnostic` when files differ from the commit: what is published is what its name says.
  public init(workspace: Workspace, repository: Repository, version: SourceVersion) throws {
    self.workspace = workspace
    self.repository = repository
    self.version = version
    let clean = try version.requireClean()
    guard let commit = Commit(clean) else {
      throw Diagnostic(.defect, "git named the commit \"\(clean)\", which is no full object name")
    }
    self.commit = commit
    branch = try workspace.git.currentBranch()
    do {
      isOnMain = try workspace.git.isAncestor(clean, ofBranch: workspace.configuration.mainBranch)
    } catch GitError.unknownRevision {
      // No main branch here, as in a shallow clone: production is then refused, and says why.
      isOnMain = false
    }
  }

  /// Publishes one bundle; doing it again changes nothing.
  ///
  /// - Throws: `Diagnostic` when files were changed, or another commit checked out, while it was packed: which of both
  ///   it was made of is then not known.
  public func publish(_ packaged: PackagedBundle) throws -> (manifest: Manifest, outcome: PublishOutcome) {
    let now = try SourceVersion(of: workspace)
    guard now == version else {
      throw Diagnostic(
        .input, "the workspace was changed while \"\(packaged.plan.address)\" was packed",
        notes: now.dirtyFiles.isEmpty ? ["the commit is now \(now.name)"] : Array(now.dirtyFiles.prefix(10)),
        remedies: ["publish again from a clean tree"])
    }
    let bundle = packaged.bundle
    let plan = packaged.plan
    guard bundle.layout == .zipapp else { throw Self.notOneFile(packaged) }
    let manifest = Manifest(
      key: ManifestKey(
        name: try ArtifactName(validating: plan.artifact), commit: commit, platform: HostPlatform.current),
      digest: try bundle.digest(), size: Int64(bundle.size),
      segments: bundle.segments.map {
        Manifest.Segment(kind: $0.kind.rawValue, name: $0.name, digest: $0.sha256, size: Int64($0.size))
      },
      entryPoint: plan.entryPoint.map(Self.text), interpreterConstraints: plan.interpreterConstraints, branch: branch,
      isOnMain: isOnMain, builder: "kilt \(kiltVersion)", created: wallClockNanoseconds() / 1_000_000_000,
      provenance: provenance(of: packaged))
    do throws(ArtifactError) {
      return (manifest, try repository.publish(manifest, file: bundle.path))
    } catch {
      throw try explained(error, manifest, packaged)
    }
  }

  /// What a repository holds is one file each.
  private static func notOneFile(_ packaged: PackagedBundle) -> Diagnostic {
    let layout = packaged.bundle.layout.rawValue
    return Diagnostic(
      .input, "\"\(packaged.plan.address)\" has the layout \(layout), a directory: what is published is one file",
      notes: ["it is packed, as \(packaged.relativePath)"],
      remedies: [
        "remove layout=\"\(layout)\" from \"\(packaged.plan.address)\", or publish a second pex_binary without it"
      ])
  }

  private func provenance(of packaged: PackagedBundle) -> JSONObject {
    var object = JSONObject([("target", .string(packaged.plan.address.description))])
    let minors = packaged.bundle.pythonMinors
    if !minors.isEmpty { object["pythons"] = .strings(minors.map { "3.\($0)" }) }
    return object
  }

  /// A conflict that comes from wheels for another Python says so, and what settles it.
  private func explained(
    _ error: ArtifactError, _ manifest: Manifest, _ packaged: PackagedBundle
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
      "add version = \"\(theirs[0])\" under [python] in \(workspace.configuration.path), so that every machine makes "
        + "bundles for the same Python; or constrain \"\(packaged.plan.address)\" with "
        + "interpreter_constraints=[\"CPython==\(theirs[0]).*\"]"
    ]
    return diagnostic
  }

  private static func text(_ entryPoint: EntryPoint) -> String {
    switch entryPoint {
    case .module(let module, let function): module + (function.map { ":" + $0 } ?? "")
    case .script(let name), .executable(let name, _): name
    }
  }
}
