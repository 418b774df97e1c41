import SystemSupport
import Testing

@testable import PythonPackaging

/// A project that builds without a network: its build backend (PEP 517) is a file of its own, and needs nothing. No two
/// builds of it give the same bytes.
enum SourceProject {
  /// Writes a project into a folder.
  ///
  /// - Parameters:
  ///   - requires: its `Requires-Dist` lines.
  ///   - tag: what its wheel is for.
  ///   - building: Python that runs when its wheel is built.
  static func write(
    _ name: String, _ version: String, to folder: FilePath, requires: [String] = [], tag: String = "py3-none-any",
    building: String = "pass"
  ) throws {
    try FileSystem.createDirectories(folder)
    try FileSystem.write(
      text: """
        [build-system]
        requires = []
        build-backend = "backend"
        backend-path = ["."]
        [project]
        name = "\(name)"
        version = "\(version)"
        dependencies = [\(requires.map { "\"\($0)\"" }.joined(separator: ", "))]

        """, to: folder.appending("pyproject.toml"))
    let metadata =
      ["Metadata-Version: 2.1", "Name: \(name)", "Version: \(version)"] + requires.map { "Requires-Dist: \($0)" }
    try FileSystem.write(
      text: """
        import os, zipfile
        NAME, VERSION, TAG = '\(name)', '\(version)', '\(tag)'
        METADATA = '''\(metadata.joined(separator: "\n"))
        '''
        INFO = '%s-%s.dist-info' % (NAME, VERSION)
        WHEEL = 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: %s\\n' % TAG
        def prepare_metadata_for_build_wheel(directory, config_settings=None):
          os.mkdir(os.path.join(directory, INFO))
          for name, text in (('METADATA', METADATA), ('WHEEL', WHEEL)):
            with open(os.path.join(directory, INFO, name), 'w') as file: file.write(text)
          return INFO
        def build_wheel(directory, config_settings=None, metadata_directory=None):
          \(building)
          file = '%s-%s-%s.whl' % (NAME, VERSION, TAG)
          with zipfile.ZipFile(os.path.join(directory, file), 'w') as z:
            def add(member, text): z.writestr(zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0)), text)
            add(NAME + '.py', open(NAME + '.py').read() + 'BUILD = %r\\n' % os.urandom(8).hex())
            add(INFO + '/METADATA', METADATA)
            add(INFO + '/WHEEL', WHEEL)
            add(INFO + '/RECORD', '')
          return file
        def build_sdist(directory, config_settings=None): raise NotImplementedError

        """, to: folder.appending("backend.py"))
    try FileSystem.write(text: "VERSION = '\(version)'\n", to: folder.appending("\(name).py"))
  }

  /// A source distribution of such a project, in a folder. Returns the file's name.
  static func archive(
    _ name: String, _ version: String, in folder: FilePath, tag: String = "py3-none-any", building: String = "pass"
  ) throws -> String {
    let top = "\(name)-\(version)"
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "kilt-sdist")
    defer { try? FileSystem.removeTree(scratch) }
    try write(name, version, to: scratch.appending(top), tag: tag, building: building)
    try FileSystem.write(
      text: "Metadata-Version: 2.1\nName: \(name)\nVersion: \(version)\n",
      to: scratch.appending(top).appending("PKG-INFO"))
    let file = "\(top).tar.gz"
    let outcome = try Subprocess("tar", ["-czf", folder.appending(file).string, "-C", scratch.string, top]).run()
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
    return file
  }

  /// Makes a folder a git repository with everything in it committed. Returns the commit.
  static func commit(_ folder: FilePath, tag: String? = nil) throws -> String {
    func git(_ arguments: String...) throws -> String {
      let identity = ["-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main"]
      let outcome = try Subprocess("git", identity + arguments, workingDirectory: folder).run()
      try #require(outcome.termination.isSuccess, "git \(arguments): \(outcome.errorText)")
      return outcome.text
    }
    if !FileSystem.exists(folder.appending(".git")) { _ = try git("init", "--quiet") }
    _ = try git("add", "--all")
    _ = try git("commit", "--quiet", "--message", "x")
    if let tag { _ = try git("tag", tag) }
    return try git("rev-parse", "HEAD")
  }
}
