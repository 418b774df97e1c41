internal import Executor
internal import Hummingbird
internal import JSON
internal import JobModel
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle

extension Routes {
  /// The polling interval of a followed log.
  private static let interval = Duration.milliseconds(200)

  /// A process's log: the existing bytes, or with `follow=1` new bytes until the task has ended. Unless a run is named,
  /// a followed log continues with the process's next run.
  func log(_ request: Request, _ context: AccessContext) async throws -> Response {
    guard let (directory, process, stream) = await logPlace(request, context) else { return APIResponse.notFound }
    let query = request.uri.queryParameters
    let run = query["run"].flatMap { Int($0) }
    let offset = query["offset"].flatMap { Int64($0) } ?? 0
    guard let path = await scheduler.logPath(directory, process: process, run: run, stream: stream) else {
      return APIResponse.error(.notFound, "that process has no such log yet")
    }
    let type = "text/plain; charset=utf-8"
    guard query["follow"] == "1" else {
      return APIResponse.stream(type: type) { writer in
        var reader = LogReader(path: path, offset: offset)
        try await Self.writeRest(of: &reader, to: &writer, context)
      }
    }
    guard let permit = access.connections.beginStream(of: context.caller.name) else {
      return APIResponse.tooManyStreams
    }
    return APIResponse.stream(request, type: type) { writer, departure in
      defer { _ = permit }
      var path = path
      var reader = LogReader(path: path, offset: offset)
      // A server that stops waits for no reader.
      while !departure.hasHappened, !Task.isShuttingDownGracefully, context.isStillAllowed() {
        // Both are asked before the last read: what was written until then is read.
        let next = run != nil ? nil : await scheduler.logPath(directory, process: process, run: nil, stream: stream)
        let hasEnded = await scheduler.hasEnded(directory)
        try await Self.writeRest(of: &reader, to: &writer, context)
        if let next, next != path {
          path = next
          reader = LogReader(path: path)
          continue
        }
        if hasEnded { return }
        try await Task.sleep(for: Self.interval)
      }
    }
  }

  private static func writeRest(
    of reader: inout LogReader, to writer: inout any ResponseBodyWriter, _ context: AccessContext
  ) async throws {
    while true {
      let before = reader
      let (after, bytes) = try await NIOThreadPool.singleton.runIfActive {
        var reader = before
        let bytes = try reader.next(limit: 1 << 15)
        return (reader, bytes)
      }
      reader = after
      if bytes.isEmpty { return }
      try await context.write(bytes, to: &writer)
    }
  }

  /// State changes as server-sent events (HTML standard, section 9.2), from now on.
  func events(_ request: Request, _ context: AccessContext) async -> Response {
    guard let permit = access.connections.beginStream(of: context.caller.name) else {
      return APIResponse.tooManyStreams
    }
    let (events, end) = await scheduler.followEvents()
    return APIResponse.stream(request, type: "text/event-stream") { writer, departure in
      defer { _ = permit }
      departure.whenItHappens(end)
      try await writer.write(ByteBuffer(string: ": connected\n\n"))
      for await event in events {
        guard context.isStillAllowed() else { return }
        try await writer.write(event.frame)
      }
    }
  }
}
