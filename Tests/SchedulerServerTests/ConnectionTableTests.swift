import Synchronization
import Testing

@testable import SchedulerServer

/// A connection that only knows whether it was closed.
private final class Connection: Sendable {
  private let closed = Atomic(false)
  var isClosed: Bool { closed.load(ordering: .relaxed) }

  func enter(_ table: ConnectionTable, from peer: Peer) -> Bool {
    table.admit(self, from: peer) { self.closed.store(true, ordering: .relaxed) }
  }
}

@Suite struct ConnectionTableTests {
  private func peer(_ address: String = "127.0.0.1") -> Peer { Peer(transport: .tcp(address: address)) }

  private func table(total: Int = 100, byAddress: Int = 100, streams: Int = 3, byCaller: Int = 2) -> ConnectionTable {
    var limits = ConnectionTable.Limits()
    (limits.total, limits.byAddress) = (total, byAddress)
    (limits.streams, limits.streamsByCaller) = (streams, byCaller)
    return ConnectionTable(limits: limits)
  }

  @Test("If an address has too many connections, its oldest unproven one is closed")
  func byAddress() throws {
    let table = table(byAddress: 2)
    let channels = (0..<4).map { _ in Connection() }
    let other = Connection()
    #expect(other.enter(table, from: peer("10.0.0.1")))
    #expect(channels[0].enter(table, from: peer()))
    table.proved(channels[0])
    #expect(channels[1].enter(table, from: peer()))
    #expect(channels[2].enter(table, from: peer()))
    #expect(!channels[0].isClosed && channels[1].isClosed)
    #expect(table.peer(of: channels[0]) != nil && table.peer(of: channels[1]) == nil)
    #expect(table.peer(of: other) != nil)
    // One that is proven and answered now stays; an idle one gives way when nothing else can.
    table.proved(channels[2])
    table.setBusy(true, channels[0])
    table.setBusy(true, channels[2])
    #expect(!channels[3].enter(table, from: peer()))
    table.setBusy(false, channels[2])
    #expect(channels[3].enter(table, from: peer()))
    #expect(table.peer(of: channels[2]) == nil)
    #expect(table.count == 3)
  }

  @Test("A closed connection makes room for another")
  func closing() throws {
    let table = table(total: 1)
    let first = Connection()
    #expect(first.enter(table, from: peer()))
    table.proved(first)
    table.setBusy(true, first)
    #expect(!Connection().enter(table, from: peer("10.0.0.1")))
    table.forget(ObjectIdentifier(first))
    #expect(table.count == 0)
    #expect(Connection().enter(table, from: peer("10.0.0.1")))
  }

  @Test("Streams are counted in total and by caller, only while they live")
  func streams() {
    let table = table()
    var held = [table.beginStream(of: "a"), table.beginStream(of: "a")]
    #expect(held.allSatisfy { $0 != nil })
    #expect(table.beginStream(of: "a") == nil)
    held.append(table.beginStream(of: "b"))
    #expect(held.last != nil && table.beginStream(of: "c") == nil)
    held.removeAll()
    #expect(table.beginStream(of: "a") != nil)
  }

  @Test("With few descriptors the limits shrink and stay positive", arguments: [64, 256, 1024, 8192])
  func descriptors(count: Int) {
    let limits = ConnectionTable.Limits(descriptors: count)
    #expect(limits.total <= max(16, count / 2))
    for limit in [limits.total, limits.byAddress, limits.streams, limits.streamsByCaller] { #expect(limit > 0) }
    #expect(limits.streams < limits.byAddress && limits.byAddress < limits.total)
  }
}
