internal import Diagnostics
internal import Executor
internal import Hummingbird
internal import JSON
internal import JobModel
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import SystemSupport

// Commands in the sandbox of an instance. A client starts one, reads its output as a stream of frames, and sends input
// and terminal sizes beside it.
extension Routes {
  func addExec(to api: RouterGroup<AccessContext>) {
    let job = api.group("jobs/:cluster/:role/:stage/:name")
    job.post("instances/:instance/exec") { request, context in
      try await changing(request, context) { key, _ in
        let fields = try await fields(of: request, ["command", "columns", "rows"])
        guard let command = fields.object["command"]?.strings, let program = command.first, !program.isEmpty else {
          throw HTTPError(.unprocessableContent, message: "\"command\" is a list of strings with a program first")
        }
        guard let instance = context.parameters.get("instance").flatMap({ Int($0) }) else {
          throw HTTPError(.notFound, message: "the instance is not a number")
        }
        var size: (columns: Int, rows: Int)?
        if let columns = try fields.integer("columns"), let rows = try fields.integer("rows") { size = (columns, rows) }
        let name = try await start(command, size: size, key: key, instance: instance)
        return .members(["session": .string(name)])
      }
    }
    job.post("exec/:session/output") { request, context in
      guard let key = key(context), let name = context.parameters.get("session"),
        let session = sessions.takeOutput(name, of: key)
      else { return APIResponse.notFound }
      return APIResponse.stream(request, type: "application/octet-stream") { writer, departure in
        defer { sessions.remove(name) }
        try await Self.copy(session, to: &writer, departure, context)
      }
    }
    job.post("exec/:session/input") { request, context in
      guard let key = key(context), let name = context.parameters.get("session"),
        sessions.session(name, of: key) != nil
      else { return APIResponse.notFound }
      guard let session = sessions.takeInput(name, of: key) else {
        throw HTTPError(.conflict, message: "the command has not read the input before this")
      }
      defer { sessions.finishInput(name) }
      let buffer = try await request.body.collect(upTo: Self.largestBody)
      var rest = Array(buffer.readableBytesView)[...]
      while !rest.isEmpty, context.isStillAllowed() {
        rest = rest.dropFirst(session.write(rest))
        if !rest.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
      }
      if request.uri.queryParameters["end"] == "1" { session.closeInput() }
      return APIResponse.json(.object(JSONObject()), status: .accepted)
    }
    job.post("exec/:session/resize") { request, context in
      guard let session = session(context) else { return APIResponse.notFound }
      let fields = try await fields(of: request, ["columns", "rows"])
      guard let columns = try fields.integer("columns"), let rows = try fields.integer("rows") else {
        throw HTTPError(.unprocessableContent, message: "\"columns\" and \"rows\" are numbers")
      }
      session.resize(columns: columns, rows: rows)
      return APIResponse.json(.object(JSONObject()), status: .accepted)
    }
  }

  private func session(_ context: AccessContext) -> (any CommandSession)? {
    guard let key = key(context), let name = context.parameters.get("session") else { return nil }
    return sessions.session(name, of: key)
  }

  private func start(_ command: [String], size: (columns: Int, rows: Int)?, key: JobKey, instance: Int) async throws
    -> String
  {
    let directory = try await scheduler.runningDirectory(key, instance: instance)
    let executor = scheduler.options.executor
    if let remote = scheduler.swarm?.task(TaskID(directory.name)) {
      return try await sessions.add(of: key) { try remote.command(command, size: size) }
    }
    return try await sessions.add(of: key) {
      try await NIOThreadPool.singleton.runIfActive {
        try ExecSession(executor: executor, task: FilePath(directory.paths.directory), command: command, size: size)
      }
    }
  }

  /// Passes on what the command writes until it has ended or the client has left.
  private static func copy(
    _ session: any CommandSession, to writer: inout any ResponseBodyWriter, _ departure: Departure,
    _ context: AccessContext
  ) async throws {
    var pause = 2
    while !departure.hasHappened, !Task.isShuttingDownGracefully, context.isStillAllowed() {
      let frames = session.read()
      for frame in frames {
        try await writer.write(ByteBuffer(bytes: frame.bytes))
        if case .end = frame { return }
      }
      // A busy command is polled often, one that waits for a person less so.
      pause = frames.isEmpty ? min(pause * 2, 32) : 2
      if frames.isEmpty { try await Task.sleep(for: .milliseconds(pause)) }
    }
  }
}
