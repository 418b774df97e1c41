internal import Diagnostics
internal import Executor
internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import JobModel
internal import NIOPosix
internal import SchedulerAccess
internal import SchedulerCore
internal import SystemSupport

extension Routes {
  /// The number of bytes of a log on its page.
  private static let shownLog: Int64 = 1 << 16

  /// The pages: cluster, job, instance, log, files.
  func addPages(to router: Router<AccessContext>) {
    router.get("/") { request, _ in
      APIResponse.html(
        ClusterPages.cluster(
          await scheduler.clusterName, jobs: await scheduler.jobs(), host: await scheduler.usage,
          history: await scheduler.usageHistory.points(of: nil), filter: filter(request), now: HostScheduler.now()))
    }
    router.get("roles/:role") { request, context in
      let role = context.parameters.get("role") ?? ""
      let jobs = await scheduler.jobs().filter { $0.key.role == role }
      return APIResponse.html(
        ClusterPages.role(
          role, cluster: await scheduler.clusterName, jobs: jobs,
          history: await scheduler.usageHistory.points(of: role), filter: filter(request),
          quota: ClusterWidePages.quota(await scheduler.quota(QuotaKey(role: role)))))
    }
    router.get("updates") { request, _ in
      let active = request.uri.queryParameters["active"] == "1"
      return APIResponse.html(
        UpdatePages.list(
          await scheduler.updates(activeOnly: active), activeOnly: active, cluster: await scheduler.clusterName,
          page: part(request), now: HostScheduler.now()))
    }
    router.get("updates/:update") { request, context in
      guard let id = context.parameters.get("update").flatMap({ PercentEncoding.decode($0) }),
        let update = await scheduler.update(UpdateID(id))
      else { return missing("This update does not exist, or the scheduler no longer has it.") }
      return APIResponse.html(
        UpdatePages.update(update, actions: actions(update), page: part(request), now: HostScheduler.now()))
    }
    router.get("quotas") { _, _ in
      APIResponse.html(
        ClusterWidePages.quotas(await scheduler.quotas(), cluster: await scheduler.clusterName))
    }
    router.get("audit") { request, _ in try await auditPage(request) }
    router.get("cron") { _, _ in
      let now = HostScheduler.now()
      return APIResponse.html(
        ClusterWidePages.cron(await scheduler.cronJobs(now: now), cluster: await scheduler.clusterName, now: now))
    }
    router.get("events") { request, _ in
      let text = request.uri.queryParameters["job"].map(String.init) ?? ""
      let key: JobKey?
      do {
        key = text.isEmpty ? nil : try JobKey(parsing: text)
      } catch {
        return missing("\(error)")
      }
      return APIResponse.html(
        ClusterWidePages.events(
          try await scheduler.events(of: key, limit: 200), job: text, cluster: await scheduler.clusterName,
          now: HostScheduler.now()))
    }
    let job = router.group("jobs/:cluster/:role/:stage/:name")
    job.get { request, context in
      try await page(context) { detail in
        let now = HostScheduler.now()
        var detail = detail
        detail.runsAs = await scheduler.runsAs(detail.configuration)
        detail.openPorts = scheduler.openPorts
        return JobPages.job(
          detail, update: await scheduler.update(of: detail.key), failures: await scheduler.failures(of: detail.key),
          next: await scheduler.nextRuns(of: detail.key, count: 5, now: now), page: part(request),
          now: now)
      }
    }
    job.get("releases") { _, context in
      try await page(context) { detail in
        let releases = await scheduler.releases(of: detail.key) ?? []
        var configurations: [Int: JobConfiguration] = [:]
        for release in releases.prefix(50) {
          configurations[release.number] = await scheduler.configuration(of: detail.key, release: release.number)
        }
        return ReleasePages.releases(
          of: detail.key, Array(releases.prefix(50)), configuration: { configurations[$0] }, now: HostScheduler.now())
      }
    }
    job.post("update/:verb") { request, context in try await steer(request, context) }
    let instance = job.group(":instance")
    instance.get { request, context in
      try await page(context) { detail in
        guard let number = instanceNumber(context), detail.knows(instance: number) else { return nil }
        let task = self.task(request)
        let directory = await scheduler.directory(detail.key, instance: number, task: task)
        if directory == nil, task != nil { return nil }
        let failure = await scheduler.failure(of: InstanceKey(job: detail.key, instance: number))
        var detail = detail
        detail.runsAs = await scheduler.runsAs(detail.configuration)
        detail.openPorts = scheduler.openPorts
        let view: InstancePages.TaskView? = if let directory { await scheduler.view(directory) } else { nil }
        return InstancePages.instance(detail, instance: number, view: view, failure: failure, now: HostScheduler.now())
      }
    }
    instance.get("logs/:process/:stream") { request, context in
      try await page(context) { detail in
        guard let number = instanceNumber(context),
          let (directory, process, stream) = await logPlace(request, context)
        else { return nil }
        let run = request.uri.queryParameters["run"].flatMap { Int($0) }
        guard let path = await scheduler.logPath(directory, process: process, run: run, stream: stream) else {
          return nil
        }
        let bytes = try await NIOThreadPool.singleton.runIfActive {
          var reader = LogReader(path: path, offset: -Self.shownLog)
          return try reader.rest(limit: Int(Self.shownLog))
        }
        let text = String(decoding: bytes, as: UTF8.self)
        return InstancePages.log(
          detail.key, instance: number, task: TaskID(directory.name), process: process, stream: stream, text: text)
      }
    }
    instance.get("files/**") { request, context in try await files(request, context) }
    instance.get("files") { request, context in try await files(request, context) }
  }

