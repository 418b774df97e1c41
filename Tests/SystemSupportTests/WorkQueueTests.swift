import Synchronization
import SystemSupport
import Testing

@Suite("Work on several threads")
struct BackgroundWorkTests {
  private struct Failure: Error, Equatable { var number: Int }

  @Test("Every result is returned once, with its ID, even a failure")
  func results() throws {
    let work = WorkQueue<Int>(threads: 3)
    for id in 0..<50 {
      work.start(id) {
        if id % 7 == 0 { throw Failure(number: id) }
        return id * id
      }
    }
    var found: [Int: Int?] = [:]
    while let (id, result) = work.next() {
      switch result {
      case .success(let value): found.updateValue(value, forKey: id)
      case .failure(let error):
        #expect(error as? Failure == Failure(number: id))
        found.updateValue(nil, forKey: id)
      }
    }
    #expect(found.count == 50)
    #expect(found.allSatisfy { id, value in value == (id % 7 == 0 ? nil : id * id) })
  }

  @Test("Exactly as many tasks run at a time as there are threads")
  func limit() throws {
    let work = WorkQueue<Bool>(threads: 2)
    let running = Mutex((now: 0, most: 0))
    for id in 0..<6 {
      work.start(id) {
        // Each of the first two waits for the other: one alone would wait for ever.
        running.withLock { running in
          running.now += 1
          running.most = max(running.most, running.now)
        }
        while running.withLock({ $0.most < 2 }) { pauseMilliseconds(1) }
        running.withLock { $0.now -= 1 }
        return true
      }
    }
    var count = 0
    while work.next() != nil { count += 1 }
    #expect(count == 6)
    #expect(running.withLock { $0.most } == 2)
  }

  @Test(
    "After a stop or a failure, nothing starts and nothing waits", arguments: [true, false])
  func stopping(byFailure: Bool) throws {
    let work = WorkQueue<Int>(threads: 1, stopsAtFailure: true)
    let gate = Mutex(false)
    let begun = Mutex<Set<Int>>([])
    for id in 0..<5 {
      work.start(id) {
        begun.withLock { _ = $0.insert(id) }
        while gate.withLock({ !$0 }) { pauseMilliseconds(1) }
        if byFailure { throw Failure(number: id) }
        return id
      }
    }
    while begun.withLock({ $0.isEmpty }) { pauseMilliseconds(1) }
    if !byFailure { work.stop() }
    gate.withLock { $0 = true }
    #expect(work.next()?.id == 0)
    work.start(9) { 9 }
    #expect(work.next() == nil)
    #expect(begun.withLock { $0 } == [0])
  }
}

@Suite("Ending programs from another thread")
struct ProcessCancellationTests {
  @Test("A cancellation ends running programs with everything that they started, and later ones too")
  func cancelling() throws {
    let cancellation = ProcessCancellation()
    let command = Subprocess("sh", ["-c", "echo ready; sleep 1000 & sleep 1000"])
    let work = WorkQueue<Subprocess.Termination>(threads: 2)
    for id in 0..<2 { work.start(id) { try command.run(cancellation: cancellation).termination } }
    cancellation.cancel()
    #expect(cancellation.isCancelled)
    while let (_, result) = work.next() { #expect([.signaled(15), .signaled(9)].contains(try result.get())) }
    #expect(try command.run(cancellation: cancellation).termination == .signaled(9))
  }

  @Test("A program that ignores SIGTERM is killed")
  func killing() throws {
    let cancellation = ProcessCancellation()
    let folder = try FileSystem.makeTemporaryDirectory(prefix: "cancellation")
    defer { try? FileSystem.removeTree(folder) }
    let mark = folder.appending("ready").string
    let work = WorkQueue<Subprocess.Termination>(threads: 1)
    work.start(0) {
      let command = Subprocess("sh", ["-c", "trap '' TERM; : > \"$0\"; while :; do sleep 1000; done", mark])
      return try command.run(cancellation: cancellation).termination
    }
    while !FileSystem.exists(FilePath(mark)) { pauseMilliseconds(1) }
    cancellation.cancel(graceMilliseconds: 20)
    #expect(try work.next()?.result.get() == .signaled(9))
  }
}
