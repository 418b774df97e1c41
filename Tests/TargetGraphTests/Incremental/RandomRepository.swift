import SystemSupport
import Testing

/// Numbers that are the same for the same seed (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
  mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}

/// A workspace on disk that is edited at random, in all the ways that could be overlooked.
final class RandomRepository: @unchecked Sendable {
  // Used by one thread at a time: the test waits for the other.

  let root: FilePath
  var random: SeededNumbers
  /// What the last edit did, for the report of a difference.
  private(set) var log: [String] = []
  /// Trees as they were, to switch back to.
  private var branches: [[String: [UInt8]]] = []

  private static let directories = ["a", "a/b", "a/b/c", "d", "d/e", "lib", "lib/x", "new", "tools/k"]
  private static let names = [
    "m.py", "n.py", "o.py", "__init__.py", "conftest.py", "t_test.py", "m.pyi", "data.txt", "requirements.txt", "q.py",
  ]

  init(seed: UInt64) throws {
    random = SeededNumbers(seed: seed)
    root = try FileSystem.canonicalPath(try FileSystem.makeTemporaryDirectory(prefix: "kilt-fuzz"))
    try write("kilt.toml", configuration)
    try write("macros.star", macros(1))
    try write("defs.star", "TAG = \"t\"\n")
    try write("BUILD", "target(name=\"root\")\n")
    for directory in Self.directories.prefix(6) { try write(directory + "/BUILD", build(directory)) }
    for _ in 0..<25 { try write(path(), source()) }
    log = []
  }

  /// A workspace of nothing but its configuration, for edits that a test makes.
  init(empty configuration: String) throws {
    random = SeededNumbers(seed: 0)
    root = try FileSystem.canonicalPath(try FileSystem.makeTemporaryDirectory(prefix: "kilt-edits"))
    try write("kilt.toml", configuration)
  }

  func remove() throws { try FileSystem.removeTree(root) }

  // MARK: Contents

  private var configuration: String {
    """
    [workspace]
    prelude_globs = ["macros.star"]
    [python.infer]
    assets = true
    string_imports = true
    [python]
    default_resolve = "one"
    [python.resolves]
    one = "lib/one.lock"
    two = "two.lock"
    """
  }

  private func macros(_ version: Int) -> String {
    "def sources(**kw):\n  python_sources(tags=[\"v\(version)\"], **kw)\n"
  }

  private func path() -> String { random.pick(Self.directories) + "/" + random.pick(Self.names) }

