internal import Artifacts
internal import Diagnostics
internal import SystemSupport
internal import Workspace

extension Workspace {
  /// The artifact repository of the workspace as an address that means the same from any directory: a relative path of
  /// kilt.toml is relative to that file. Nil if none is configured.
  var repositoryLocation: String? {
    guard let url = configuration.repositoryURL else { return nil }
    let path = url.hasPrefix("file:") ? url.dropFirst(5) : Substring(url)
    if url.hasPrefix("file:///") || path.hasPrefix("/") { return url }
    let isPath = url.hasPrefix("file:") || !url.contains("://")
    return isPath ? root.appending(String(path)).string : url
  }

  /// The artifact repository of, in this order: `override` of the command line, `KILT_REPOSITORY`, `kilt.toml`.
  func repository(override: String? = nil) throws -> Repository {
    let variable = environmentVariable("KILT_REPOSITORY").flatMap { $0.isEmpty ? nil : $0 }
    guard let location = override ?? variable ?? repositoryLocation else {
      throw Diagnostic(
        .input, "no artifact repository is configured",
        remedies: ["add to kilt.toml:\n[repository]\nurl = \"file:.kilt/repository\""])
    }
    return try Repository(opening: location, relativeTo: root)
  }
}
