internal import BuildFiles
internal import JSON
internal import Snapshot
internal import SystemPackage
internal import SystemSupport

/// What a watchman server tells a run: which files and directories were touched since the clock that the state keeps. What it
/// does not name is as its row says and is not looked at. See docs/incremental.md.
final class FileWatch: @unchecked Sendable {
  // Changed by the thread that holds the state; read by others only while that one waits for them.

  /// What has become of the watch that the state speaks of.
  enum Outcome {
    case following(FileWatch)
    /// Everything is looked at in this run; what is kept still holds.
    case kept
    /// Everything is looked at, and what is kept holds no longer.
    case none
  }

  /// How long a run waits for the server: about as long as it takes to look at 100,000 files.
  private static let patience = 250
  /// So many runs that find a change go by before a server whose word could not be taken is asked again.
  private static let retryAfter: UInt32 = 50
  /// More names than this are noted in the state, so that they are not told of in every run.
  private static let manyNames = 500

  /// What is to be kept when the state is saved.
  private(set) var record: WatchRecord
  /// Whether something was kept from which this goes on; otherwise everything is looked at once.
  let isFollowing: Bool
  private let socket: FilePath
  private var directories: ContiguousArray<Bool> = []
  /// Files that were named and have not been looked at since.
  private var files: ContiguousArray<Bool> = []
  private var names: [Int] = []
  private var isSettled: Bool

  private init(_ record: WatchRecord, isFollowing: Bool, socket: FilePath) {
    (self.record, self.isFollowing, self.socket) = (record, isFollowing, socket)
    isSettled = isFollowing
  }

  /// For a state that takes the place of the one this belongs to, with nothing in it.
  func anew(in state: FileState) -> FileWatch {
    var record = record
    record.epoch = Self.nextEpoch(of: state)
    return FileWatch(record, isFollowing: false, socket: socket)
  }

  private static func nextEpoch(of state: FileState) -> UInt32 {
    state.summary.watchEpoch += 1
    return state.summary.watchEpoch
  }

  // MARK: Asking

  /// Asks the server, before anything of the workspace is looked at.
  ///
  /// - Parameter sockets: where one may listen.
  static func begin(_ root: FilePath, state: FileState, sockets: [FilePath]) -> Outcome {
    for socket in sockets {
      do throws(WatchmanFailure) {
        let connection = try WatchmanConnection(socket: socket, milliseconds: patience)
        return begin(root, state, socket, connection)
      } catch {
        continue
      }
    }
    return .none
  }

  private static func begin(
    _ root: FilePath, _ state: FileState, _ socket: FilePath, _ connection: borrowing WatchmanConnection
  ) -> Outcome {
    guard WatchmanServer.seesTheSame(connection.process), let root = try? FileSystem.canonicalPath(root),
      let mounts = WatchmanServer.mounts(around: root)
    else { return .none }
    do throws(WatchmanFailure) {
      if let known = WatchRecord(bytes: state.watchBytes), known.process == Int(connection.process) {
        if !known.isUsable, state.summary.generation < known.refusedAt + retryAfter { return .kept }
        if known.isUsable, known.mounts == mounts {
          do throws(WatchmanFailure) {
            if let watch = try follow(known, state, socket, connection) { return .following(watch) }
          } catch .refused {
            // It is watched no longer, or was broken: perhaps it is watched anew.
          }
        }
      }
      guard let record = try discover(root, mounts, state, connection) else { return .none }
      return .following(FileWatch(record, isFollowing: false, socket: socket))
    } catch {
      // Late, or gone meanwhile. What is touched is told of when it answers again.
      return WatchRecord(bytes: state.watchBytes)?.mounts == mounts ? .kept : .none
    }
  }

