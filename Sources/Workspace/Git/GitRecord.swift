internal import Snapshot
internal import SystemPackage
internal import SystemSupport

/// An answer of git about the workspace's files, and the inputs of that answer besides the files in the state. While
/// all inputs are unchanged, git would give the same answer, so Kilt does not ask.
///
/// The files of the workspace that git checks are the files of the ``FileTable``, which the state knows, and
/// ``others``: tracked files that Kilt omits, such as in `.github`, and the directories in which an untracked file
/// would count.
public struct GitRecord: Sendable {
  public var commit: String
  /// As ``GitRepository/dirtyFiles()``.
  public var dirtyFiles: [String]
  /// The generation of the state in which git was asked.
  public var generation: UInt32
  /// The path of the workspace in the git repository.
  var prefix: String
  var index: ObservedPlace
  /// The files that determine the checked-out commit, git's configuration, and ignored files.
  var settings: [ObservedPlace]
  var others: [ObservedPlace]

  /// Whether git's own files and the files outside the state are unchanged.
  public enum Standing: Sendable {
    case same
    /// Only the staged files can differ.
    case indexChanged
    case different
  }

  /// The current state of the inputs of the record, each checked once.
  public var standing: Standing {
    guard settings.allSatisfy(\.isSame), others.allSatisfy(\.isSame) else { return .different }
    return index.isSame ? .same : .indexChanged
  }

  func isRacy(capture: Int64) -> Bool {
    index.isRacy(capture: capture) || settings.contains { $0.isRacy(capture: capture) }
      || others.contains { $0.isRacy(capture: capture) }
  }

  /// Whether variables redirect git, which no record covers.
  public static var isMisled: Bool {
    [
      "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_CONFIG_COUNT",
      "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_NAMESPACE",
    ].contains { environmentVariable($0) != nil }
  }

  // MARK: Bytes

  public var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.write(commit)
    writer.write(list: dirtyFiles) { $0.write($1) }
    writer.write(UInt64(generation))
    writer.write(prefix)
    index.encode(into: &writer)
    for places in [settings, others] { writer.write(list: places) { writer, place in place.encode(into: &writer) } }
    return writer.bytes
  }

  init(
    commit: String, dirtyFiles: [String], generation: UInt32, prefix: String, index: ObservedPlace,
    settings: [ObservedPlace], others: [ObservedPlace]
  ) {
    (self.commit, self.dirtyFiles, self.generation, self.prefix) = (commit, dirtyFiles, generation, prefix)
    (self.index, self.settings, self.others) = (index, settings, others)
  }

  /// Nil for bytes that are not a record.
  public init?(bytes: [UInt8]) {
    let read = bytes.withUnsafeBytes { buffer -> GitRecord? in
      var reader = ByteReader(buffer)
      do throws(SnapshotError) {
        let text = { (reader: inout ByteReader) throws(SnapshotError) -> String in try reader.string() }
        let place = { (reader: inout ByteReader) throws(SnapshotError) -> ObservedPlace in
          try ObservedPlace(from: &reader)
        }
        return GitRecord(
          commit: try reader.string(), dirtyFiles: try reader.list(text),
          generation: UInt32(truncatingIfNeeded: try reader.unsigned()), prefix: try reader.string(),
          index: try place(&reader), settings: try reader.list(place), others: try reader.list(place))
      } catch {
        // Then git is asked.
        return nil
      }
    }
    guard let read else { return nil }
    self = read
  }
}

extension GitRepository {
  /// Asks git for everything, and returns the record of the answer.
  ///
  /// - Parameters:
  ///   - files: the current files, checked before git is asked.
  ///   - generation: of the state.
  ///   - capture: ``WorkspaceState/captureTime()``, called only if there is a git repository.
  /// - Returns: the answer, and a record if possible: none with submodules, or if git keeps references in a table.
  /// - Throws: ``GitError``.
  public func observe(
    _ files: FileTable, generation: UInt32, capture: () -> Int64
  ) throws(GitError) -> (commit: String, dirtyFiles: [String], record: GitRecord?) {
    // Checked before git is asked: the next run sees changes in between.
    var time = Int64.min
    let places = try places(files) { time = capture() }
    let (commit, dirty) = (try headCommit(), try dirtyFiles())
    guard let places else { return (commit, dirty, nil) }
    let record = GitRecord(
      commit: commit, dirtyFiles: dirty, generation: generation, prefix: places.prefix, index: places.index,
      settings: places.settings, others: places.others)
    return (commit, dirty, record.isRacy(capture: time) ? nil : record)
  }

