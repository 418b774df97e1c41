internal import Hummingbird
internal import JSON
internal import JobModel
internal import NIOCore
internal import NIOPosix
internal import Observability
internal import ServiceLifecycle

extension Routes {
  /// The interval of checks of followed logs, and the number of quiet checks after which the reader is told that the
  /// stream is alive.
  private static let look = Duration.milliseconds(100)
  private static let quietLooks = 100

  private static func question(_ bytes: [UInt8]) throws -> LogQuestion {
    let body: JSONValue
    do {
      body = bytes.isEmpty ? .object(JSONObject()) : try JSONValue(parsing: bytes)
    } catch {
      throw HTTPError(.badRequest, message: "the body is not JSON: \(error)")
    }
    _ = try RequestFields(body, LogQuestion.fields)
    do {
      return try LogQuestion(json: body)
    } catch {
      throw HTTPError(.unprocessableContent, message: "this is not a question for logs: \(error)")
    }
  }

  /// The logs of all instances of a job in one answer: frames of a line of JSON and bytes, see ``LogFrame``.
  func jobLogs(_ request: Request, _ context: AccessContext) async throws -> Response {
    // The body stays part of the request: the stream notices by it when the reader leaves.
    var request = request
    let buffer = try await request.collectBody(upTo: Self.largestBody)
    let question = try Self.question(Array(buffer.readableBytesView))
    let asked = request
    return try await found(context, includingGone: true) { detail in
      guard let permit = access.connections.beginStream(of: context.caller.name) else {
        return APIResponse.tooManyStreams
      }
      return APIResponse.stream(asked, type: "application/octet-stream") { writer, departure in
        defer { _ = permit }
        var collector = LogCollector(question)
        var tasks = LoggedTasks()
        var quiet = 0
        // A server that stops waits for no reader, and does not say that the logs have ended.
        while !departure.hasHappened, !Task.isShuttingDownGracefully, context.isStillAllowed() {
          // The end of tasks is checked before the logs: everything written until then is read.
          tasks = await scheduler.look(for: tasks, of: detail.key, question, finished: collector.finished)
          let (before, found) = (collector, tasks.tasks)
          let (after, pieces) = try await NIOThreadPool.singleton.runIfActive {
            var collector = before
            let pieces = try collector.collect(found, now: HostScheduler.now().milliseconds)
            return (collector, pieces)
          }
          collector = after
          var bytes: [UInt8] = []
          for piece in pieces {
            bytes += piece.frame
            if bytes.count > 1 << 18 {
              try await context.write(bytes, to: &writer)
              bytes = []
            }
          }
          if !bytes.isEmpty { try await context.write(bytes, to: &writer) }
          if collector.hasMore { continue }
          let isFinished = found.allSatisfy { collector.finished.contains($0.id) }
          if !question.follows || (tasks.isOver && isFinished) {
            return try await context.write(LogFrame(.end).header, to: &writer)
          }
          quiet = pieces.isEmpty ? quiet + 1 : 0
          if quiet >= Self.quietLooks {
            quiet = 0
            try await context.write(LogFrame(.alive).header, to: &writer)
          }
          try await Task.sleep(for: Self.look)
        }
      }
    }
  }
}

extension LogCollector.Piece {
  fileprivate var frame: [UInt8] {
    let header = LogFrame(
      .bytes(source, position: position, time: Timestamp(milliseconds: time), length: bytes.count))
    return header.header + bytes
  }
}
