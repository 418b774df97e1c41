import CSystemShims
import Glibc

/// The executor's end of the socket to the `kilt-init` of one run.
///
/// Closing it ends the run, as the executor's death does.
final class RunChannel {
  /// The reports of `kilt-init`.
  enum Report: Hashable {
    /// The command is executed.
    case started
    case ended(ExitStatus)
    /// The command could not be executed, and why.
    case failed(String)
  }

  /// The orders to it.
  enum Order: UInt8 {
    /// Pass SIGTERM on to everything that the command has started, and wait for the end of all of it.
    case terminate = 0x54
    /// Kill all of it.
    case kill = 0x4B
  }

  private let own: OwnedDescriptor
  /// The end for the child; to be let go after its start.
  private(set) var childEnd: OwnedDescriptor?

  init() throws(ExecutorError) {
    var ends: [Int32] = [-1, -1]
    guard kilt_packet_sockets(&ends) == 0 else { throw .last("socketpair", "a socket") }
    own = OwnedDescriptor(ends[0])
    childEnd = OwnedDescriptor(ends[1])
    Pipe.setNonBlocking(ends[0])
  }

  var descriptor: Int32 { own.number }

  func closeChildEnd() { childEnd = nil }

  /// True if the order was sent; false if there is no receiver.
  func send(_ order: Order) -> Bool {
    var byte = order.rawValue
    return Glibc.send(own.number, &byte, 1, Int32(MSG_NOSIGNAL)) == 1
  }

  /// The next report; nil if there is none now.
  func next() -> Report? {
    var bytes = [UInt8](repeating: 0, count: 512)
    while true {
      let count = recv(own.number, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      let text = String(decoding: bytes[1..<count], as: UTF8.self)
      switch bytes[0] {
      case UInt8(ascii: "S"): return .started
      case UInt8(ascii: "X"): if let code = Int32(text) { return .ended(.exited(code)) }
      case UInt8(ascii: "G"): if let signal = Int32(text) { return .ended(.signalled(signal)) }
      case UInt8(ascii: "E"): return .failed(text)
      default: break
      }
    }
  }
}
