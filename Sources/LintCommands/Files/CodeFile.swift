internal import BuildFiles
internal import Digests
public import TargetGraph
public import Workspace

/// A file that tools check, with what its targets say of it.
public struct CodeFile: Sendable {
  /// What one target says of its file. A file has several where it is in several resolves.
  public struct Owner: Sendable, Hashable {
    public var target: TargetID
    /// The lockfile of its resolve, from the workspace root.
    public var lockfile: String?
    public var constraints: [String]

    /// Whether another file has the same resolve and Pythons.
    func isLike(_ other: Owner?) -> Bool { lockfile == other?.lockfile && constraints == other?.constraints }
  }

  /// From the workspace root.
  public var path: String
  public var file: FileID
  /// Its directory.
  var folder: DirectoryID
  public var isShell: Bool
  public var owners: [Owner]
  /// The steps that a field of a target leaves the file out of.
  public var skipped: Set<ToolStep>

  /// A file without targets, such as a BUILD file.
  public init(path: String, file: FileID, in files: FileTable) {
    self.init(path: path, file: file, folder: files.directory(of: file), isShell: false, owners: [], skipped: [])
  }

  private init(
    path: String, file: FileID, folder: DirectoryID, isShell: Bool, owners: [Owner], skipped: Set<ToolStep>
  ) {
    self.path = path
    self.file = file
    self.folder = folder
    self.isShell = isShell
    self.owners = owners
    self.skipped = skipped
  }

  /// Its directory, from the workspace root.
  var directory: String { Paths.parent(path) }

  /// The files of targets, and of those that generators and plain `target`s among them stand for, by path.
  ///
  /// - Parameter filter: which of the targets behind generators count; nil for all.
  /// - Throws: `Diagnostic` for an address of nothing.
  public static func files(
    of ids: [TargetID], in resolver: DependencyResolver, filter: TargetFilter? = nil
  ) throws -> [CodeFile] {
    let graph = resolver.graph
    var facts = DeclaredFacts(graph: graph)
    var byFile: [FileID: CodeFile] = [:]
    var seen: Set<TargetID> = []
    var pending = ids
    while let id = pending.popLast() {
      guard seen.insert(id).inserted else { continue }
      let type = graph.type(of: id)
      if graph.isGenerator(id) {
        pending += graph.generated(by: id).filter { generated in filter.map { $0.accepts(graph[generated]) } ?? true }
        continue
      }
      if type == .target {
        pending += try resolver.dependencies(of: id)
        continue
      }
      let isShell = type == .shellSource || type == .shunit2Test
      guard isShell || type == .pythonSource || type == .pythonTest, let file = graph.file(of: id) else { continue }
      let said = facts.of(id)
      let skipped = said.skipped
      let owner = Owner(
        target: id, lockfile: isShell ? nil : said.lockfile, constraints: isShell ? [] : said.constraints)
      if byFile[file] != nil {
        byFile[file]?.owners.append(owner)
        // Left out only where every target says so.
        byFile[file]?.skipped.formIntersection(skipped)
      } else {
        byFile[file] = CodeFile(
          path: graph.files.path(of: file), file: file, folder: graph.files.directory(of: file), isShell: isShell,
          owners: [owner], skipped: skipped)
      }
    }
    return byFile.values.map { file in
      var file = file
      file.owners.sort { $0.target < $1.target }
      return file
    }.sorted { $0.path < $1.path }
  }
}

/// What declarations say of files, found once for all targets of a generator.
private struct DeclaredFacts {
  struct Facts {
    var skipped: Set<ToolStep>
    var lockfile: String?
    var constraints: [String]
  }

  let graph: TargetGraph
  private var known: [TargetID: Facts] = [:]
  private var hasOverrides: [TargetID: Bool] = [:]

  init(graph: TargetGraph) { self.graph = graph }

  mutating func of(_ id: TargetID) -> Facts {
    guard let generator = graph.generator(of: id) else { return facts(of: id) }
    let differs = hasOverrides[generator] ?? (graph[generator].given("overrides") != nil)
    hasOverrides[generator] = differs
    if differs { return facts(of: id) }
    if let facts = known[generator] { return facts }
    let found = facts(of: id)
    known[generator] = found
    return found
  }

  private func facts(of id: TargetID) -> Facts {
    let target = graph[id]
    let skipped = ToolStep.allCases.filter { step in step.skipFields.contains { target.given($0)?.bool == true } }
    return Facts(
      skipped: Set(skipped), lockfile: graph.lockfile(of: target),
      constraints: graph.interpreterConstraints(of: target))
  }
}

/// The first 16 bytes of a file's digest and a hash of its path: what results are kept by.
struct FileKey: Hashable, Comparable, BitwiseCopyable {
  var first: UInt64
  var second: UInt64
  var path: UInt64

  init(first: UInt64, second: UInt64, path: UInt64) {
    self.first = first
    self.second = second
    self.path = path
  }

  /// - Parameter isExecutable: rules about `#!` lines look at the permission.
  init(_ digest: SHA256Digest, path: String, isExecutable: Bool = false) {
    let words = digest.bytes.withUnsafeBytes { bytes in
      (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
    self.init(first: words.0, second: words.1, path: Self.hash(path, isExecutable))
  }

  init(_ digest: DigestRow, path: String, isExecutable: Bool) {
    self.init(first: digest.words.0, second: digest.words.1, path: Self.hash(path, isExecutable))
  }

  /// FNV-1a.
  private static func hash(_ path: String, _ isExecutable: Bool) -> UInt64 {
    // The start of another hash: that of a zero, which no path has, and the path behind it.
    var hash: UInt64 = isExecutable ? 0xCBF2_9CE4_8422_2325 &* 0x100_0000_01B3 : 0xCBF2_9CE4_8422_2325
    for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }

  static func < (left: FileKey, right: FileKey) -> Bool {
    (left.first, left.second, left.path) < (right.first, right.second, right.path)
  }
}
