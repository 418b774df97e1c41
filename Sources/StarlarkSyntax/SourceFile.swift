/// The bytes of one Starlark file, with the table that turns byte offsets into lines and columns.
public final class SourceFile: Sendable {
  /// The name that errors and call sites carry, usually a path relative to the workspace.
  public let name: String
  /// The file as it was read; it need not be valid UTF-8 until it is parsed.
  public let bytes: [UInt8]
  private let lineStarts: [UInt32]

  /// Keeps `bytes` under `name`.
  public init(name: String, bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
    var starts: [UInt32] = [0]
    starts.reserveCapacity(bytes.count / 24 + 1)
    bytes.withUnsafeBufferPointer { buffer in
      for index in buffer.indices where buffer[index] == 0x0A {
        starts.append(UInt32(truncatingIfNeeded: index + 1))
      }
    }
    lineStarts = starts
  }

  /// The 1-based line that holds the byte at `offset`.
  public func line(at offset: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if Int(lineStarts[middle]) <= offset { low = middle } else { high = middle }
    }
    return low + 1
  }

  /// The 1-based column, in code points, of the byte at `offset`.
  public func column(at offset: Int) -> Int {
    let start = Int(lineStarts[line(at: offset) - 1])
    var column = 1
    for index in start..<max(start, min(offset, bytes.count)) where bytes[index] & 0xC0 != 0x80 { column += 1 }
    return column
  }

  /// The text of a 1-based line, without its line end.
  public func text(ofLine line: Int) -> String {
    guard line >= 1, line <= lineStarts.count else { return "" }
    let start = Int(lineStarts[line - 1])
    var end = line < lineStarts.count ? Int(lineStarts[line]) - 1 : bytes.count
    if end > start, bytes[end - 1] == 0x0D { end -= 1 }
    return String(decoding: bytes[start..<max(start, end)], as: UTF8.self)
  }
}

/// A location in a Starlark file; line, column and text are computed only on request.
public struct StarlarkLocation: Sendable, CustomStringConvertible {
  /// The file.
  public let source: SourceFile
  /// The byte offset from its start.
  public let offset: Int

  /// The place `offset` bytes into `source`.
  public init(source: SourceFile, offset: Int) {
    self.source = source
    self.offset = offset
  }

  /// The name of the file.
  public var file: String { source.name }
  /// The line, counted from 1.
  public var line: Int { source.line(at: offset) }
  /// The column in code points, counted from 1.
  public var column: Int { source.column(at: offset) }
  /// The whole line, without its line end.
  public var sourceLine: String { source.text(ofLine: line) }
  /// `file:line:column`.
  public var description: String { "\(file):\(line):\(column)" }
}
