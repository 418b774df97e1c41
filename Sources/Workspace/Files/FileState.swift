internal import BuildFiles
internal import Glibc
public import Snapshot

/// A section of a workspace's state. The sections of files come first; a module above this one names its own sections
/// with numbers from ``firstOfOthers`` to ``limit``.
public struct StateSection: RawRepresentable, Sendable {
  public let rawValue: Int

  public init(rawValue: Int) { self.rawValue = rawValue }

  /// One ``StateSummary``.
  static let summary = StateSection(rawValue: 0)
  /// Names and paths.
  static let text = StateSection(rawValue: 1)
  /// ``DirectoryRow``s.
  static let directories = StateSection(rawValue: 2)
  /// ``FileRow``s.
  static let files = StateSection(rawValue: 3)
  /// The SHA-256 digest of each file, where the digest is known.
  static let digests = StateSection(rawValue: 4)
  /// Lists of ids.
  static let lists = StateSection(rawValue: 5)
  /// Files whose content decides which targets exist, and links, whose kind can change without a change of the link.
  static let watched = StateSection(rawValue: 6)

  /// The first section that belongs to a module above.
  public static let firstOfOthers = 7
  /// The number of sections that an image has room for.
  public static let limit = 17
}

/// A piece of the text section.
public struct TextSpan: BitwiseCopyable, Sendable {
  public var offset: UInt32 = 0
  public var count: UInt32 = 0
  public init() {}
  public init(offset: Int, count: Int) {
    self.offset = UInt32(offset)
    self.count = UInt32(count)
  }
  var range: Range<Int> { Int(offset)..<(Int(offset) + Int(count)) }
}

/// A piece of the list section.
public struct ListSpan: BitwiseCopyable, Sendable {
  public var start: UInt32 = 0
  public var count: UInt32 = 0
  public init() {}
  public init(start: Int, count: Int) {
    self.start = UInt32(start)
    self.count = UInt32(count)
  }
  public var range: Range<Int> { Int(start)..<(Int(start) + Int(count)) }
}

/// The values of stat(2) that detect a touched file. Any difference counts, not only a newer time.
public struct StatTuple: BitwiseCopyable, Sendable, Equatable {
  public var size: Int64 = 0
  public var modified: Int64 = 0
  public var changed: Int64 = 0
  public var inode: UInt64 = 0
  public var mode: UInt32 = 0
  public var spare: UInt32 = 0

  init() {}

  init(_ status: stat, ignoringInode: Bool) {
    size = Int64(status.st_size)
    modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    inode = ignoringInode ? 0 : UInt64(status.st_ino)
    mode = UInt32(status.st_mode)
  }

  /// The facts of a directory that show whether names were added or removed, or whether it has become readable.
  static func ofDirectory(_ status: stat, ignoringInode: Bool) -> StatTuple {
    var tuple = StatTuple(status, ignoringInode: ignoringInode)
    tuple.size = 0
    return tuple
  }

  var isFile: Bool { mode_t(mode) & S_IFMT == S_IFREG }
  var isDirectory: Bool { mode_t(mode) & S_IFMT == S_IFDIR }

  /// Whether a change in the same tick of the clock could have left the times unchanged.
  func isRacy(capture: Int64) -> Bool { modified >= capture || changed >= capture }
}

/// A directory of the workspace.
public struct DirectoryRow: BitwiseCopyable, Sendable {
  static let dead: UInt32 = 1
  static let racy: UInt32 = 2
  /// It is there but cannot be read: nothing in it counts.
  static let unreadable: UInt32 = 4
  /// It holds names that are not UTF-8, and that no rule ignores.
  static let unnamable: UInt32 = 8

  public var path = TextSpan()
  public var stat = StatTuple()
  /// Ids of files by name, all of them: see ``FileRow/hidden``.
  public var files = ListSpan()
  /// Ids of the directories in it, by name.
  public var directories = ListSpan()
  public var parent: UInt32 = 0
  public var flags: UInt32 = 0
  /// The package declared here: its number plus one.
  public var package: UInt32 = 0
  /// The last generation in which it was touched.
  public var seenAt: UInt32 = 0
  public var spare: UInt32 = 0

  public init() {}
  var isVisible: Bool { flags & (Self.dead | Self.unreadable) == 0 }
}

/// A file of the workspace.
public struct FileRow: BitwiseCopyable, Sendable {
  public static let dead: UInt32 = 1
  public static let racy: UInt32 = 2
  /// It is not a file of the workspace, but it determines which files are: an ignored `.gitignore`, a dangling link.
  public static let hidden: UInt32 = 4
  /// Its content decides which targets there are.
  public static let structural: UInt32 = 8
  public static let link: UInt32 = 16
  public static let digestKnown: UInt32 = 32
  public static let importsKnown: UInt32 = 64
  public static let blank: UInt32 = 128
  /// It was changed during its capture, or the file is gone: its facts are not to be trusted.
  public static let unknown: UInt32 = 256
  /// Its content has changed since its imports were noted.
  public static let importsStale: UInt32 = 512

