package import Digests
package import SystemSupport

/// Writes a tar of the POSIX form with GNU's long names (tar(5)), whose bytes depend on what is added alone: one time, and
/// owner and group 0. Unlike `Archive`'s, it knows links and any mode, and its digest is known at its end.
package struct TarFile {
  package enum Content {
    case directory
    case link(to: String)
    case bytes([UInt8])
    /// A file of this machine.
    case file(FilePath)
  }

  private let file: FileDescriptor
  private var hasher = SHA256Hasher()
  /// What was added, so that nothing is added twice.
  private var names: Set<String> = []

  /// Begins in an open, empty file, which stays the caller's.
  package init(to file: FileDescriptor) { self.file = file }

  /// Adds an entry by its path below the root, without a slash at its start; one that is there already is left alone.
  ///
  /// - Parameter mode: the permissions; nil means those of the file, or 755 for what is executable and 644 otherwise.
  package mutating func add(_ name: String, _ content: Content, mode: Int? = nil) throws {
    guard names.insert(name).inserted else { return }
    switch content {
    case .directory:
      try header(name + "/", kind: "5", mode: mode ?? 0o755, size: 0)
    case .link(let target):
      try header(name, kind: "2", mode: 0o777, size: 0, link: target)
    case .bytes(let bytes):
      try header(name, kind: "0", mode: mode ?? 0o644, size: bytes.count)
      try write(bytes)
      try pad(bytes.count)
    case .file(let source):
      let opened = try FileSystem.open(source, .readOnly)
      defer { FileSystem.close(opened) }
      let status = try FileSystem.status(of: opened)
      let length = Int(status.size)
      try header(name, kind: "0", mode: mode ?? Int(status.permissions & 0o755 | 0o444), size: length)
      var offset = 0
      while offset < length {
        let bytes = try FileSystem.read(opened, UInt64(offset)..<UInt64(min(offset + (1 << 20), length)))
        try write(bytes)
        offset += bytes.count
      }
      try pad(length)
    }
  }

  /// Writes the end, and returns the SHA-256 of the whole.
  package mutating func finish() throws -> SHA256Digest {
    try write([UInt8](repeating: 0, count: 1024))
    return hasher.digest()
  }

  // MARK: Blocks

  private mutating func header(_ name: String, kind: Character, mode: Int, size: Int, link: String = "") throws {
    if name.utf8.count > 100 { try long(name, kind: "L") }
    if link.utf8.count > 100 { try long(link, kind: "K") }
    try block(name, kind: kind, mode: mode, size: size, link: link)
  }

  private mutating func long(_ text: String, kind: Character) throws {
    let bytes = Array(text.utf8) + [0]
    try block("././@LongLink", kind: kind, mode: 0, size: bytes.count, link: "")
    try write(bytes)
    try pad(bytes.count)
  }

  private mutating func block(_ name: String, kind: Character, mode: Int, size: Int, link: String) throws {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ bytes: some Collection<UInt8>, at offset: Int, _ limit: Int) {
      for (index, byte) in bytes.prefix(limit).enumerated() { block[offset + index] = byte }
    }
    func octal(_ value: Int, _ digits: Int) -> [UInt8] {
      let text = String(value, radix: 8)
      return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8)
    }
    put(name.utf8, at: 0, 100)
    put(octal(mode, 7), at: 100, 7)
    put(octal(0, 7), at: 108, 7)
    put(octal(0, 7), at: 116, 7)
    put(octal(size, 11), at: 124, 11)
    put(octal(0, 11), at: 136, 11)
    put([UInt8](repeating: 0x20, count: 8), at: 148, 8)
    put(String(kind).utf8, at: 156, 1)
    put(link.utf8, at: 157, 100)
    put("ustar  ".utf8, at: 257, 7)
    let sum = block.reduce(0) { $0 + Int($1) }
    put(octal(sum, 6) + [0, 0x20], at: 148, 8)
    try write(block)
  }

  private mutating func pad(_ count: Int) throws {
    let rest = (512 - count % 512) % 512
    if rest > 0 { try write([UInt8](repeating: 0, count: rest)) }
  }

  private mutating func write(_ bytes: [UInt8]) throws {
    try FileSystem.write(bytes, to: file)
    hasher.update(bytes)
  }
}
