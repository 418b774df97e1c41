import Synchronization

/// Children of this process that ``ChildProcesses`` has not started and does not report: commands for clients, in an
/// executor that is the first process of a container. Whoever reaps them keeps how they ended for whoever waits.
enum ForeignChildren {
  private static let state = Mutex<[Int32: Int32?]>([:])

  /// Starts a child; its end is kept from the beginning.
  static func start<Failure: Error>(_ body: () throws(Failure) -> Int32) throws(Failure) -> Int32 {
    let result = state.withLock { state -> Result<Int32, Failure> in
      do throws(Failure) {
        let id = try body()
        state[id] = .some(nil)
        return .success(id)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// Notes how a child ended, if it is one of these.
  static func reaped(_ id: Int32, status: Int32) {
    state.withLock { state in if state[id] != nil { state[id] = .some(status) } }
  }

  /// How a child ended that somebody else has reaped, once; nil when that is not known.
  static func takeStatus(of id: Int32) -> Int32? {
    state.withLock { state in
      guard let status = state[id] ?? nil else { return nil }
      state[id] = nil
      return status
    }
  }

  /// Says that nobody waits for a child any more.
  static func forget(_ id: Int32) { state.withLock { $0[id] = nil } }
}
