internal import Executor
internal import Hummingbird
internal import JSON
internal import JobModel
internal import NIOCore

extension Routes {
  /// How often a followed log is looked at.
  private static let interval = Duration.milliseconds(200)

  /// A process's log: what is there, or with `follow=1` what comes until the task has ended.
  func log(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
    guard let (directory, process, stream) = await logPlace(context) else { return APIResponse.notFound }
    let query = request.uri.queryParameters
    let run = query["run"].flatMap { Int($0) }
    let offset = query["offset"].flatMap { Int64($0) } ?? 0
    guard let path = await scheduler.logPath(directory, process: process, run: run, stream: stream) else {
      return APIResponse.error(.notFound, "that process has no such log yet")
    }
    let follows = query["follow"] == "1"
    return APIResponse.stream(type: "text/plain; charset=utf-8") { writer in
      var reader = LogReader(path: path, offset: offset)
      while true {
        // Ended is asked before the last read: what was written until then is read.
        let ended = follows ? !directory.hasExecutor : true
        while true {
          let bytes = try reader.next()
          if bytes.isEmpty { break }
          try await writer.write(ByteBuffer(bytes: bytes))
        }
        if ended { return }
        try await Task.sleep(for: Self.interval)
      }
    }
  }

  /// State changes as server-sent events (HTML standard, section 9.2), from now on.
  func events() async -> Response {
    let events = await scheduler.followEvents()
    return APIResponse.stream(type: "text/event-stream") { writer in
      try await writer.write(ByteBuffer(string: ": connected\n\n"))
      for await event in events {
        try await writer.write(ByteBuffer(string: "event: \(event.name)\ndata: \(event.data.text())\n\n"))
      }
    }
  }
}
