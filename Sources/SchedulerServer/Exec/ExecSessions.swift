internal import Diagnostics
internal import Digests
internal import Executor
internal import Glibc
internal import JobModel
internal import Synchronization
internal import SystemSupport

/// The commands that run in sandboxes for clients, by the name that each client was given.
final class ExecSessions: Sendable {
  /// More at a time are refused.
  static let limit = 64
  /// More of one job at a time are refused: the operators of others must find room.
  static let limitOfJob = 32

  private struct Entry {
    var key: JobKey
    /// Nil while it is being started.
    var session: (any CommandSession)?
    var isTaken = false
    var hasInput = false
    var startedAt: UInt64
  }

  private let entries = Mutex<[String: Entry]>([:])

  /// Starts a session where there is room for one, and returns its name: 128 random bits.
  ///
  /// Its place is taken before it starts: any number of requests at once starts no more than the limits say.
  func add(of key: JobKey, _ start: () async throws -> any CommandSession) async throws -> String {
    let name = try reserve(key)
    do {
      let session = try await start()
      entries.withLock { $0[name]?.session = session }
    } catch {
      remove(name)
      throw error
    }
    return name
  }

  private func reserve(_ key: JobKey) throws -> String {
    var bytes = [UInt8](repeating: 0, count: 16)
    if getentropy(&bytes, bytes.count) != 0 { throw SystemCallError("getentropy", nil, .ioError) }
    let name = String(hexadecimal: bytes)
    let expired = try entries.withLock { entries in
      // Commands whose output nobody has requested.
      let now = monotonicNanoseconds()
      let expired = entries.filter {
        $0.value.session != nil && !$0.value.isTaken && now > $0.value.startedAt + 60_000_000_000
      }
      for name in expired.keys { entries[name] = nil }
      let ofJob = entries.values.count { $0.key == key }
      guard entries.count < Self.limit, ofJob < Self.limitOfJob else {
        let number = ofJob < Self.limitOfJob ? "\(entries.count)" : "\(ofJob)"
        throw Diagnostic(
          .environment, "\(number) commands run in sandboxes already", remedies: ["try again when one has ended"])
      }
      entries[name] = Entry(key: key, startedAt: now)
      return expired
    }
    for entry in expired.values { entry.session?.end() }
    return name
  }

  /// The session of a job by its name.
  func session(_ name: String, of key: JobKey) -> (any CommandSession)? {
    entries.withLock { entries in
      guard let entry = entries[name], entry.key == key else { return nil }
      return entry.session
    }
  }

  /// The same for the one reader of its output; nil when it has one already.
  func takeOutput(_ name: String, of key: JobKey) -> (any CommandSession)? {
    entries.withLock { entries in
      guard let entry = entries[name], entry.key == key, !entry.isTaken else { return nil }
      entries[name]?.isTaken = true
      return entry.session
    }
  }

  /// The same for the one sender of input at a time: each holds a piece of it in memory until the command reads it. Nil
  /// while there is another one; `finishInput` lets the next one in.
  func takeInput(_ name: String, of key: JobKey) -> (any CommandSession)? {
    entries.withLock { entries in
      guard let entry = entries[name], entry.key == key, !entry.hasInput else { return nil }
      entries[name]?.hasInput = true
      return entry.session
    }
  }

  func finishInput(_ name: String) { entries.withLock { $0[name]?.hasInput = false } }

  func remove(_ name: String) {
    let entry = entries.withLock { $0.removeValue(forKey: name) }
    entry?.session?.end()
  }
}
