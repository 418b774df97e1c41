import SystemSupport

extension Example {
  /// A workspace of its own, a git repository in which these files are committed. Returns its root.
  func makeWorkspace(_ files: [String: String]) throws -> FilePath {
    let root = scratch.appending("workspace")
    for (path, text) in files {
      let file = root.pushing(FilePath(path))
      try FileSystem.createDirectories(file.removingLastComponent())
      try FileSystem.write(text: text, to: file)
    }
    for arguments in [
      ["init", "--quiet", "--initial-branch=main"], ["add", "--all"], ["commit", "--quiet", "--message", "x"],
    ] { try execute("git", arguments, in: root) }
    return root
  }

  /// Adds a wheel with one module, in which `VERSION` is set, to a folder. Returns the file's name.
  @discardableResult
  func addWheel(
    _ name: String, _ version: String, to folder: FilePath, requires: [String] = [], tag: String = "py3-none-any"
  ) throws -> String {
    try FileSystem.createDirectories(folder)
    let script = #"""
      import sys, zipfile
      folder, name, version, tag = sys.argv[1:5]
      info = '%s-%s.dist-info/' % (name, version)
      requires = ''.join('Requires-Dist: %s\n' % r for r in sys.argv[5:])
      with zipfile.ZipFile('%s/%s-%s-%s.whl' % (folder, name, version, tag), 'w') as z:
        def add(member, text): z.writestr(zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0)), text)
        add(name + '.py', 'VERSION, TAG = %r, %r\n' % (version, tag))
        add(info + 'METADATA', 'Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s' % (name, version, requires))
        add(info + 'WHEEL', 'Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: %s\n' % tag)
        add(info + 'RECORD', '')
      """#
    try execute("python3", ["-c", script, folder.string, name, version, tag] + requires)
    return "\(name)-\(version)-\(tag).whl"
  }

  /// Changes of the environment with which there are no packages but those of a folder.
  func packages(in folder: FilePath) throws -> [String] {
    [
      "PIP_NO_INDEX=1", "PIP_FIND_LINKS=\(folder)", "PIP_CONFIG_FILE=/dev/null", "PIP_INDEX_URL",
      "PIP_EXTRA_INDEX_URL", "KILT_UV=\(try uv())",
    ]
  }

  /// uv, which kilt installs when it is not there: from the index, before a test takes that away.
  func uv() throws -> FilePath {
    if let found = Subprocess.find("uv") { return found }
    let program = Self.cache.appending("tools/uv/bin/uv")
    if !FileSystem.isExecutable(program) { try kilt("lock", "--diff") }
    return program
  }
}
