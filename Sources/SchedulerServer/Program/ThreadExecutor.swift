internal import Glibc
internal import Synchronization

/// Runs an actor's jobs on its own thread, so that it can block: commits to SQLite, system calls. The cooperative pool
/// stays free for the web server.
final class ThreadExecutor: SerialExecutor {
  /// The jobs wait in a mutex; the semaphore counts them, and wakes the thread.
  private let waiting = Mutex<[UnownedJob]>([])
  private let semaphore: Semaphore

  init() {
    semaphore = Semaphore()
    var thread = pthread_t()
    // The thread keeps the executor alive: an actor of the process's whole life has one.
    let result = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<ThreadExecutor>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    precondition(result == 0, "a thread can be started")
    pthread_detach(thread)
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    waiting.withLock { $0.append(job) }
    semaphore.signal()
  }

  func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

  private func run() {
    while true {
      semaphore.wait()
      let jobs = waiting.withLock { waiting in
        defer { waiting.removeAll() }
        return waiting
      }
      for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
    }
  }
}

/// A counting semaphore (sem_init(3)).
private final class Semaphore: @unchecked Sendable {
  // Invariant: the pointer is set once; sem_post(3) and sem_wait(3) are safe from any thread.
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(semaphore, 0, 0) }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func signal() { sem_post(semaphore) }

  func wait() {
    while sem_wait(semaphore) != 0 {}
  }
}
