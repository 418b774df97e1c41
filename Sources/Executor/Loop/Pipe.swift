import CSystemShims
import Glibc

/// The two ends of a pipe, close-on-exec.
struct Pipe {
  var readEnd: Int32
  var writeEnd: Int32

  init() throws(ExecutorError) {
    var ends: [Int32] = [-1, -1]
    guard kilt_pipe_cloexec(&ends) == 0 else { throw .last("pipe2", "a pipe") }
    readEnd = ends[0]
    writeEnd = ends[1]
  }

  /// Makes reads, or writes, return at once.
  static func setNonBlocking(_ descriptor: Int32) {
    let flags = fcntl(descriptor, F_GETFL)
    if flags >= 0 { _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) }
  }

  /// The bytes that can be read now, at most `limit`: nil if there are none yet, empty at the end.
  static func readAvailable(_ descriptor: Int32, limit: Int = 65536) -> [UInt8]? {
    while true {
      var count = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, filled in
        count = read(descriptor, buffer.baseAddress, limit)
        filled = max(count, 0)
      }
      if count >= 0 { return bytes }
      if errno == EINTR { continue }
      return errno == EAGAIN ? nil : []
    }
  }
}
