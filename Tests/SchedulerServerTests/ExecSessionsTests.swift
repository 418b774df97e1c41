import Executor
import JobModel
import Synchronization
import SystemSupport
import Testing

@testable import SchedulerServer

/// How many commands clients can have in sandboxes.
@Suite struct ExecSessionsTests {
  /// A session of a program that waits until it is ended.
  private static func session(_ scratch: FilePath) throws -> ExecSession {
    try ExecSession(executor: scratch.appending("executor"), task: scratch, command: ["true"], size: nil)
  }

  private static func scratch() throws -> FilePath {
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "exec-sessions")
    try FileSystem.write(text: "#!/bin/sh\nexec sleep 600\n", to: scratch.appending("executor"), permissions: 0o755)
    return scratch
  }

  @Test("Commands beyond the limits of a job and of the scheduler are refused, and never started") func limits()
    async throws
  {
    let scratch = try Self.scratch()
    let sessions = ExecSessions()
    let started = Mutex(0)
    func add(_ key: JobKey) async throws -> String {
      try await sessions.add(of: key) {
        started.withLock { $0 += 1 }
        return try Self.session(scratch)
      }
    }
    let keys = ["one", "two", "three"].map { SchedulerFixture.key(role: $0) }
    var names: [String] = []
    for key in keys.prefix(2) {
      for _ in 0..<ExecSessions.limitOfJob { names.append(try await add(key)) }
      await #expect(throws: (any Error).self) { try await add(key) }
    }
    #expect(names.count == ExecSessions.limit)
    await #expect(throws: (any Error).self) { try await add(keys[2]) }
    #expect(started.withLock { $0 } == ExecSessions.limit)
    // One that ends makes room.
    sessions.remove(names[0])
    names[0] = try await add(keys[2])
    // One that cannot start leaves its place.
    sessions.remove(names[0])
    struct Failure: Error {}
    await #expect(throws: Failure.self) { try await sessions.add(of: keys[2]) { throw Failure() } }
    names[0] = try await add(keys[2])
    for name in names { sessions.remove(name) }
    try FileSystem.removeTree(scratch)
  }

  @Test("A command is found only by its own job, and has one reader and one sender") func keys()
    async throws
  {
    let scratch = try Self.scratch()
    let sessions = ExecSessions()
    let (key, other) = (SchedulerFixture.key(role: "one"), SchedulerFixture.key(role: "two"))
    let name = try await sessions.add(of: key) { try Self.session(scratch) }
    #expect(sessions.session(name, of: other) == nil && sessions.takeOutput(name, of: other) == nil)
    #expect(sessions.takeInput(name, of: other) == nil)
    #expect(sessions.takeOutput(name, of: key) != nil && sessions.takeOutput(name, of: key) == nil)
    #expect(sessions.takeInput(name, of: key) != nil && sessions.takeInput(name, of: key) == nil)
    sessions.finishInput(name)
    #expect(sessions.takeInput(name, of: key) != nil)
    sessions.remove(name)
    #expect(sessions.session(name, of: key) == nil)
    try FileSystem.removeTree(scratch)
  }
}
