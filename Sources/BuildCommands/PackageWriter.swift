internal import Actions
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import SystemSupport
public import TargetGraph
public import Workspace

/// Puts packages that are no bundles, archives and distributions, into the output folder `dist`.
public struct PackageWriter {
  private let workspace: Workspace
  private let targets: TargetBuilder

  /// Writes what a builder builds.
  public init(workspace: Workspace, targets: TargetBuilder) {
    self.workspace = workspace
    self.targets = targets
  }

  /// Builds a target's package and writes what is not there yet.
  public func write(_ id: TargetID) throws -> [PackageOutcome.File] {
    let package = try targets.package(of: id)
    let dist = workspace.root.appending("dist")
    try workspace.createOutputFolder(dist)
    var written: [PackageOutcome.File] = []
    for path in package.files.tree.paths {
      guard case .file(let content, let isExecutable)? = package.files.tree[path] else { continue }
      let target = dist.pushing(FilePath(path))
      var work = PackagedBundle.Work.unchanged
      if try !isThere(content, target) {
        try FileSystem.createDirectories(target.removingLastComponent())
        try FileSystem.copyFile(
          package.files.location(of: content, in: targets.store), to: target, permissions: isExecutable ? 0o755 : 0o644)
        work = package.wasCached ? .cached : .built
      }
      written.append(
        .init(relativePath: "dist/" + path, sha256: content.digest, size: content.size, work: work))
    }
    return written
  }

  private func isThere(_ content: BlobReference, _ path: FilePath) throws -> Bool {
    guard let status = try FileSystem.statusIfPresent(of: path), status.kind == .file, status.size == content.size
    else {
      return false
    }
    return try SHA256Digest.ofFile(path).digest == content.digest
  }
}
