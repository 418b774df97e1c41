/// The last bytes of a command's output, read from a pipe: as much as a message contains, for any amount of output.
final class OutputTail {
  static let limit = 4096
  let readEnd: Int32
  private var bytes: [UInt8] = []

  init(readEnd: Int32) { self.readEnd = readEnd }

  /// Reads the available bytes; false at the end of the output.
  func pass() -> Bool {
    guard let new = Pipe.readAvailable(readEnd, limit: 16384) else { return true }
    if new.isEmpty { return false }
    add(new)
    return true
  }

  func add(_ new: [UInt8]) { bytes = Array((bytes + new).suffix(Self.limit)) }

  var text: String { String(decoding: bytes, as: UTF8.self) }
}
