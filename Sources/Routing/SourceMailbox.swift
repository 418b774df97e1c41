public import Discovery
internal import Glibc
internal import JobModel
internal import Synchronization
public import SystemSupport

/// The messages of a source of instances. Sources are counted from 0, in the order of the routes file.
public enum SourceMessage: Sendable {
  /// Everything that the source knows now.
  case services([Service], source: Int = 0)
  /// The source cannot be reached: nothing is known about instances.
  case unreachable(String, source: Int = 0)
}

/// The known state of one source.
struct SourceState {
  /// The last known services; nil before anything is known.
  var known: [JobKey: Service]?
  /// Why the source cannot be asked now.
  var problem: String?
  /// When it last answered, in milliseconds since 1970.
  var heardAt: Int64?
  /// Its name in messages.
  var name: String

  var isReachable: Bool { problem == nil && heardAt != nil }
}

/// Messages on their way from the thread that follows a source to the router's.
public final class SourceMailbox: Sendable {
  private let messages = Mutex<[SourceMessage]>([])
  private let reading: FileDescriptor
  private let writing: FileDescriptor

  public init() throws(SystemCallError) {
    (reading, writing) = try makePipe()
    for end in [reading, writing] { _ = fcntl(end.rawValue, F_SETFL, O_NONBLOCK) }
  }

  deinit {
    FileSystem.close(reading)
    FileSystem.close(writing)
  }

  public func put(_ message: SourceMessage) {
    messages.withLock { $0.append(message) }
    wake()
  }

  /// Ends a wait.
  public func wake() {
    var byte: UInt8 = 1
    // A full pipe wakes just as well.
    _ = write(writing.rawValue, &byte, 1)
  }

  /// Waits for messages, for a limited time, and returns them.
  public func take(milliseconds: Int) -> [SourceMessage] {
    var polled = pollfd(fd: reading.rawValue, events: Int16(POLLIN), revents: 0)
    _ = poll(&polled, 1, Int32(clamping: milliseconds))
    var buffer = [UInt8](repeating: 0, count: 4096)
    while read(reading.rawValue, &buffer, buffer.count) > 0 {}
    return messages.withLock { messages in
      defer { messages = [] }
      return messages
    }
  }
}
