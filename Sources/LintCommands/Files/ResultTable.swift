internal import Digests
internal import JSON
internal import SystemSupport
internal import Workspace

/// The results of earlier runs in this workspace, by the content of files: `.kilt/lint/results`. Losing it costs time.
///
/// A context stands for a step with its tool and configuration. For each context the file has sorted keys of files without
/// findings, and the findings of other files as JSON.
struct ResultTable {
  private static let magic: UInt64 = 0x6B69_6C74_6C69_6E32
  private static let keySize = MemoryLayout<FileKey>.stride

  /// Results of one context.
  private struct Context {
    /// Where its keys lie in the mapped file.
    var clean: Range<Int> = 0..<0
    var added: Set<FileKey> = []
    var found: [FileKey: JSONValue] = [:]
  }

  private let path: FilePath
  private let directory: StateDirectory
  private let mapped: MappedFile?
  private var contexts: [SHA256Digest: Context] = [:]
  private var used: Set<SHA256Digest> = []
  private var isChanged = false

  /// Reads the table of a state directory; damage makes it an empty one.
  init(_ directory: StateDirectory) {
    self.directory = directory
    path = directory.path.appending("lint/results")
    // Where nothing was kept, nothing is known.
    mapped = environmentVariable("KILT_SNAPSHOT") == "off" ? nil : try? MappedFile(path)
    if let mapped, !read(mapped.bytes) { contexts = [:] }
  }

  /// The findings of a file in its present state; nil where it was not checked so.
  mutating func result(_ key: FileKey, in context: SHA256Digest) -> JSONValue?? {
    used.insert(context)
    guard let known = contexts[context] else { return nil }
    if known.added.contains(key) || hasClean(key, known.clean) { return .some(nil) }
    if let found = known.found[key] { return .some(found) }
    return nil
  }

  /// Keeps the findings of a file; nil for none.
  mutating func set(_ findings: JSONValue?, for key: FileKey, in context: SHA256Digest) {
    used.insert(context)
    isChanged = true
    if let findings {
      contexts[context, default: Context()].found[key] = findings
    } else {
      contexts[context, default: Context()].added.insert(key)
    }
  }

  private func hasClean(_ wanted: FileKey, _ range: Range<Int>) -> Bool {
    let place = position(of: wanted, in: range)
    return place < range.upperBound && key(at: place) == wanted
  }

  /// Where the first of sorted keys lies that is not before this one.
  private func position(of key: FileKey, in range: Range<Int>) -> Int {
    guard let bytes = mapped?.bytes else { return range.upperBound }
    var (low, high) = (0, range.count / Self.keySize)
    while low < high {
      let middle = (low + high) / 2
      let other = bytes.loadUnaligned(fromByteOffset: range.lowerBound + middle * Self.keySize, as: FileKey.self)
      if other < key { low = middle + 1 } else { high = middle }
    }
    return range.lowerBound + low * Self.keySize
  }

  /// The bytes of sorted keys of the mapped file, with further ones among them.
  private func merged(_ range: Range<Int>, _ added: [FileKey]) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(range.count + added.count * Self.keySize)
    var copied = range.lowerBound
    func copy(to end: Int) {
      if let bytes = mapped?.bytes, end > copied { output += bytes[copied..<end] }
      copied = end
    }
    for key in added {
      let place = range.isEmpty ? range.lowerBound : position(of: key, in: range)
      copy(to: max(copied, place))
      let isThere = place < range.upperBound && self.key(at: place) == key
      if !isThere { withUnsafeBytes(of: key) { output += $0 } }
    }
    copy(to: range.upperBound)
    return output
  }

  private func key(at offset: Int) -> FileKey? {
    mapped?.bytes.loadUnaligned(fromByteOffset: offset, as: FileKey.self)
  }

  // MARK: Bytes

  /// Reads the contexts: a digest of the rest, magic, their number, and for each its digest, the number of its keys, the size of its JSON, both.
  private mutating func read(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var offset = 0
    func number() -> Int? {
      guard offset + 8 <= bytes.count else { return nil }
      defer { offset += 8 }
      return Int(exactly: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    guard bytes.count >= 48, SHA256Digest(bytes: bytes[..<32]) == .of(UnsafeRawBufferPointer(rebasing: bytes[32...]))
    else { return false }
    offset = 32
    guard number() == Int(exactly: Self.magic), let count = number(), count < 1 << 20 else { return false }
    for _ in 0..<count {
      guard offset + 32 <= bytes.count, let digest = SHA256Digest(bytes: bytes[offset..<(offset + 32)]) else {
        return false
      }
      offset += 32
      guard let keys = number(), let size = number(), keys >= 0, size >= 0, keys <= bytes.count, size <= bytes.count,
        offset + keys * Self.keySize + size <= bytes.count
      else { return false }
      var context = Context(clean: offset..<(offset + keys * Self.keySize))
      offset = context.clean.upperBound
      // A file that was cut off, or written over, is no table.
      guard let json = try? JSONValue(parsing: Array(bytes[offset..<(offset + size)])), let entries = json.array else {
        return false
      }
      offset += size
      for entry in entries {
        guard let parts = entry.array, parts.count == 4, let first = parts[0].int, let second = parts[1].int,
          let path = parts[2].int
        else { return false }
        let key = FileKey(
          first: UInt64(bitPattern: first), second: UInt64(bitPattern: second), path: UInt64(bitPattern: path))
        context.found[key] = parts[3]
      }
      contexts[digest] = context
    }
    return offset == bytes.count
  }

  /// Writes the table with what this run has added. Contexts that no run has asked for while the table grew go first.
  ///
  /// - Parameter limit: the number of keys to keep at most besides those of contexts that this run used.
  mutating func save(limit: Int = 400_000) {
    guard isChanged, environmentVariable("KILT_SNAPSHOT") != "off" else { return }
    var output: [UInt8] = []
    func append(_ number: UInt64) { withUnsafeBytes(of: number) { output.append(contentsOf: $0) } }
    var others = 0
    let kept = contexts.filter { digest, context in
      if used.contains(digest) { return true }
      others += context.clean.count / Self.keySize + context.found.count
      return others <= limit
    }.sorted { $0.key < $1.key }
    append(Self.magic)
    append(UInt64(kept.count))
    for (digest, context) in kept {
      // Of a file that is edited all day, the states of yesterday need not be known.
      let clean = context.clean.count / Self.keySize + context.added.count > limit ? 0..<0 : context.clean
      let keys = merged(clean, context.added.sorted())
      let found = context.found.count > limit / 8 ? [:] : context.found
      let entries = found.sorted { $0.key < $1.key }.map { key, value in
        JSONValue.array([
          .int(Int64(bitPattern: key.first)), .int(Int64(bitPattern: key.second)), .int(Int64(bitPattern: key.path)),
          value,
        ])
      }
      let json = JSONValue.array(entries).bytes()
      output += digest.bytes
      append(UInt64(keys.count / Self.keySize))
      append(UInt64(json.count))
      output += keys
      output += json
    }
    // A table that cannot be written is worth nothing but time.
    do throws(SystemCallError) {
      try directory.create()
      try FileSystem.createDirectories(path.removingLastComponent())
      try FileSystem.write(SHA256Digest.of(output).bytes + output, to: path)
    } catch {
      return
    }
    isChanged = false
  }
}
