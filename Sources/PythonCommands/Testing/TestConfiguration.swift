internal import BuildFiles
internal import SystemSupport
internal import Workspace

/// The files that configure pytest and coverage: at the root of a workspace, where as in Pants all tests see them; for tests
/// of Python projects those that pytest itself finds, from the test upwards.
struct TestConfiguration: Sendable {
  /// From the workspace root, sorted.
  var files: [String] = []
  /// Whether one of them is pytest's.
  var configuresPytest = false
  /// Where pytest runs, from the workspace root: the root, or the directory of a project.
  var directory = ""

  /// Looks for the nearest ones at or above a test of a project.
  ///
  /// - Parameters:
  ///   - test: the test's directory, from the workspace root.
  ///   - project: the project's.
  init(of test: String, project: String, in root: FilePath, withCoverage: Bool) throws {
    directory = project
    var current = test
    while true {
      let found = try TestConfiguration(
        in: current.isEmpty ? root : root.appending(current), withCoverage: withCoverage)
      if found.configuresPytest || (files.isEmpty && current == project) {
        files += found.files.map { Paths.join(current, $0) }
      }
      if found.configuresPytest {
        configuresPytest = true
        // A test below its project's configuration runs where the project is.
        if !Paths.contains(current, project) { directory = project }
        return
      }
      if current.isEmpty { return }
      current = Paths.parent(current)
    }
  }

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
