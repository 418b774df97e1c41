import Glibc
import Synchronization

/// Signals as bytes in a pipe, so that the event loop hears of them like of everything else.
enum SignalPipe {
  private static let writeEnd = Atomic<Int32>(-1)

  /// Lets each of the signals write its number into a pipe from now on, and returns the end to read.
  static func install(_ signals: [Int32]) throws(ExecutorError) -> Int32 {
    let pipe = try Pipe()
    Pipe.setNonBlocking(pipe.readEnd)
    Pipe.setNonBlocking(pipe.writeEnd)
    writeEnd.store(pipe.writeEnd, ordering: .sequentiallyConsistent)
    for number in signals {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { number in
        let saved = errno
        var byte = UInt8(truncatingIfNeeded: number)
        // A full pipe holds enough signals to act on.
        _ = write(SignalPipe.writeEnd.load(ordering: .sequentiallyConsistent), &byte, 1)
        errno = saved
      }
      action.sa_flags = SA_RESTART
      guard sigaction(number, &action, nil) == 0 else { throw .last("sigaction", "signal \(number)") }
    }
    return pipe.readEnd
  }

  /// Ignores a signal.
  static func ignore(_ number: Int32) { signal(number, SIG_IGN) }
}
