internal import Artifacts
internal import ContentStore
internal import Diagnostics
internal import Digests
internal import JSON
internal import JobModel
internal import Observability
internal import SchedulerClient
internal import Synchronization
internal import SystemSupport

/// An archive of logs as the commands work with it: its objects, and copies of them in the cache where it is not a
/// directory.
struct ArchiveAccess {
  let bucket: ObjectBucket

  /// An object of a partition.
  struct Object: Hashable {
    var partition: LogPartition
    /// The key in the archive.
    var key: String
    var size: Int64
    var isCompacted: Bool { key.hasPrefix(ArchiveAccess.compacted) }
  }

  /// The directory of compacted hours: beside the partitions, so that a table of either has one kind of file.
  static let compacted = "parquet/"

  init(_ options: ArchiveOptions, _ global: GlobalOptions) throws {
    var text = options.archive ?? environmentVariable("KILT_LOG_ARCHIVE").flatMap { $0.isEmpty ? nil : $0 }
    if let given = text, !given.hasPrefix("s3://"), !given.hasPrefix("file:") {
      text = try global.workingDirectory.pushing(FilePath(given)).lexicallyNormalized().string
    }
    if text == nil { text = try JobSession(global, cluster: options.cluster).client.cluster()["log_archive"]?.string }
    guard let text else {
      throw Diagnostic(
        .input, "the scheduler has no archive of logs",
        remedies: [
          "name one: `--archive s3://BUCKET/PREFIX`", "or add [logs] archive = \"…\" to the scheduler's configuration",
        ])
    }
    bucket = try ObjectBucket(opening: text)
  }

  /// The objects whose partitions a filter admits, level by level: a value that is known is listed alone.
  func objects(_ filter: PartitionFilter) throws -> [Object] {
    try ["", Self.compacted].flatMap { root -> [Object] in
      var prefixes = [root]
      for column in PartitionFilter.columns {
        prefixes = try prefixes.flatMap { prefix -> [String] in
          if let value = filter.value(of: column) { return ["\(prefix)\(column)=\(value)/"] }
          return try bucket.list(prefix, recursive: false).map(\.name)
            .filter { $0.hasPrefix(column + "=") && filter.admits(column, String($0.dropFirst(column.count + 1))) }
            .map { "\(prefix)\($0)/" }
        }
      }
      return try prefixes.flatMap { prefix in
        try bucket.list(prefix).compactMap { entry -> Object? in
          let key = prefix + entry.name
          guard let partition = LogPartition(parsing: key.dropFirst(root.count)) else { return nil }
          guard entry.name.hasSuffix(".jsonl.gz") || entry.name.hasSuffix(".parquet") else { return nil }
          return Object(partition: partition, key: key, size: entry.size ?? 0)
        }
      }
    }
  }

