import Glibc

/// Reading and writing the small text files of `/proc` and `/sys`, where one write is one request to the kernel.
enum SmallFile {
  /// The text of a file; nil when it cannot be read.
  static func read(_ path: String) -> String? { bytes(path).map { String(decoding: $0, as: UTF8.self) } }

  /// The content of a file; nil when it cannot be read.
  static func bytes(_ path: String, limit: Int = 64 << 20) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while bytes.count < limit {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { return nil }
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return bytes
  }

  /// Writes the text in one call into a file that exists or, outside the kernel's file systems, is made.
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