  /// Asks git about only a few files and directories.
  ///
  /// - Parameters:
  ///   - changed: the changes that the state has seen since `record`, from the workspace root; directories end in a
  ///     slash.
  /// - Returns: the new record; nil if git must be asked for everything.
  public func update(
    _ record: GitRecord, standing: GitRecord.Standing, changed: [String], files: FileTable, generation: UInt32,
    capture: Int64
  ) throws(GitError) -> GitRecord? {
    var record = record
    var paths = Set(changed)
    if standing == .indexChanged {
      record.index = ObservedPlace(FilePath(record.index.path))
      // The content of the index counts where it differs from the file.
      let staged = try names([
        "diff", "--no-ext-diff", "--cached", "--name-only", "--relative", "--no-renames", "-z", "HEAD", "--",
      ])
      paths.formUnion(record.dirtyFiles + staged)
      for path in staged where files.file(at: path) == nil {
        record.others.append(ObservedPlace(root.appending(path), followingLinks: false))
      }
    }
    guard paths.count <= 500, !paths.contains("/") else { return nil }
    record.generation = generation
    if !paths.isEmpty {
      let directories = paths.filter { $0.hasSuffix("/") }
      // An untracked file of a directory counts as well as one that was dirty and is not any more.
      let concerned = record.dirtyFiles.filter { path in
        paths.contains(path) || directories.contains { path.hasPrefix($0) }
      }
      let specs = paths.sorted().map { ":(literal)" + $0 }
      let status = try names(
        ["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=none", "--"]
          + specs)
      let found = status.compactMap { entry -> String? in
        let path = entry.dropFirst(3)
        return path.hasPrefix(record.prefix) ? String(path.dropFirst(record.prefix.count)) : nil
      }
      record.dirtyFiles = Set(record.dirtyFiles).subtracting(concerned).union(found).sorted()
      if !directories.isEmpty {
        let specs = directories.sorted().map { ":(literal)" + $0 }
        guard let more = try untrackedDirectories(specs, files) else { return nil }
        let known = Set(record.others.map(\.path))
        record.others += more.filter { !known.contains($0.path) }
      }
    }
    return record.isRacy(capture: capture) ? nil : record
  }

  /// The inputs of an answer of git; nil if they cannot be determined.
  ///
  /// - Parameter begin: called once a git repository is known to exist, before any path is checked.
  private func places(
    _ files: FileTable, begin: () -> Void
  ) throws(GitError) -> (prefix: String, index: ObservedPlace, settings: [ObservedPlace], others: [ObservedPlace])? {
    let lines = try text(["rev-parse", "--absolute-git-dir", "--git-common-dir", "--show-prefix"])
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard lines.count >= 2 else { return nil }
    begin()
    let directory = FilePath(lines[0])
    let common = root.pushing(FilePath(lines[1]))
    if FileSystem.exists(common.appending("reftable")) { return nil }
    var settings = [
      directory.appending("HEAD"), directory.appending("config.worktree"), common.appending("packed-refs"),
      common.appending("config"), common.appending("info").appending("exclude"), "/etc/gitconfig",
    ]
    let branch = try text(["symbolic-ref", "--quiet", "HEAD"], allowingFailure: true)
    if !branch.isEmpty { settings.append(common.pushing(FilePath(branch))) }
    if let home = environmentVariable("HOME") {
      settings.append(FilePath(home).appending(".gitconfig"))
      let configuration =
        environmentVariable("XDG_CONFIG_HOME").flatMap { $0.isEmpty ? nil : FilePath($0) }
        ?? FilePath(home).appending(".config")
      for name in ["config", "ignore", "attributes"] {
        settings.append(configuration.appending("git").appending(name))
      }
    }
    let excludes = try text(["config", "--path", "--get", "core.excludesFile"], allowingFailure: true)
    if !excludes.isEmpty { settings.append(FilePath(excludes)) }
    let index = ObservedPlace(directory.appending("index"))
    let observed = settings.map { ObservedPlace($0) }
    guard let tracked = try trackedElsewhere(files), let untracked = try untrackedDirectories([], files) else {
      return nil
    }
    var seen: Set<String> = []
    return (
      lines.count > 2 ? lines[2] : "", index, observed, (tracked + untracked).filter { seen.insert($0.path).inserted }
    )
  }

  /// The tracked files that are none of the table, and their directories; nil where there are submodules.
  private func trackedElsewhere(_ files: FileTable) throws(GitError) -> [ObservedPlace]? {
    var found: Set<String> = []
    for entry in try names(["ls-files", "--stage", "-z"]) {
      if entry.hasPrefix("160000 ") { return nil }
      guard let tab = entry.firstIndex(of: "\t") else { continue }
      let path = String(entry[entry.index(after: tab)...])
      if files.file(at: path) != nil { continue }
      found.insert(path)
      var directory = FilePath(path).removingLastComponent()
      while !directory.isEmpty, files.directory(at: directory.string) == nil, found.insert(directory.string).inserted {
        directory = directory.removingLastComponent()
      }
      if found.count > 20_000 { return nil }
    }
    return found.sorted().map { ObservedPlace(root.appending($0), followingLinks: false) }
  }

  /// The directories that are not ignored, contain no tracked file and are not in the table; nil if there are too many.
  private func untrackedDirectories(_ specs: [String], _ files: FileTable) throws(GitError) -> [ObservedPlace]? {
    let listed = try names(["ls-files", "--others", "--directory", "--exclude-standard", "-z", "--"] + specs)
    var found: [ObservedPlace] = []
    var pending = listed.filter { $0.hasSuffix("/") }.map { String($0.dropLast()) }
    while let path = pending.popLast() {
      let directory = root.appending(path)
      // A directory that ignores all its contents, including itself, as dist and .kilt do: nothing in it counts until
      // that file changes.
      let rules = directory.appending(".gitignore")
      if let text = try? FileSystem.read(rules, limit: 16), text == Array("*\n".utf8) || text == Array("*".utf8) {
        found.append(ObservedPlace(rules, followingLinks: false))
        continue
      }
      if files.directory(at: path) == nil { found.append(ObservedPlace(directory, followingLinks: false)) }
      if found.count > 5000 { return nil }
      // A directory that cannot be read is empty for git too.
      guard let entries = try? FileSystem.list(directory) else { continue }
      for entry in entries where entry.kind == .directory && entry.name != ".git" {
        pending.append(path + "/" + entry.name)
      }
    }
    return found
  }
}
