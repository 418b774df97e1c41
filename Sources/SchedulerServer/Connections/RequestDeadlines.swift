internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes

/// Closes connections that do not get on: a head that does not come, a body that does not end, a reader that does not
/// read.
final class RequestDeadlines: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  struct Limits: Sendable {
    /// From the connection to the end of its first head, TLS handshake included.
    var head = TimeAmount.seconds(15)
    /// Between two requests.
    var idle = TimeAmount.seconds(60)
    /// From a request's head to its end.
    var request = TimeAmount.seconds(60)
    /// The time without a byte read by a reader, while data waits for it.
    var stall = TimeAmount.seconds(60)
  }

  private let limits: Limits
  private let connections: ConnectionTable
  private var input: Scheduled<Void>?
  private var output: Scheduled<Void>?
  /// Requests that came in whole and are not answered whole.
  private var unanswered = 0

  init(limits: Limits, connections: ConnectionTable) {
    self.limits = limits
    self.connections = connections
  }

  func handlerAdded(context: ChannelHandlerContext) { expectInput(within: limits.head, context) }

  func handlerRemoved(context: ChannelHandlerContext) {
    input?.cancel()
    output?.cancel()
  }

  func channelInactive(context: ChannelHandlerContext) {
    input?.cancel()
    output?.cancel()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head: expectInput(within: limits.request, context)
    case .body: break
    case .end:
      input?.cancel()
      input = nil
      unanswered += 1
      connections.setBusy(true, context.channel)
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) {
      unanswered = max(0, unanswered - 1)
      if unanswered == 0 {
        connections.setBusy(false, context.channel)
        expectInput(within: limits.idle, context)
      }
    }
    context.write(data, promise: promise)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    output?.cancel()
    output = context.channel.isWritable ? nil : close(after: limits.stall, context)
    context.fireChannelWritabilityChanged()
  }

  private func expectInput(within time: TimeAmount, _ context: ChannelHandlerContext) {
    input?.cancel()
    input = close(after: time, context)
  }

  private func close(after time: TimeAmount, _ context: ChannelHandlerContext) -> Scheduled<Void> {
    let channel = context.channel
    return context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }
}
