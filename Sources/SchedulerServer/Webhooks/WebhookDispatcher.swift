internal import Crypto
internal import HTTPClient
internal import JSON
internal import JobModel
internal import NIOPosix
internal import Observability
internal import ServiceLifecycle
internal import SystemSupport

/// Sends notices to webhooks: each receiver gets its own in order, and a receiver that fails or stalls delays no other.
///
/// A notice is tried until its receiver accepts it, with pauses that grow to five minutes, over restarts of the
/// scheduler. It arrives at least once: a receiver that accepted a notice just before a crash gets it again, with the
/// same ID.
actor WebhookDispatcher: Service {
  private let hooks: [WebhookSettings]
  private let scheduler: HostScheduler
  private let path: FilePath
  private var outbox = WebhookOutbox()
  private var sending: Set<String> = []
  /// Notices of no recorded event that are not stored yet.
  private var unstored: [Notice] = []
  private var problems: [String: String] = [:]
  private var writeProblem: String?
  private let client = HTTPClient(retry: .never)
  /// A receiver that stalls holds one of these threads, and none of those that the tasks' files are read with.
  private let threads: NIOThreadPool

  private static let look = Duration.milliseconds(200)

  init(_ hooks: [WebhookSettings], _ options: SchedulerOptions, _ scheduler: HostScheduler) throws {
    self.hooks = hooks
    self.scheduler = scheduler
    path = options.stateDirectory.appending("webhooks.json")
    outbox = try WebhookOutbox(reading: path)
    threads = NIOThreadPool(numberOfThreads: min(max(hooks.count, 1), 8))
  }

  func run() async throws {
    threads.start()
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await self.takeEvents()
        await self.sendDue()
        try? await Task.sleep(for: Self.look)
      }
    }
    try await threads.shutdownGracefully()
  }

  // MARK: Taking

  /// Turns the events since the last check into notices, and stores them with the position of the check.
  private func takeEvents() async {
    let taken = await scheduler.takeNotices()
    unstored += taken
    let found: (cursor: Int64, notices: [Notice])
    do {
      found = try await scheduler.notices(after: outbox.cursor)
    } catch {
      // The store says what it has.
      return
    }
    let notices = found.notices + unstored
    guard found.cursor != outbox.cursor || !notices.isEmpty else { return }
    let now = HostScheduler.now()
    // Nothing is awaited between the copy and its return: notices that are delivered meanwhile must not return.
    var new = outbox
    new.cursor = found.cursor
    var isChanged = outbox.cursor == nil
    var dropped: [String: Int] = [:]
    for hook in hooks {
      for notice in notices where hook.wants(notice) {
        dropped[hook.name, default: 0] += new.add(notice, for: hook.name, now: now)
        isChanged = true
      }
    }
    // Receivers that are configured no more.
    new.queues = new.queues.filter { name, _ in hooks.contains { $0.name == name } }
    // A cursor that moved only over unwanted events needs no write.
    let problem = isChanged ? write(new) : writeProblem
    if !isChanged || problem == nil {
      outbox = new
      unstored = []
      for (name, count) in dropped where count > 0 { await scheduler.countWebhook(name, dropped: count) }
    }
    await say(writing: problem)
  }

  /// Writes the file; returns why it could not be written.
  private func write(_ outbox: WebhookOutbox) -> String? {
    do {
      try outbox.write(to: path)
      return nil
    } catch {
      return error.description
    }
  }

  private func say(writing problem: String?) async {
    guard problem != writeProblem else { return }
    writeProblem = problem
    if let problem { await scheduler.warn("notices cannot be stored: \(problem)") }
  }

  // MARK: Sending

  private func sendDue() async {
    let now = HostScheduler.now()
    for hook in hooks where !sending.contains(hook.name) {
      guard let entry = outbox.queues[hook.name]?.first, entry.due <= now else { continue }
      sending.insert(hook.name)
      Task { await self.send(entry, to: hook) }
    }
    await scheduler.setWebhookQueues(outbox.queues.mapValues(\.count))
  }

  private enum Outcome: Sendable {
    case taken
    case refused(String)
    case failed(String)
  }

  private func send(_ entry: WebhookOutbox.Entry, to hook: WebhookSettings) async {
    let outcome: Outcome
    do {
      outcome = try await threads.runIfActive { self.deliver(entry, to: hook) }
    } catch {
      // The server stops: the notice stays in the file.
      return
    }
    let now = HostScheduler.now()
    let isLate = now - entry.since > hook.patience
    let isDone = if case .failed = outcome { isLate } else { true }
    // Nothing is awaited before the queue is restored. It can have grown meanwhile, and lost its oldest.
    if let index = outbox.queues[hook.name]?.firstIndex(where: { $0.notice.id == entry.notice.id }) {
      if isDone {
        outbox.queues[hook.name]?.remove(at: index)
      } else {
        outbox.queues[hook.name]?[index].attempts += 1
        outbox.queues[hook.name]?[index].due = now + Self.pause(after: entry.attempts + 1)
      }
    }
    let problem = write(outbox)
    sending.remove(hook.name)
    switch outcome {
    case .taken:
      await scheduler.countWebhook(hook.name, delivered: 1)
      await say(nil, of: hook)
    case .refused(let problem):
      await scheduler.countWebhook(hook.name, dropped: 1)
      await scheduler.warn("webhook \(hook.name) refuses notice \(entry.notice.id): \(problem)")
    case .failed(let problem):
      await scheduler.countWebhook(hook.name, failures: 1, dropped: isLate ? 1 : 0)
      await say(problem, of: hook)
    }
    await say(writing: problem)
  }

  /// 1 s, 2 s, 4 s … 5 min, each up to a tenth longer: receivers that come back are not asked by all at once.
  private static func pause(after attempts: Int) -> Duration {
    let milliseconds = min(300_000, 1000 << min(attempts - 1, 9))
    return .milliseconds(milliseconds + Int.random(in: 0...milliseconds / 10))
  }

  private func say(_ problem: String?, of hook: WebhookSettings) async {
    guard problems[hook.name] != problem else { return }
    await scheduler.warn(
      problem.map { "webhook \(hook.name) cannot be reached: \($0)" } ?? "webhook \(hook.name) takes notices again")
    problems[hook.name] = problem
  }

  /// Blocks on the network, at most ten seconds.
  private nonisolated func deliver(_ entry: WebhookOutbox.Entry, to hook: WebhookSettings) -> Outcome {
    let body = hook.template.body(of: entry.notice, key: hook.routingKey).bytes(.compact)
    let time = "\(HostScheduler.now().milliseconds / 1000)"
    var headers: HTTPHeaders = [
      "Content-Type": "application/json", "Kilt-Event": entry.notice.kind.rawValue, "Kilt-Delivery": entry.notice.id,
      "Kilt-Attempt": "\(entry.attempts + 1)",
    ]
    if let secret = hook.secret {
      headers.fields.append(
        HTTPField(name: "Kilt-Signature", value: "t=\(time),v1=\(Self.signature(body, at: time, secret))"))
    }
    if let token = hook.token { headers.fields.append(HTTPField(name: "Authorization", value: "Bearer \(token)")) }
    let request = HTTPRequest(
      .post, hook.url, headers: headers, body: .bytes(body),
      timeouts: HTTPTimeouts(connect: 5000, stall: 10_000, total: 10_000), followsRedirects: false)
    do {
      let response = try client.send(request, limit: 1 << 20)
      if response.isSuccess { return .taken }
      let text = "status \(response.status): \(response.text.prefix(200))"
      // A receiver that is busy or limits its callers is asked again; one that finds fault with the notice is not.
      let isTransient = response.status >= 500 || [401, 403, 404, 408, 425, 429].contains(response.status)
      return isTransient ? .failed(text) : .refused(text)
    } catch {
      return .failed("\(error)")
    }
  }

  /// HMAC-SHA-256 of the time, a point and the body, in hexadecimal.
  private static func signature(_ body: [UInt8], at time: String, _ secret: [UInt8]) -> String {
    let code = HMAC<SHA256>.authenticationCode(for: Array("\(time).".utf8) + body, using: SymmetricKey(data: secret))
    return code.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }
}
