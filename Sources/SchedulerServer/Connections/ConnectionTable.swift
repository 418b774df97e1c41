internal import Synchronization

/// The open connections, and whom they belong to. Keeps their number within limits: when there are too many, those that
/// have shown no right go first, the oldest before the others.
final class ConnectionTable: Sendable {
  struct Limits: Sendable {
    var total = 3072
    /// Connections of one IP address, or of one user of the Unix socket.
    var byAddress = 2560
    /// Followed logs and event streams.
    var streams = 2048
    var streamsByCaller = 1792
  }

  private struct Entry {
    var peer: Peer
    var number: Int
    var close: @Sendable () -> Void
    /// It has sent a request with a right.
    var isProven = false
    /// A request is answered now.
    var isBusy = false
  }

  private struct State {
    var entries: [ObjectIdentifier: Entry] = [:]
    var byAddress: [String: Int] = [:]
    var next = 0
    var streams: [String: Int] = [:]
    var allStreams = 0
  }

  let limits: Limits
  private let state = Mutex(State())

  init(limits: Limits) { self.limits = limits }

  var count: Int { state.withLock { $0.entries.count } }

  func peer(of channel: AnyObject) -> Peer? {
    state.withLock { $0.entries[ObjectIdentifier(channel)]?.peer }
  }

  /// Registers a new connection; false if it must be closed. Can close others to make room.
  ///
  /// - Parameters:
  ///   - channel: The connection, known by its identity. ``forget(_:)`` is called when it has closed.
  ///   - close: Closes it.
  func admit(_ channel: AnyObject, from peer: Peer, close: @escaping @Sendable () -> Void) -> Bool {
    let (isAdmitted, evicted) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
      var evicted: (@Sendable () -> Void)?
      let ofAddress = state.byAddress[peer.key] ?? 0
      if ofAddress >= limits.byAddress || state.entries.count >= limits.total {
        let isAddressFull = ofAddress >= limits.byAddress
        let candidate = state.entries.filter { _, entry in
          (!isAddressFull || entry.peer.key == peer.key) && !(entry.isProven && entry.isBusy)
        }.min { left, right in
          (left.value.isProven ? 1 : 0, left.value.number) < (right.value.isProven ? 1 : 0, right.value.number)
        }
        guard let candidate else { return (false, nil) }
        evicted = candidate.value.close
        remove(candidate.key, from: &state)
      }
      state.entries[ObjectIdentifier(channel)] = Entry(peer: peer, number: state.next, close: close)
      state.next += 1
      state.byAddress[peer.key, default: 0] += 1
      return (true, evicted)
    }
    evicted?()
    return isAdmitted
  }

  /// A connection has closed.
  func forget(_ identifier: ObjectIdentifier) { state.withLock { remove(identifier, from: &$0) } }

  private func remove(_ identifier: ObjectIdentifier, from state: inout State) {
    guard let entry = state.entries.removeValue(forKey: identifier) else { return }
    let left = (state.byAddress[entry.peer.key] ?? 1) - 1
    state.byAddress[entry.peer.key] = left > 0 ? left : nil
  }

  /// A request of this connection has a right.
  func proved(_ channel: AnyObject) {
    state.withLock { $0.entries[ObjectIdentifier(channel)]?.isProven = true }
  }

  func setBusy(_ isBusy: Bool, _ channel: AnyObject) {
    state.withLock { $0.entries[ObjectIdentifier(channel)]?.isBusy = isBusy }
  }

  // MARK: Streams

  /// Counts a stream of a caller; nil when there are too many. The stream is counted while the value lives.
  func beginStream(of caller: String) -> StreamPermit? {
    let isAllowed = state.withLock { state in
      guard state.allStreams < limits.streams, state.streams[caller] ?? 0 < limits.streamsByCaller else { return false }
      state.allStreams += 1
      state.streams[caller, default: 0] += 1
      return true
    }
    return isAllowed ? StreamPermit(table: self, caller: caller) : nil
  }

  fileprivate func endStream(of caller: String) {
    state.withLock { state in
      state.allStreams -= 1
      let left = (state.streams[caller] ?? 1) - 1
      state.streams[caller] = left > 0 ? left : nil
    }
  }
}

/// A stream that counts.
final class StreamPermit: Sendable {
  private let table: ConnectionTable
  private let caller: String

  init(table: ConnectionTable, caller: String) {
    self.table = table
    self.caller = caller
  }

  deinit { table.endStream(of: caller) }
}
