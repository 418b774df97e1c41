internal import Diagnostics
internal import Executor
internal import Hummingbird
internal import JSON
internal import JobModel
internal import NIOPosix

// What executors on other machines report and ask. Each shows its task's own token, which opens nothing else.
extension Routes {
  /// The largest report.
  private static let largestReport = 2 << 20
  /// The longest time that a question for requests is held, in seconds.
  private static let longestWait = 30

  func addExecutors(to api: RouterGroup<AccessContext>) {
    guard scheduler.swarm != nil else { return }
    let task = api.group("executors/:task")
    task.post("hello") { request, context in
      try await reporting(request, context) { task in
        let name = try await body(of: request)["executor"]?.string ?? ""
        guard !name.isEmpty, try await blocking({ try task.admit(name) }) else {
          return APIResponse.error(.gone, "another executor runs the task")
        }
        let assignment = try await blocking { try task.directory.assignment() }
        return APIResponse.json(
          .fields([
            "assignment": assignment.json, "repository": scheduler.options.repository.map { .string($0) },
          ]))
      }
    }
    task.post("records") { request, context in
      try await reporting(request, context) { task in
        let bytes = try await report(of: request)
        return APIResponse.json(["next": .int(Int64(try await blocking { try task.take(records: bytes) }))])
      }
    }
    task.post("logs") { request, context in
      try await reporting(request, context) { task in
        let query = request.uri.queryParameters
        guard let process = query["process"].map(String.init), let run = query["run"].flatMap({ Int($0) }),
          let stream = query["stream"].map(String.init), let position = query["position"].flatMap({ Int64($0) })
        else { throw HTTPError(.unprocessableContent, message: "a log has a process, run, stream and position") }
        let isOldest = query["oldest"] == "1"
        let bytes = try await report(of: request)
        let end = try await blocking {
          try task.take(
            log: bytes, process: process, run: run, stream: stream, position: position, isOldest: isOldest)
        }
        return APIResponse.json(["end": .int(end)])
      }
    }
    task.get("requests") { request, context in
      try await reporting(request, context) { task in
        let query = request.uri.queryParameters
        let wait = min(max(query["wait"].flatMap { Int($0) } ?? 0, 0), Self.longestWait)
        let requests = await task.requests(after: query["after"].flatMap { Int($0) } ?? 0, wait: .seconds(wait))
        return APIResponse.json(.members(["requests": .array(requests.map(\.json))]))
      }
    }
    task.post("answers/:number") { request, context in
      try await reporting(request, context) { task in
        guard let number = context.parameters.get("number").flatMap({ Int($0) }) else { return APIResponse.notFound }
        task.answered(number, try await report(of: request))
        return APIResponse.json(.object(JSONObject()))
      }
    }
    task.post("exec/:session") { request, context in
      try await reporting(request, context) { task in
        guard let session = context.parameters.get("session").flatMap({ task.session($0) }),
          let part = request.uri.queryParameters["part"].flatMap({ Int($0) })
        else { return APIResponse.error(.gone, "nobody waits for the command") }
        let bytes = try await report(of: request)
        // A command that writes faster than its client reads waits.
        for _ in 0..<500 where session.isFull { try await Task.sleep(for: .milliseconds(20)) }
        return APIResponse.json(session.take(bytes, part: part))
      }
    }
    task.post("end") { request, context in
      try await reporting(request, context) { task in
        task.leave()
        return APIResponse.json(.object(JSONObject()))
      }
    }
  }

  /// Answers the executor of the task that the path names.
  private func reporting(
    _ request: Request, _ context: AccessContext, _ body: (RemoteTask) async throws -> Response
  ) async throws -> Response {
    guard let header = request.headers[.authorization], let token = AccessControl.bearerToken(header),
      let id = context.parameters.get("task")
    else { return APIResponse.error(.unauthorized, "an executor shows its task's token") }
    guard let task = scheduler.swarm?.task(TaskID(id)) else {
      return APIResponse.error(.gone, "the task is over")
    }
    guard task.isProved(by: token) else {
      return APIResponse.error(.unauthorized, "the token is not the task's")
    }
    access.connections.proved(context.channel)
    do {
      return try await body(task)
    } catch let error as any DiagnosableError {
      // A full disk, as a rule: the executor keeps what was not taken, and brings it again.
      let isShort = error.diagnostic.blame == .environment
      return APIResponse.error(isShort ? .serviceUnavailable : .unprocessableContent, error.diagnostic)
    }
  }

  private func report(of request: Request) async throws -> [UInt8] {
    Array(try await request.body.collect(upTo: Self.largestReport).readableBytesView)
  }

  private func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await NIOThreadPool.singleton.runIfActive(body)
  }
}
