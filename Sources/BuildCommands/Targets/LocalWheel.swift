internal import Actions
internal import BuildFiles
public import ContentStore
internal import Diagnostics
internal import Digests
public import SystemSupport
internal import TargetGraph
internal import Zip

/// The wheel of a `python_distribution` of the workspace.
public struct LocalWheel: Sendable {
  /// As in ``WheelFileName``.
  public var fileName: String
  public var content: BlobReference
  /// Its digest in the store.
  public var path: FilePath
  /// The files in it, from `site-packages`: code that has the wheel does not need them as sources.
  public var members: [String]
}

extension TargetBuilder {
  /// Builds the wheel of a distribution.
  ///
  /// - Parameter user: the target that needs it, for messages.
  func localWheel(of id: TargetID, for user: Address) throws -> LocalWheel {
    let files = try package(of: id).files
    guard let path = files.tree.paths.first(where: { $0.hasSuffix(".whl") }),
      case .file(let content, _)? = files.tree[path]
    else {
      throw Diagnostic(
        .input, "\"\(user)\" depends on \"\(graph[id].address)\", which does not build a wheel",
        at: graph[id].declaration.site.location(field: "wheel"), remedies: ["remove wheel=False"])
    }
    let name = Paths.lastComponent(path)
    try store.require(content.digest)
    let file = store.path(of: content.digest)
    return LocalWheel(
      fileName: name, content: content, path: file, members: try ZipArchive(path: file, name: name).members.map(\.name))
  }
}