  private func source() -> String {
    if random.chance(20) { return random.chance(50) ? "" : "# nothing\n" }
    var lines: [String] = []
    for _ in 0..<(1 + random.below(4)) {
      let module = random.pick(Self.directories).split(separator: "/").joined(separator: ".")
      let name = random.pick(["m", "n", "o", "q", "absent"])
      lines.append(
        random.pick([
          "import \(module).\(name)", "from \(module) import \(name)", "from . import \(name)", "import requests",
          "from \(module).\(name) import thing", "import yaml.nodes", "import os", "from .. import m",
          "try:\n  import \(module).\(name)\nexcept ImportError:\n  pass",
          "open(\"\(random.pick(Self.directories))/data.txt\")",
          "load(\"\(random.pick(["b", "c", "e", "x"]))/data.txt\")",
          "PLUGIN = \"\(module).\(name).Thing\"",
        ]))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func build(_ directory: String) -> String {
    var lines: [String] = []
    if random.chance(15) { lines.append("__defaults__({python_sources: dict(tags=[\"d\(random.below(3))\"])})") }
    if random.chance(10) {
      lines.append(
        "__defaults__({python_sources: dict(tags=list(python_sources.tags.default or []) + [\"e\"])}, extend=True)")
    }
    if random.chance(10) {
      lines.append("target(name=\"reads\", tags=list(python_sources.tags.default or [\"nothing\"]))")
    }
    if random.chance(15) {
      lines.append("load(\"//defs.star\", \"TAG\")\nfiles(name=\"loaded\", sources=[], tags=[TAG])")
    }
    if random.chance(10) { lines.append("target(name=\"env\", tags=[env(\"KILT_FUZZ\", \"none\")])") }
    lines.append(
      random.pick([
        "python_sources()", "sources(name=\"s\")", "python_sources(sources=[\"*.py\", \"!*_test.py\"])",
        "python_sources(name=\"deep\", sources=[\"**/*.py\"])", "python_sources(resolve=\"two\")",
        "python_sources(name=\"a1\", resolve=parametrize(\"one\", \"two\"))",
        "python_sources(overrides={\"m.py\": dict(dependencies=[\"!!lib\"])} if False else {})",
      ]))
    if random.chance(40) { lines.append("python_tests(name=\"tests\")") }
    if random.chance(40) {
      lines.append(
        random.pick(["resources(name=\"res\", sources=[", "files(name=\"res\", sources=["])
          + random.pick(["\"*.txt\"", "\"**/*.txt\""]) + "])")
    }
    if random.chance(25) { lines.append("python_requirement(name=\"req\", requirements=[\"requests\"])") }
    if random.chance(15) {
      lines.append("python_requirement(name=\"yaml\", requirements=[\"PyYAML\"], resolve=\"two\")")
    }
    if random.chance(20) { lines.append("python_requirements(name=\"reqs\")") }
    if random.chance(25) { lines.append("pex_binary(name=\"bin\", entry_point=\"m.py\")") }
    if random.chance(20) { lines.append("pex_binary(name=\"mod\", entry_point=\"lib.x.n:main\")") }
    if random.chance(30) {
      let address = random.pick(["//:root", "lib", ":tests", "a/b/m.py", "d:s", "lib:req", "a:res"])
      lines.append("target(name=\"all\", dependencies=[\"\(address)\"])")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: Edits

  func write(_ path: String, _ text: String) throws {
    let full = root.appending(path)
    try FileSystem.createDirectories(full.removingLastComponent())
    // An earlier edit may have put a directory there, or a link to one, or to nothing.
    if (try? FileSystem.status(of: full, followingLinks: true))?.kind == .directory { return }
    // In place, as most editors do not: the inode stays.
    let file = try FileSystem.open(full, .writeOnly, options: [.create, .truncate])
    defer { FileSystem.close(file) }
    try FileSystem.write(Array(text.utf8), to: file)
  }

  private func files() throws -> [String] {
    var found: [String] = []
    func walk(_ path: FilePath, _ relative: String) throws {
      for entry in try FileSystem.list(path) where entry.name != ".kilt" && entry.name != ".git" {
        let inner = relative.isEmpty ? entry.name : relative + "/" + entry.name
        if entry.kind == .directory { try walk(path.appending(entry.name), inner) } else { found.append(inner) }
      }
    }
    try walk(root, "")
    return found.sorted()
  }

  /// One edit, where nothing can be thrown.
  func editOrRecord() {
    do { try edit() } catch { Issue.record(error) }
  }

  /// One edit.
  func edit() throws {
    let all = try files()
    let file = random.pick(all)
    let full = root.appending(file)
    let isLink = try FileSystem.status(of: full).kind == .symbolicLink
    switch random.below(22) {
    case 0, 1, 2:
      let path = path()
      note("write \(path)")
      try removeLink(path)
      try write(path, source())
    case 3, 4:
      let directory = random.pick(Self.directories)
      note("BUILD of \(directory)")
      try write(directory + "/BUILD", build(directory))
    case 5:
      guard file != "kilt.toml" else { return }
      note("delete \(file)")
      try FileSystem.removeFile(full)
    case 6:
      let path = path()
      guard file != "kilt.toml", path != file else { return }
      note("rename \(file) to \(path)")
      try FileSystem.createDirectories(root.appending(path).removingLastComponent())
      try FileSystem.rename(full, to: root.appending(path))
    case 7:
      guard !isLink else { return }
      note("mode of \(file)")
      try FileSystem.setPermissions(random.chance(50) ? 0o755 : 0o644, of: full)
    case 8:
      let path = path()
      note("link \(path) to \(file)")
      try FileSystem.removeFile(root.appending(path))
      try FileSystem.createDirectories(root.appending(path).removingLastComponent())
      let target = random.chance(20) ? root.appending("nowhere.py") : random.chance(20) ? root.appending("lib") : full
      try FileSystem.createSymbolicLink(at: root.appending(path), to: target)
    case 9:
      note("macros")
      try write("macros.star", macros(random.below(3)))
    case 10:
      note("loaded file")
      try write("defs.star", "TAG = \"t\(random.below(3))\"\n")
    case 11:
      let lock = random.pick(["lib/one.lock", "two.lock"])
      note("lockfile \(lock)")
      if random.chance(40) { try FileSystem.removeFile(root.appending(lock)) } else { try write(lock, "{}\n") }
    case 12:
      guard !isLink else { return }
      note("touch \(file)")
      try touch(full)
    case 13: try editKeepingTimes(file, full)
    case 14:
      let directory = random.pick(Self.directories)
      note("requirements of \(directory)")
      try write(directory + "/requirements.txt", random.pick(["requests\n", "PyYAML\nrequests==2\n", "", "click\n"]))
    case 15:
      note(".gitignore")
      let path = random.pick(["", "a/", "lib/"]) + ".gitignore"
      try write(path, random.pick(["", "q.py\n", "new/\n", "*.txt\n!data.txt\n", ".gitignore\n", "b/\n"]))
    case 16: try renameDirectory()
    case 17:
      let path = random.pick(Self.directories) + "/__init__.py"
      note("blank or not: \(path)")
      try removeLink(path)
      try write(path, random.chance(50) ? "" : "import os\n")
    case 18:
      note("remember this branch")
      if branches.count < 5 { branches.append(try snapshot()) }
    case 19: try switchBranch()
    case 20:
      let path = random.pick(Self.directories) + "/m.py"
      // Another content of the same size.
      note("same size: \(path)")
      try removeLink(path)
      try write(path, random.pick(["import lib.x.m\n", "import lib.x.n\n", "import lib.x.o\n"]))
    default:
      note("replace \(file)")
      guard file != "kilt.toml", !isLink, file.hasSuffix(".py") else { return }
      try FileSystem.write(text: source(), to: full)
    }
  }

  private func note(_ line: String) { log.append(line) }

  private func removeLink(_ path: String) throws {
    if let status = try FileSystem.statusIfPresent(of: root.appending(path)), status.kind == .symbolicLink {
      try FileSystem.removeFile(root.appending(path))
    }
  }

  private func touch(_ path: FilePath) throws {
    _ = try Self.setTimes(path, nil)
  }

  /// Changes a file and puts its modification time back, as `cp -p` and `tar -x` do.
  private func editKeepingTimes(_ file: String, _ full: FilePath) throws {
    guard file.hasSuffix(".py"), try FileSystem.status(of: full).kind == .file else { return }
    note("change \(file), keeping its times")
    let time = try FileSystem.status(of: full).modificationTime
    try write(file, source())
    _ = try Self.setTimes(full, time)
  }

  private func renameDirectory() throws {
    let (from, to) = (random.pick(Self.directories), random.pick(Self.directories))
    let target = root.appending(to)
    guard FileSystem.exists(root.appending(from)), !FileSystem.exists(target), !to.hasPrefix(from + "/") else { return }
    note("rename the directory \(from) to \(to)")
    try FileSystem.createDirectories(target.removingLastComponent())
    try FileSystem.rename(root.appending(from), to: target)
  }

  private func snapshot() throws -> [String: [UInt8]] {
    var tree: [String: [UInt8]] = [:]
    for file in try files() where try FileSystem.status(of: root.appending(file)).kind == .file {
      tree[file] = try FileSystem.read(root.appending(file))
    }
    return tree
  }

  private func switchBranch() throws {
    guard !branches.isEmpty else { return }
    note("switch branches")
    let other = random.pick(branches)
    let now = try snapshot()
    for file in try files() where other[file] == nil { try FileSystem.removeFile(root.appending(file)) }
    for (file, bytes) in other.sorted(by: { $0.key < $1.key }) where now[file] != bytes {
      let full = root.appending(file)
      try FileSystem.createDirectories(full.removingLastComponent())
      try FileSystem.removeFile(full)
      try FileSystem.write(bytes, to: full)
    }
  }
}
