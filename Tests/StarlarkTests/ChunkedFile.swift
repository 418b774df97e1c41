import Glibc
import Starlark

/// A conformance file: chunks between lines `---`, each with the errors it must fail with.
struct ChunkedFile {
  struct Chunk {
    var firstLine: Int
    var text: String
    /// Regular expressions, any of which must match; none when the chunk must pass.
    var expected: [String]
  }

  var chunks: [Chunk] = []

  /// Splits a file. `### text` expects an error, `### go: text` one of the `go` implementation, which is followed here.
  init(_ text: String) {
    var lines: [Substring] = []
    var first = 1
    var number = 0
    func chunk() -> Chunk {
      var expected: [String] = []
      var code = ""
      for line in lines {
        guard let mark = line.range(of: "###") else {
          code += line + "\n"
          continue
        }
        // The expectation is cut off: an error shows the line it stands on, and would match itself.
        code += line[..<mark.lowerBound] + "\n"
        var pattern = line[mark.upperBound...].drop { $0 == " " }
        if pattern.hasPrefix("java:") || pattern.hasPrefix("rust:") { continue }
        if pattern.hasPrefix("go:") { pattern = pattern.dropFirst(3).drop { $0 == " " } }
        while pattern.last == " " { pattern.removeLast() }
        expected.append(String(pattern))
      }
      return Chunk(firstLine: first, text: code, expected: expected)
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      number += 1
      if line == "---" {
        chunks.append(chunk())
        lines = []
        first = number + 1
      } else {
        lines.append(line)
      }
    }
    chunks.append(chunk())
  }
}

extension Substring {
  fileprivate func range(of needle: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
      start = index(after: start)
    }
    return nil
  }
}

/// The bytes of a file; nil when it cannot be read.
func contents(ofFile path: String) -> [UInt8]? {
  guard let file = fopen(path, "rb") else { return nil }
  defer { fclose(file) }
  var result: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { return result }
    result += buffer[..<count]
  }
}

/// The names in a folder, sorted; empty when there is none.
func names(inFolder path: String) -> [String] {
  guard let folder = opendir(path) else { return [] }
  defer { closedir(folder) }
  var result: [String] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if !name.hasPrefix(".") { result.append(name) }
  }
  return result.sorted()
}
