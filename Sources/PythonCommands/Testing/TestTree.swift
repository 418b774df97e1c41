internal import BuildCommands
internal import ContentStore
internal import Digests
internal import SystemSupport

/// The folders of one run of one test file: what it sees, and what it leaves.
///
/// `tree` holds its closure and nothing else, as copies: what a test does to its files concerns nobody, and a link would
/// lead to files beside it that it does not declare.
struct TestTree {
  /// The directory of all trees.
  let folder: FilePath
  var tree: FilePath { folder.appending("tree") }
  var home: FilePath { folder.appending("home") }
  var temporary: FilePath { folder.appending("tmp") }
  var output: FilePath { folder.appending("output") }
  var result: FilePath { folder.appending("result") }
  var report: FilePath { folder.appending("report.xml") }
  var coverage: FilePath { folder.appending("coverage/data") }

  /// Makes the folders and copies the files.
  ///
  /// - Returns: whether all files are still those of the digests: one that was saved meanwhile makes a run of which
  ///   nothing is kept.
  func make(_ inputs: TestInputs, root: FilePath, digests: FileDigests, store: ContentStore) throws -> Bool {
    for folder in [tree, home, temporary, coverage.removingLastComponent()] {
      try FileSystem.createDirectories(folder)
    }
    var isAsPlanned = true
    var folders: Set<String> = [""]
    let files =
      inputs.plan.files + inputs.configuration.files.map { TreeFile(treePath: $0, path: $0) }
    for file in files {
      let parent = file.treePath.lastIndex(of: "/").map { String(file.treePath[..<$0]) } ?? ""
      if folders.insert(parent).inserted { try FileSystem.createDirectories(tree.appending(parent)) }
      let planned = digests[file.path]
      let bytes = try FileSystem.read(root.appending(file.path))
      if SHA256Digest.of(bytes) != planned?.digest { isAsPlanned = false }
      try write(bytes, to: tree.appending(file.treePath), isExecutable: planned?.isExecutable ?? false)
    }
    for file in inputs.made.files {
      let place = tree.pushing(FilePath(file.treePath))
      if file.path == store.path(of: file.digest) { try store.require(file.digest) }
      try FileSystem.createDirectories(place.removingLastComponent())
      try FileSystem.copyFile(file.path, to: place, permissions: file.isExecutable ? 0o755 : 0o644)
    }
    // Ends pytest's search for its configuration, which would go on upwards from here.
    let configuration = tree.appending("pytest.ini")
    if !inputs.configuration.configuresPytest, !FileSystem.exists(configuration) {
      try write([], to: configuration, isExecutable: false)
    }
    return isAsPlanned
  }

  private func write(_ bytes: [UInt8], to path: FilePath, isExecutable: Bool) throws(SystemCallError) {
    var permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
    if isExecutable { permissions.formUnion([.ownerExecute, .groupExecute, .otherExecute]) }
    let file = try FileSystem.open(path, .writeOnly, options: [.create, .truncate], permissions: permissions)
    defer { FileSystem.close(file) }
    try FileSystem.write(bytes, to: file, path: path)
  }

  func remove() throws(SystemCallError) { try FileSystem.removeTree(folder) }
}