  private func files(_ request: Request, _ context: AccessContext) async throws -> Response {
    guard let key = key(context), let number = instanceNumber(context),
      let directory = await scheduler.directory(key, instance: number, task: task(request))
    else { return APIResponse.notFound }
    guard let path = PercentEncoding.decode(context.parameters.getCatchAll().joined(separator: "/")) else {
      return APIResponse.notFound
    }
    if let remote = scheduler.swarm?.task(TaskID(directory.name)) {
      return await remoteFiles(remote, key, number, path, request)
    }
    let files = SandboxFiles(root: directory.paths.sandbox)
    let content: SandboxFiles.Content?
    do {
      content = try await NIOThreadPool.singleton.runIfActive { try files.content(at: path) }
    } catch let error as SystemCallError {
      return APIResponse.error(
        .serviceUnavailable, "cannot read \"\(PlainText.line(path))\" in the sandbox: \(error.errno)")
    }
    switch content {
    case .directory(let entries):
      return APIResponse.html(
        InstancePages.files(key, instance: number, task: TaskID(directory.name), folder: path, entries: entries))
    case .file(let file):
      return APIResponse.stream(type: "text/plain; charset=utf-8") { writer in
        var offset: Int64 = 0
        while true {
          let start = offset
          let bytes = try await NIOThreadPool.singleton.runIfActive { try file.read(at: start) }
          if bytes.isEmpty { return }
          offset += Int64(bytes.count)
          try await context.write(bytes, to: &writer)
        }
      }
    case nil: return APIResponse.notFound
    }
  }

  private func page(
    _ context: AccessContext, _ body: (JobDetail) async throws -> HTML?
  ) async throws -> Response {
    guard let key = key(context), let detail = await scheduler.detail(key, includingGone: true),
      let page = try await body(detail)
    else {
      return missing("This job, instance or log does not exist, or not yet.")
    }
    return APIResponse.html(page)
  }

  func missing(_ text: String) -> Response {
    let body: HTML = "<h1>Nothing here</h1><p>\(text)</p><p><a href=\"/\">All jobs</a></p>"
    return APIResponse.html(Layout.page(title: "Nothing here", path: [("cluster", "/")], body), status: .notFound)
  }

  private func filter(_ request: Request) -> JobFilter {
    let query = request.uri.queryParameters
    return JobFilter(
      text: query["q"].map(String.init) ?? "", stage: query["stage"].map(String.init) ?? "",
      state: query["state"].map(String.init) ?? "", page: part(request))
  }

  /// The part of a long list that an address asks for.
  func part(_ request: Request) -> Int { request.uri.queryParameters["page"].flatMap { Int($0) } ?? 0 }

