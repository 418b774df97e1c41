import SystemSupport
import Testing

/// A workspace on disk that is edited at random, in all the ways that could be overlooked.
final class RandomRepository: @unchecked Sendable {
  // Used by one thread at a time: the test waits for the other.

  let root: FilePath
  var random: SeededNumbers
  /// What the edits did, for the report of a difference.
  private(set) var log: [String] = []
  /// Trees as they were, to switch back to.
  var branches: [[String: [UInt8]]] = []
  /// Commits of its git repository, where it is one.
  var commits: [String] = []
  /// Whether what is known of it was ever damaged: when that is found out depends on when it is read and replaced.
  var isStateDamaged = false
  let isAlone: Bool
  let usesGit: Bool

  static let directories = ["a", "a/b", "a/b/c", "d", "d/e", "lib", "lib/x", "new", "tools/k"]
  static let names = [
    "m.py", "n.py", "o.py", "__init__.py", "conftest.py", "t_test.py", "m.pyi", "data.txt", "requirements.txt", "q.py",
  ]

  /// - Parameter isAlone: whether the environment of this process may be edited, as no other thread reads it.
  init(seed: UInt64, isAlone: Bool) throws {
    random = SeededNumbers(seed: seed)
    self.isAlone = isAlone
    usesGit = seed % 5 == 0
    root = try FileSystem.canonicalPath(try FileSystem.makeTemporaryDirectory(prefix: "kilt-fuzz"))
    try write("kilt.toml", configuration(0))
    try write("pants.toml", pantsConfiguration)
    try write("plugins/register.py", plugin(0))
    try write("macros.star", macros(1))
    try write("defs.star", loaded(1))
    try write("base.star", "BASE = \"b1\"\n")
    try write("BUILD", "target(name=\"root\")\n")
    for directory in Self.directories.prefix(6) { try write(directory + "/BUILD", build(directory)) }
    for _ in 0..<25 { try write(path(), source()) }
    if usesGit {
      try git("init", "--quiet")
      try commit()
    }
    log = []
  }

  /// A workspace of nothing but its configuration, for edits that a test makes.
  init(empty configuration: String) throws {
    random = SeededNumbers(seed: 0)
    (isAlone, usesGit) = (false, false)
    root = try FileSystem.canonicalPath(try FileSystem.makeTemporaryDirectory(prefix: "kilt-edits"))
    try write("kilt.toml", configuration)
  }

  func remove() throws { try FileSystem.removeTree(root) }

  func note(_ line: String) { log.append(line) }

  /// One edit beside a run that is under way; nothing can be thrown there.
  func editOrRecord() {
    do { try edit(besideRun: true) } catch { Issue.record(error) }
  }

  /// One edit.
  func edit(besideRun: Bool = false) throws {
    let file = random.pick(try files())
    switch random.below(100) {
    case 0..<14: try writeSource()
    case 14..<22: try writeBuildFile()
    case 22..<27: try delete(file)
    case 27..<32: try rename(file, to: path())
    case 32..<36: try changeMode(of: file)
    case 36..<40: try link(path(), to: file)
    case 40..<44: try editMacros()
    case 44..<48: try editLoadedFile()
    case 48..<52: try editLockfile()
    case 52..<56: try touch(file)
    case 56..<60: try editKeepingTimes(file)
    case 60..<64: try editRequirements()
    case 64..<67: try editIgnoreRules()
    case 67..<71: try renameDirectory()
    case 71..<75: try blank()
    case 75..<77: try rememberBranch()
    case 77..<80: try switchBranch()
    case 80..<84: try changeKeepingSize()
    case 84..<88: try replace(file)
    case 88..<90: try swap(file, random.pick(try files()))
    case 90..<92: try makeForeignName()
    case 92..<94: try editConfiguration()
    case 94..<95: try setTime(of: file)
    case 95..<96: try editPlugin()
    case 96..<97: try markSourceRoot()
    case 97..<98: try replaceByDirectory(file)
    case 98..<99 where !besideRun: try disturbState()
    default: if isAlone, !besideRun { editEnvironment() }
    }
  }
}