  /// Nil when the server can not tell what was touched since the clock.
  private static func follow(
    _ known: WatchRecord, _ state: FileState, _ socket: FilePath, _ connection: borrowing WatchmanConnection
  ) throws(WatchmanFailure) -> FileWatch? {
    var record = known
    // The clock of before the question: what is touched while it is answered is told of next time.
    guard let clock = try connection.ask(["clock", .string(record.root)])["clock"]?.string else { throw .unreadable }
    let query = try connection.ask([
      "query", .string(record.root),
      record.query([
        "since": .string(record.clock), "fields": ["name"],
      ]),
    ])
    guard let isFresh = query["is_fresh_instance"]?.bool else { throw .unreadable }
    if isFresh { return nil }
    guard let names = query["files"]?.strings else { throw .unreadable }
    record.clock = clock
    let watch = FileWatch(record, isFollowing: true, socket: socket)
    watch.note(names, in: state)
    return watch
  }

  /// A watch of the workspace's root or of one above, if there is one. None is begun.
  private static func discover(
    _ root: FilePath, _ mounts: String, _ state: FileState, _ connection: borrowing WatchmanConnection
  ) throws(WatchmanFailure) -> WatchRecord? {
    let roots = try connection.ask(["watch-list"])["roots"]?.strings ?? []
    let path = root.string
    guard
      let watched = roots.filter({ path == $0 || path.hasPrefix($0 + "/") }).max(by: { $0.utf8.count < $1.utf8.count })
    else { return nil }
    // Where there is no such folder, the server's own files come and go in the root at each question.
    guard
      [".git", ".hg", ".svn"].contains(where: { name in
        (try? FileSystem.statusIfPresent(of: FilePath(watched).appending(name)))??.kind == .directory
      })
    else { return nil }
    guard let clock = try connection.ask(["clock", .string(watched)])["clock"]?.string else { throw .unreadable }
    let configuration = try connection.ask(["get-config", .string(watched)])["config"]
    let relative = String(path.dropFirst(watched.utf8.count).drop { $0 == "/" })
    var record = WatchRecord(
      process: Int(connection.process), epoch: nextEpoch(of: state), root: watched, relativeRoot: relative,
      clock: clock,
      mounts: mounts, unwatched: [])
    guard let unwatched = WatchmanServer.unwatched(of: connection.process, local: configuration) else {
      record.isUsable = false
      return record
    }
    for name in unwatched {
      guard !relative.isEmpty else {
        record.unwatched.append(name)
        continue
      }
      if relative == name || relative.hasPrefix(name + "/") { record.isUsable = false }
      if name.hasPrefix(relative + "/") { record.unwatched.append(String(name.dropFirst(relative.utf8.count + 1))) }
    }
    return record
  }

  // MARK: In a run

  /// Marks what was named, and what it lies in: a directory's own times say what came and went in it.
  private func note(_ found: [String], in state: FileState) {
    directories = ContiguousArray(repeating: false, count: state.directories.count)
    files = ContiguousArray(repeating: false, count: state.files.count)
    if directories.isEmpty { return }
    directories[0] = true
    for name in found + record.unwatched { mark(name, in: state) }
    guard found.count > Self.manyNames else { return }
    keepNames(in: state)
    do throws(SnapshotError) {
      try state.keep(watch: record)
    } catch {
      // Without memory for it they are told of again.
      return
    }
  }

  private func mark(_ name: String, in state: FileState) {
    var current = 0
    var rest = Substring(name)
    while let slash = rest.firstIndex(of: "/") {
      guard let next = state.directoryIndex(named: rest[..<slash], in: current) else { break }
      current = next
      rest = rest[rest.index(after: slash)...]
    }
    directories[current] = true
    guard !rest.contains("/") else { return }
    if let directory = state.directoryIndex(named: rest, in: current) { directories[directory] = true }
    if let file = state.fileIndex(named: String(rest), in: current), !files[file] {
      files[file] = true
      names.append(file)
    }
  }

  /// Whether a directory is as its row says.
  func vouches(forDirectory index: Int, _ row: DirectoryRow) -> Bool {
    isFollowing && index < directories.count && !directories[index]
      && row.flags & (DirectoryRow.racy | DirectoryRow.unreadable) == 0
  }

  /// Whether a file is as its row says. Of what a link leads to, and of files with several names, the server need not know.
  func vouches(forFile index: Int, _ row: FileRow) -> Bool {
    isFollowing && row.lookedAtIn == record.epoch && !(index < files.count && files[index])
      && row.flags & (FileRow.racy | FileRow.unknown | FileRow.link | FileRow.hidden) == 0 && !row.stat.hasOtherNames
  }