  /// The buttons of an update in progress. A login only reads: each change shows a code that works once.
  private func actions(_ update: UpdateDetail) -> HTML {
    let address = Layout.address(of: update.summary.key) + "/update/"
    let verbs = (update.summary.status.isPaused ? ["resume"] : ["pause"]) + ["rollback", "abort"]
    let buttons = HTML(
      verbs.map { verb in
        "<button formaction=\"\(address)\(verb)\" class=\"\(verb == "abort" ? "danger" : "")\">\(verb)</button> "
      })
    return """
      <div class="card"><h2>Change this update</h2><form class="filter" method="post" action="\(address)\(verbs[0])">\
      <input name="code" required autocomplete="off" placeholder="one-time code" aria-label="one-time code">\(buttons)</form>\
      <p class="soft"><code>kilt scheduler code</code> prints a code. Or use a terminal: \
      <code>kilt job \(verbs[0]) \(update.summary.key)</code></p></div>
      """
  }

  /// A button: its form holds a one-time code, whose owner must have the right to deploy the job.
  private func steer(_ request: Request, _ context: AccessContext) async throws -> Response {
    guard let key = key(context),
      let verb = context.parameters.get("verb").flatMap({ HostScheduler.UpdateVerb(rawValue: $0) })
    else { return missing("This button does not exist.") }
    let buffer = try await request.body.collect(upTo: 4096)
    let fields = String(decoding: buffer.readableBytesView, as: UTF8.self).split(separator: "&")
    let code = fields.first { $0.hasPrefix("code=") }.flatMap { PercentEncoding.decode($0.dropFirst(5)) }
    guard let code, let owner = access.sessions.redeem(code: code.filter { !$0.isWhitespace && $0 != "+" }) else {
      return refusal("The code is wrong, used, or older than five minutes.", key, status: .forbidden)
    }
    let required = RequiredAccess.deploy(role: key.role, stage: key.stage)
    guard required.isMet(by: owner.rights) else {
      return refusal("\(owner.owner) lacks \(required.wanted).", key, status: .forbidden)
    }
    do {
      _ = try await scheduler.change(key, verb, Requester(user: owner.owner))
    } catch {
      return refusal(HostScheduler.summary(of: error), key, status: .conflict)
    }
    let update = await scheduler.update(of: key)
    return APIResponse.redirect(to: update.map { UpdatePages.address(of: $0.summary) } ?? Layout.address(of: key))
  }

  private func refusal(_ text: String, _ key: JobKey, status: HTTPResponse.Status) -> Response {
    let body: HTML = """
      <h1>Nothing was changed</h1><p>\(text)</p><p><code>kilt scheduler code</code> prints a code.</p>\
      <p><a href="\(Layout.address(of: key))">Back to the job</a></p>
      """
    return APIResponse.html(
      Layout.page(title: "Nothing was changed", path: Layout.path(to: key), body), status: status)
  }

  private func auditPage(_ request: Request) async throws -> Response {
    let query = request.uri.queryParameters
    let (job, user) = (query["job"].map(String.init) ?? "", query["user"].map(String.init) ?? "")
    let audit = access.audit
    let entries = try await NIOThreadPool.singleton.runIfActive {
      try audit.entries(limit: 300) { entry in
        (job.isEmpty || entry["job"]?.string?.contains(job) == true)
          && (user.isEmpty || entry["user"]?.string == user || entry["token"]?.string == user)
      }
    }
    return APIResponse.html(
      ClusterWidePages.audit(entries.reversed(), job: job, user: user, cluster: await scheduler.clusterName))
  }

  private func instanceNumber(_ context: AccessContext) -> Int? {
    context.parameters.get("instance").flatMap { Int($0) }
  }

  /// The task that a query names.
  private func task(_ request: Request) -> TaskID? { request.uri.queryParameters["task"].map { TaskID(String($0)) } }

  /// The task, process and stream that a log's path names; nil unless they are names that can be part of a path.
  func logPlace(
    _ request: Request, _ context: AccessContext
  ) async -> (TaskDirectory, process: String, stream: String)? {
    guard let key = key(context), let number = instanceNumber(context),
      let process = context.parameters.get("process"), JobKey.isIdentifier(process),
      let stream = context.parameters.get("stream"), stream == "stdout" || stream == "stderr",
      let directory = await scheduler.directory(key, instance: number, task: task(request))
    else { return nil }
    return (directory, process, stream)
  }
}
