internal import BuildFiles
internal import Diagnostics
internal import SystemSupport
internal import Workspace

/// The files that configure pytest and coverage: at the root of a workspace, where as in Pants all tests see them; for tests
/// of Python projects those that pytest itself finds, from the test upwards.
struct TestConfiguration: Sendable {
  /// From the workspace root, sorted.
  var files: [String] = []
  /// Whether one of them belongs to pytest.
  var configuresPytest = false
  /// The working directory of pytest, from the workspace root: the root, or the directory of a project.
  var directory = ""
  /// The arguments that name the file of pytest, where the workspace's configuration does.
  var arguments: [String] = []

  /// Searches for the nearest files at or above a test of a project.
  ///
  /// - Parameters:
  ///   - test: the test's directory, from the workspace root.
  ///   - project: the project's.
  init(
    of test: String, project: String, in root: FilePath, _ testing: WorkspaceConfiguration.Testing, withCoverage: Bool
  ) throws {
    directory = project
    // A file that pants.toml names is one of the root.
    var testing = testing
    testing.pytestConfiguration = nil
    var current = test
    while true {
      let found = try TestConfiguration(
        in: current.isEmpty ? root : root.appending(current), testing, withCoverage: withCoverage)
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

  /// Searches for them at the root, and uses the file that `testing` names.
  init(in root: FilePath, _ testing: WorkspaceConfiguration.Testing, withCoverage: Bool) throws {
    var found: Set<String> = []
    if let file = testing.pytestConfiguration {
      guard try FileSystem.statusIfPresent(of: root.pushing(FilePath(file)), followingLinks: true)?.kind == .file else {
        throw Diagnostic(
          .input, "the configuration of pytest \"\(file)\" does not exist",
          remedies: ["correct config under [pytest] of pants.toml"])
      }
      found.insert(file)
      configuresPytest = true
      arguments = ["-c", file]
    }
    let looks = testing.pytestConfiguration == nil && testing.findsPytestConfiguration
    for (name, mark) in PytestFiles.ofPytest where try looks && Self.isMeant(name, mark, in: root) {
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
