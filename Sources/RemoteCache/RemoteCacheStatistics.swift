internal import Diagnostics
internal import JSON
public import SystemSupport

/// What a remote cache was good for, by kind of record.
public struct RemoteCacheStatistics: Sendable, Hashable {
  public struct Counts: Sendable, Hashable {
    /// Found on this machine.
    public var localHits: Int64 = 0
    public var hits: Int64 = 0
    public var misses: Int64 = 0
    public var uploads: Int64 = 0
    /// Made here, and kept here.
    public var withheld: Int64 = 0
    public var downloadedBytes: Int64 = 0
    public var uploadedBytes: Int64 = 0
    /// The time that it took to make what was found in the remote cache.
    public var savedMilliseconds: Int64 = 0

    public init() {}

    static let names: [(name: String, path: any WritableKeyPath<Counts, Int64> & Sendable)] = [
      ("local_hits", \.localHits), ("hits", \.hits), ("misses", \.misses), ("uploads", \.uploads),
      ("withheld", \.withheld), ("downloaded_bytes", \.downloadedBytes), ("uploaded_bytes", \.uploadedBytes),
      ("saved_milliseconds", \.savedMilliseconds),
    ]

    /// Adds the counts of another.
    public static func += (left: inout Counts, right: Counts) {
      for (_, path) in names { left[keyPath: path] += right[keyPath: path] }
    }

    /// The counts by the names of `kilt cache stats --format json`.
    public var named: [(name: String, count: Int64)] { Self.names.map { ($0.name, self[keyPath: $0.path]) } }
  }

  /// By kind, as in ``kind(of:)``.
  public var kinds: [String: Counts] = [:]
  /// When counting began, in seconds since 1970; 0 before.
  public var since: Int64 = 0

  public init() {}

  /// What people call the records of a namespace.
  public static func kind(of namespace: String) -> String {
    switch namespace.prefix(while: { $0 != "-" }) {
    case "action": "build steps"
    case "test": "tests"
    case "tar", "zip": "archives"
    case "bundle": "bundles"
    case "built": "wheels from sources"
    case "files": "wheels"
    case "lint": "lint results"
    default: namespace
    }
  }

  /// The counts of all kinds together.
  public var total: Counts { kinds.values.reduce(into: Counts()) { $0 += $1 } }
}

// MARK: On disk

extension RemoteCacheStatistics {
  static func directory(in store: FilePath) -> FilePath { store.appending("remote") }

  /// What was counted on this machine so far.
  ///
  /// What cannot be read counts as nothing.
  public static func read(in store: FilePath) -> RemoteCacheStatistics {
    var result = RemoteCacheStatistics()
    guard let bytes = try? FileSystem.read(directory(in: store).appending("statistics.json"), limit: 1 << 20),
      let json = try? JSONValue(parsing: bytes), let kinds = json["kinds"]?.object
    else { return result }
    result.since = json["since"]?.int ?? 0
    for (kind, value) in kinds {
      var counts = Counts()
      for (name, path) in Counts.names { counts[keyPath: path] = value[name]?.int ?? 0 }
      result.kinds[kind] = counts
    }
    return result
  }

  /// Adds this to what was counted on this machine.
  func add(in store: FilePath) throws(SystemCallError) {
    guard !kinds.isEmpty else { return }
    let directory = Self.directory(in: store)
    try FileSystem.createDirectories(directory)
    let lock = try FileLock(waitingFor: directory.appending("statistics.lock"))
    var sum = Self.read(in: store)
    if sum.since == 0 { sum.since = wallClockNanoseconds() / 1_000_000_000 }
    for (kind, counts) in kinds { sum.kinds[kind, default: Counts()] += counts }
    try FileSystem.write(sum.json.bytes(), to: directory.appending("statistics.json"))
    _ = consume lock
  }

  /// Begins counting again.
  public static func reset(in store: FilePath) throws(SystemCallError) {
    let path = directory(in: store).appending("statistics.json")
    if FileSystem.exists(path) { try FileSystem.removeFile(path) }
  }

  private var json: JSONValue {
    .members([
      "since": .int(since),
      "kinds": .object(
        JSONObject(
          kinds.sorted { $0.key < $1.key }.map { kind, counts in
            (kind, .object(JSONObject(counts.named.map { ($0.name, .int($0.count)) })))
          })),
    ])
  }
}