  /// Notes that a row says what the disk says.
  func looked(at index: Int, _ row: inout FileRow) {
    row.lookedAtIn = record.epoch
    if index < files.count { files[index] = false }
  }

  // MARK: Keeping

  /// Writes into the state what the next run goes on from; the state is then saved as a whole, or not at all.
  func keep(in state: FileState) throws(SnapshotError) {
    if !isSettled {
      // One that does not say is refused as well: each run would wait for it.
      if record.isUsable { record.isUsable = seesAll(of: state) ?? false }
      isSettled = true
    }
    let table = FileTable(state)
    if record.unwatched.contains(where: { Self.concerns($0, table) }) { record.isUsable = false }
    if !record.isUsable { record.refusedAt = state.summary.generation }
    keepNames(in: state)
    try state.keep(watch: record)
  }

  private func keepNames(in state: FileState) {
    for index in names where files[index] { state.files[index].lookedAtIn = 0 }
  }

  /// Whether anything of the workspace lies in a directory that the server leaves out.
  private static func concerns(_ path: String, _ table: FileTable) -> Bool {
    table.directory(at: path) != nil || table.file(at: path) != nil
  }

  /// Whether the server watches each directory that the state knows of, and not another one that was once in its place; nil
  /// when it does not say.
  private func seesAll(of state: FileState) -> Bool? {
    do throws(WatchmanFailure) {
      let connection = try WatchmanConnection(socket: socket, milliseconds: 2000)
      guard Int(connection.process) == record.process else { return nil }
      let answer = try connection.ask([
        "query", .string(record.root),
        record.query([
          "expression": ["type", "d"], "fields": ["name", "ino"],
        ]),
      ])
      var inodes: [String: UInt64] = [:]
      for entry in answer["files"]?.array ?? [] {
        guard let name = entry["name"]?.string, let inode = entry["ino"]?.int else { throw .unreadable }
        inodes[name] = UInt64(bitPattern: inode)
      }
      for index in 1..<max(1, state.directories.count) {
        let row = state.directories[index]
        guard row.isVisible else { continue }
        guard inodes[state.string(row.path)] == row.stat.inode else { return false }
      }
      return true
    } catch {
      return nil
    }
  }
}

extension WatchRecord {
  /// A question about the workspace, which is answered when what was touched before it is known to the server.
  func query(_ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
    var object = JSONObject(members.map { ($0.key, $0.value) } + [("sync_timeout", 200)])
    if !relativeRoot.isEmpty { object["relative_root"] = .string(relativeRoot) }
    return .object(object)
  }
}

extension FileState {
  /// What is kept of a watch.
  var watchBytes: UnsafeRawBufferPointer {
    let span = summary.watch
    return UnsafeRawBufferPointer(
      start: image.base(StateSection.builds.rawValue) + Int(span.offset), count: Int(span.count))
  }

  func keep(watch record: WatchRecord?) throws(SnapshotError) {
    guard let bytes = record?.bytes else {
      if summary.watch.count > 0 { summary.watch = TextSpan() }
      return
    }
    if watchBytes.elementsEqual(bytes) { return }
    if Int(summary.watch.count) == bytes.count {
      let column = Column<UInt8>(image, StateSection.builds.rawValue)
      for (place, byte) in bytes.enumerated() { column[Int(summary.watch.offset) + place] = byte }
    } else {
      summary.watch = TextSpan(
        offset: try image.append(bytes, to: StateSection.builds.rawValue), count: bytes.count)
    }
  }

  func directoryIndex(named name: Substring, in directory: Int) -> Int? {
    let children = list(directories[directory].directories)
    var name = String(name)
    return name.withUTF8 { wanted in
      var (low, high) = (0, children.count)
      while low < high {
        let middle = (low + high) / 2
        let order = compareBytes(self.name(ofDirectory: Int(children[middle])), UnsafeRawBufferPointer(wanted))
        if order == 0 { return Int(children[middle]) }
        if order < 0 { low = middle + 1 } else { high = middle }
      }
      return nil
    }
  }
}
