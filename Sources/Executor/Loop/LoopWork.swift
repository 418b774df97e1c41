import Glibc
import Synchronization

/// Blocking work on separate threads, whose results return to the event loop's thread.
///
/// For work without a descriptor to wait on: an HTTP request through libcurl, a walk over a large tree. A thread's work
/// must end on its own; nobody waits for it when the executor exits.
final class LoopWork<Value: Sendable> {
  /// The part that the threads see: the destination of their results.
  private final class Mailbox: Sendable {
    let writeEnd: Int32
    let arrived = Mutex<[(id: Int, value: Value)]>([])

    init(writeEnd: Int32) { self.writeEnd = writeEnd }

    func put(_ value: Value, id: Int) {
      arrived.withLock { $0.append((id, value)) }
      var byte: UInt8 = 1
      // A full pipe wakes the loop just as well.
      _ = write(writeEnd, &byte, 1)
    }
  }

  /// Readable when a result waits.
  let readEnd: Int32
  private let mailbox: Mailbox
  private var waiting: [Int: (Value) -> Void] = [:]
  private var nextID = 0

  init() throws(ExecutorError) {
    let pipe = try Pipe()
    Pipe.setNonBlocking(pipe.readEnd)
    Pipe.setNonBlocking(pipe.writeEnd)
    readEnd = pipe.readEnd
    mailbox = Mailbox(writeEnd: pipe.writeEnd)
  }

  /// Runs `work` on a new thread; ``deliver()`` later hands its result to `receive`.
  func start(
    _ work: @escaping @Sendable () -> Value, receive: @escaping (Value) -> Void
  ) throws(ExecutorError) {
    let id = nextID
    nextID += 1
    let job = Unmanaged.passRetained(BackgroundJob { [mailbox] in mailbox.put(work(), id: id) })
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    defer { pthread_attr_destroy(&attributes) }
    var thread = pthread_t()
    let code = pthread_create(
      &thread, &attributes,
      { context in
        if let context { Unmanaged<BackgroundJob>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, job.toOpaque())
    guard code == 0 else {
      job.release()
      throw .library(call: "pthread_create", code: code)
    }
    waiting[id] = receive
  }

  /// Hands over the results that have arrived, on the caller's thread.
  func deliver() {
    _ = Pipe.readAvailable(readEnd)
    let results = mailbox.arrived.withLock { arrived in
      defer { arrived = [] }
      return arrived
    }
    for result in results { waiting.removeValue(forKey: result.id)?(result.value) }
  }
}

/// The work of one thread, on its way there.
private final class BackgroundJob {
  let run: () -> Void
  init(_ run: @escaping () -> Void) { self.run = run }
}