  /// The paths of objects on this machine: their own, or those of copies that are created now if missing. The content
  /// of an object never changes.
  func paths(of objects: [Object]) throws -> [String] {
    if let directory = bucket.directory { return objects.map { directory.appending($0.key).string } }
    let name = SHA256Digest.of(Array(bucket.location.utf8)).hex.prefix(16)
    let cache = try ContentStore.defaultRoot().appending("logs").appending(String(name))
    let failure = Mutex<(any Error)?>(nil)
    performInParallel(count: objects.count, threads: 8) { index in
      if failure.withLock({ $0 != nil }) { return }
      do {
        let object = objects[index]
        let path = cache.appending(object.key)
        if FileSystem.exists(path) { return }
        guard let bytes = try bucket.read(object.key, limit: 1 << 30) else { return }
        try FileSystem.createDirectories(path.removingLastComponent())
        let replacement = try FileReplacement(of: path)
        try FileSystem.write(bytes, to: replacement.file)
        try replacement.commit()
      } catch {
        failure.withLock { $0 = $0 ?? error }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    return objects.map { cache.appending($0.key).string }
  }
}

/// The conditions of a query on partitions: required values of columns, and bounds of the date.
struct PartitionFilter {
  static let columns = ["cluster", "role", "stage", "job", "date", "hour"]
  private var equal: [String: String] = [:]
  private var bounds: [(isLower: Bool, isStrict: Bool, date: String)] = []

  /// A filter that admits everything.
  init() {}

  /// Reads the conditions of a SQL text that hold for every row: `job = 'x'` and bounds of the date, joined by AND. A text
  /// with words that could make them mean something else admits everything.
  init(sql: String) {
    let tokens = Self.tokens(of: sql)
    let words = tokens.compactMap { if case .word(let word) = $0 { word.lowercased() } else { nil } }
    let risky: Set<String> = [
      "or", "not", "union", "except", "intersect", "case", "filter", "join", "having", "with", "any", "all", "some",
    ]
    guard risky.isDisjoint(with: words), words.count(where: { $0 == "select" }) == 1 else { return }
    guard let start = tokens.firstIndex(where: { $0.word == "where" }) else { return }
    var seen: [String: Int] = [:]
    for index in tokens.indices where index > start && index + 2 < tokens.count {
      guard let column = tokens[index].word, Self.columns.contains(column), case .symbol(let symbol) = tokens[index + 1]
      else { continue }
      let value: String
      switch tokens[index + 2] {
      case .text(let text): value = text
      case .word(let word) where Int(word) != nil: value = word
      default: continue
      }
      // A function, or arithmetic, transforms the value further.
      if index > 0, case .symbol(let before) = tokens[index - 1], !["(", "."].contains(before) { continue }
      if index + 3 < tokens.count, case .symbol(let after) = tokens[index + 3], ![")", ";"].contains(after) {
        continue
      }
      switch symbol {
      case "=":
        seen[column, default: 0] += 1
        equal[column] = column == "hour" && value.count == 1 ? "0" + value : value
      case ">", ">=": if column == "date" { bounds.append((true, symbol == ">", value)) }
      case "<", "<=": if column == "date" { bounds.append((false, symbol == "<", value)) }
      default: break
      }
    }
    for (column, count) in seen where count > 1 { equal[column] = nil }
    // Only the database compares a value that is not part of a path.
    equal = equal.filter { JobKey.isIdentifier($0.value) }
  }

  func value(of column: String) -> String? { equal[column] }

  func admits(_ column: String, _ value: String) -> Bool {
    guard column == "date" else { return true }
    return bounds.allSatisfy { bound in
      let limit = String(bound.date.prefix(10))
      return bound.isLower ? value >= limit : value <= limit
    }
  }

  private enum Token {
    case word(String)
    case text(String)
    case symbol(String)

    var word: String? { if case .word(let word) = self { word.lowercased() } else { nil } }
  }

  private static func tokens(of sql: String) -> [Token] {
    var tokens: [Token] = []
    var rest = sql[...]
    while let first = rest.first {
      if first.isWhitespace {
        rest = rest.dropFirst()
      } else if rest.hasPrefix("--") {
        rest = rest.drop { $0 != "\n" }
      } else if first == "'" || first == "\"" {
        var text = ""
        rest = rest.dropFirst()
        while let character = rest.first {
          rest = rest.dropFirst()
          if character == first {
            guard rest.first == first else { break }
            rest = rest.dropFirst()
          }
          text.append(character)
        }
        tokens.append(first == "'" ? .text(text) : .word(text))
      } else if first.isLetter || first.isNumber || first == "_" {
        let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        tokens.append(.word(String(word)))
        rest = rest.dropFirst(word.count)
      } else {
        let operators = [">=", "<=", "<>", "!=", "||"]
        let symbol = operators.first { rest.hasPrefix($0) } ?? String(first)
        tokens.append(.symbol(symbol))
        rest = rest.dropFirst(symbol.count)
      }
    }
    return tokens
  }
}
