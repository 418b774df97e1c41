import Glibc

/// Reading and writing the small text files of `/proc` and `/sys`, where one write is one request to the kernel.
enum SmallFile {
  /// The text of a file; nil when it cannot be read.
  static func read(_ path: String) -> String? { bytes(path).map { String(decoding: $0, as: UTF8.self) } }

  /// The content of a file; nil when it cannot be read.
  static func bytes(_ path: String, limit: Int = 64 << 20) -> [UInt8]? {
    do { return try content(path, limit: limit) } catch { return nil }
  }

  /// Returns the content of a file, or nil if the file does not exist.
  ///
  /// For callers that act on the absence of a file: a shortage of descriptors or an I/O error is not an absence.
  ///
  /// - Throws: ``ExecutorError`` if the file exists, or might exist, and cannot be read whole.
  static func content(
    _ path: String, limit: Int = 64 << 20, calls: FileCalls = .system
  ) throws(ExecutorError) -> [UInt8]? {
    // A named pipe in the place of a file must not hold up its reader.
    let descriptor = calls.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    if descriptor == -ENOENT { return nil }
    guard descriptor >= 0 else { throw .system(call: "open", path: path, code: -descriptor) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    while bytes.count < limit {
      var count = 0
      let piece = [UInt8](unsafeUninitializedCapacity: 16384) { buffer, filled in
        count = calls.read(descriptor, UnsafeMutableRawBufferPointer(buffer))
        filled = max(count, 0)
      }
      if count == -Int(EINTR) { continue }
      guard count >= 0 else { throw .system(call: "read", path: path, code: Int32(-count)) }
      if count == 0 { break }
      bytes += piece
    }
    return bytes
  }

  /// Writes the text in one call into a file that exists or, outside the kernel's file systems, is created.
  static func write(_ text: String, to path: String) throws(ExecutorError) {
    let descriptor = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .last("open", path) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    if Glibc.write(descriptor, bytes, bytes.count) != bytes.count { throw .last("write", path) }
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The number that is the whole content.
  static func number(_ path: String) -> Int? {
    guard let text = read(path) else { return nil }
    return Int(text.split(whereSeparator: \.isWhitespace).first ?? "")
  }

  /// Lines of a name and a number, as in `memory.stat`; empty when the file cannot be read.
  static func table(_ path: String) -> [String: Int] {
    var table: [String: Int] = [:]
    for line in (read(path) ?? "").split(separator: "\n") {
      let parts = line.split(separator: " ")
      if parts.count == 2, let number = Int(parts[1]) { table[String(parts[0])] = number }
    }
    return table
  }
}