  public var name = TextSpan()
  public var stat = StatTuple()
  public var imports = TextSpan()
  public var directory: UInt32 = 0
  public var flags: UInt32 = 0
  /// The first of the targets that own it: its number plus one.
  public var owner: UInt32 = 0
  /// The last generation of the state in which its content changed.
  public var changedAt: UInt32 = 0
  /// The last generation in which it was touched, or disappeared.
  public var seenAt: UInt32 = 0
  public var spare: UInt32 = 0

  public init() {}
  public func has(_ flag: UInt32) -> Bool { flags & flag != 0 }
  var isVisible: Bool { flags & (Self.dead | Self.hidden) == 0 }

  /// The target of a link to a directory, from the workspace root. A link has no imports, so their field is free.
  var destination: TextSpan {
    get { flags & (Self.dead | Self.hidden | Self.link) == Self.hidden | Self.link ? imports : TextSpan() }
    set { imports = newValue }
  }
}

/// The facts of the state as a whole.
public struct StateSummary: BitwiseCopyable, Sendable {
  /// Counts the runs that changed anything.
  public var generation: UInt32 = 0
  public var flags: UInt32 = 0
  /// The number of entries of the index sections.
  public var addressCount: UInt32 = 0
  public var moduleCount: UInt32 = 0
  /// Targets below this number are in the order section.
  public var orderedTargets: UInt32 = 0
  /// Dead rows, whose space a new snapshot wins back.
  public var deadRows: UInt32 = 0
  /// A digest of the source roots that marker files mark.
  public var sourceRoots: UInt64 = 0
  public var environment: UInt64 = 0
  /// The facts about this machine when products were last built.
  public var machine = TextSpan()
  /// git's answer, encoded.
  public var git = TextSpan()
  /// The last generation in which a target with products appeared, changed or disappeared.
  public var packagesChangedAt: UInt32 = 0
  public var spare: UInt32 = 0
  public init() {}
}

/// An image with the columns that describe files.
public final class FileState: @unchecked Sendable {
  // Changed by one thread, and only while no other reads: see StateImage.
  public let image: StateImage
  public let directories: Column<DirectoryRow>
  public let files: Column<FileRow>
  public let digests: Column<DigestRow>
  public let lists: Column<UInt32>
  public let watched: Column<UInt32>
  private let summaries: Column<StateSummary>
  private let text: UnsafeRawPointer
  private var hasBegun = false

  public init(_ image: StateImage) throws(SnapshotError) {
    self.image = image
    directories = Column(image, StateSection.directories.rawValue)
    files = Column(image, StateSection.files.rawValue)
    digests = Column(image, StateSection.digests.rawValue)
    lists = Column(image, StateSection.lists.rawValue)
    watched = Column(image, StateSection.watched.rawValue)
    summaries = Column(image, StateSection.summary.rawValue)
    if summaries.count == 0 { try summaries.append(StateSummary()) }
    text = image.base(StateSection.text.rawValue)
  }

  /// An empty image.
  public static func empty() throws(SnapshotError) -> FileState {
    try FileState(try StateImage(sections: StateSection.limit))
  }

  public var summary: StateSummary {
    get { summaries[0] }
    set { summaries[0] = newValue }
  }

  /// The generation of this run, which begins with the first thing it finds to have changed.
  @discardableResult
  public func beginGeneration() -> UInt32 {
    if !hasBegun {
      hasBegun = true
      summary.generation += 1
    }
    return summary.generation
  }

  /// The bytes of a piece of text.
  public func bytes(_ span: TextSpan) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: text + Int(span.offset), count: Int(span.count))
  }

  public func string(_ span: TextSpan) -> String { String(decoding: bytes(span), as: UTF8.self) }

  func add(text: String) throws(SnapshotError) -> TextSpan {
    let bytes = Array(text.utf8)
    return TextSpan(offset: try image.append(bytes, to: StateSection.text.rawValue), count: bytes.count)
  }

  public func add(list: [UInt32]) throws(SnapshotError) -> ListSpan {
    if list.isEmpty { return ListSpan() }
    return ListSpan(start: try lists.append(contentsOf: list), count: list.count)
  }

  public func list(_ span: ListSpan) -> UnsafeBufferPointer<UInt32> { lists[span.range] }

  /// Whether a directory exists and can be read.
  public func isVisible(_ directory: DirectoryID) -> Bool { directories[directory.index].isVisible }

  /// The last name of a directory's path.
  func name(ofDirectory index: Int) -> UnsafeRawBufferPointer {
    let path = bytes(directories[index].path)
    guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return UnsafeRawBufferPointer(rebasing: path[(slash + 1)...])
  }
}

/// The 32 bytes of a digest.
public struct DigestRow: BitwiseCopyable, Sendable, Equatable {
  public var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
  public init() {}
  public static func == (left: Self, right: Self) -> Bool { left.words == right.words }
}

/// The order of bytes, as in memcmp(3).
func compareBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
  let count = min(left.count, right.count)
  if count > 0, let first = left.baseAddress, let second = right.baseAddress {
    let order = memcmp(first, second, count)
    if order != 0 { return Int(order) }
  }
  return left.count - right.count
}
