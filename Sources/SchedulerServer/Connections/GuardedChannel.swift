internal import Glibc
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import NIOCore

/// A connection whose peer is known and whose number is limited.
struct GuardedChannel<Base: ServerChildChannel>: ServerChildChannel {
  let base: Base
  let kind: ListenerKind
  let connections: ConnectionTable

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
    let connections = connections
    // The kernel would keep up to 4 MiB for each reader that does not read (tcp_wmem, tcp(7)).
    return channel.setOption(.socketOption(.so_sndbuf), value: Self.sendBuffer).flatMap {
      // A writer waits as soon as one piece is not sent.
      channel.setOption(.writeBufferWaterMark, value: .init(low: 8 << 10, high: 16 << 10))
    }.flatMap {
      peer(of: channel)
    }.flatMap { peer in
      let isAdmitted = peer.map { connections.admit(channel, from: $0) { channel.close(promise: nil) } } ?? false
      let identifier = ObjectIdentifier(channel)
      channel.closeFuture.whenComplete { _ in connections.forget(identifier) }
      return base.setup(channel: channel, logger: logger).map { value in
        // After the set-up: an error in it would count as the listening socket's own.
        if !isAdmitted { channel.close(promise: nil) }
        return value
      }
    }
  }

  private static var sendBuffer: Int { 256 << 10 }

  func handle(value: Base.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }

  /// The peer of a connection; nil when the kernel does not say who it is.
  private func peer(of channel: any Channel) -> EventLoopFuture<Peer?> {
    switch kind {
    case .tcp:
      let address = channel.remoteAddress?.ipAddress
      return channel.eventLoop.makeSucceededFuture(address.map { Peer(transport: .tcp(address: $0)) })
    case .socket:
      guard let options = channel as? any SocketOptionProvider else {
        return channel.eventLoop.makeSucceededFuture(nil)
      }
      let credentials: EventLoopFuture<PeerCredentials> = options.unsafeGetSocketOption(
        level: .socket, name: .init(rawValue: SO_PEERCRED))
      return credentials.map { Peer(transport: .socket(user: $0.user)) }.recover { _ in nil }
    }
  }
}

/// The kind of listening socket.
enum ListenerKind: Sendable { case socket, tcp }

/// `struct ucred` of unix(7).
private struct PeerCredentials: Sendable {
  var process: Int32
  var user: UInt32
  var group: UInt32
}
