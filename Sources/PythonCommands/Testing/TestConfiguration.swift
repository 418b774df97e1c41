internal import SystemSupport
internal import Workspace

/// The files at the root of a workspace that configure pytest and coverage. As in Pants, all tests see them.
struct TestConfiguration: Sendable {
  /// From the workspace root, sorted.
  var files: [String] = []
  /// Whether one of them is pytest's.
  var configuresPytest = false

  /// Looks for them at the root.
  init(in root: FilePath, withCoverage: Bool) throws {
    var found: Set<String> = []
    for (name, mark) in PytestFiles.ofPytest where try Self.isMeant(name, mark, in: root) {
      found.insert(name)
      configuresPytest = true
    }
    if withCoverage {
      for (name, mark) in PytestFiles.ofCoverage where try Self.isMeant(name, mark, in: root) { found.insert(name) }
    }
    files = found.sorted()
  }

  private static func isMeant(_ name: String, _ mark: String, in root: FilePath) throws(SystemCallError) -> Bool {
    let path = root.appending(name)
    guard try FileSystem.statusIfPresent(of: path, followingLinks: true)?.kind == .file else { return false }
    if mark.isEmpty { return true }
    let text = String(decoding: try FileSystem.read(path), as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).contains { $0.hasPrefix(mark) }
  }
}
