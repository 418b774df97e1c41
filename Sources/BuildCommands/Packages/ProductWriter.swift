internal import Actions
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import SystemSupport
public import TargetGraph
public import Workspace

/// Writes products other than bundles into the output directory `dist`: archives, distributions, generated files.
public struct ProductWriter {
  private let workspace: Workspace
  private let targets: TargetBuilder

  /// Writes the products of a builder.
  public init(workspace: Workspace, targets: TargetBuilder) {
    self.workspace = workspace
    self.targets = targets
  }

  /// Builds a target's product and writes the missing files.
  public func write(_ id: TargetID) throws -> [ProductReport.File] {
    let package = try targets.package(of: id)
    return try write(package.files, below: "dist", as: package.wasCached ? .cached : .built)
  }

  /// Builds the files of a target and writes the missing ones, at their paths from the workspace root below
  /// `dist/codegen`.
  public func writeGenerated(_ id: TargetID) throws -> [ProductReport.File] {
    try write(try targets.files(of: id), below: "dist/codegen", as: .built)
  }

  private func write(
    _ files: ActionInputs, below folder: String, as made: BundleProduct.Work
  ) throws -> [ProductReport.File] {
    let output = workspace.root.appending(folder)
    try workspace.createOutputFolder(output)
    var written: [ProductReport.File] = []
    for path in files.tree.paths {
      guard case .file(let content, let isExecutable)? = files.tree[path] else { continue }
      let target = output.pushing(FilePath(path))
      var work = BundleProduct.Work.unchanged
      if try !isThere(content, isExecutable: isExecutable, target) {
        try workspace.createOutputFolder(target.removingLastComponent())
        try FileSystem.copyFile(
          try files.location(of: content, in: targets.store), to: target, permissions: isExecutable ? 0o755 : 0o644)
        work = made
      }
      written.append(
        .init(relativePath: "\(folder)/\(path)", sha256: content.digest, size: content.size, work: work))
    }
    return written
  }

  private func isThere(_ content: BlobReference, isExecutable: Bool, _ path: FilePath) throws -> Bool {
    guard let status = try FileSystem.statusIfPresent(of: path), status.kind == .file, status.size == content.size,
      status.isExecutable == isExecutable
    else {
      return false
    }
    return try SHA256Digest.ofFile(path).digest == content.digest
  }
}
