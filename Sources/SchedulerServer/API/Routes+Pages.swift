internal import Executor
internal import Hummingbird
internal import JobModel
internal import NIOPosix

extension Routes {
  /// How many bytes of a log its page shows.
  private static let shownLog: Int64 = 1 << 16

  /// The pages: cluster, job, instance, log, files.
  func addPages(to router: Router<AccessContext>) {
    router.get("/") { _, _ in
      APIResponse.html(
        JobPages.cluster(await scheduler.clusterName, jobs: await scheduler.jobs(), now: HostScheduler.now()))
    }
    let job = router.group("jobs/:cluster/:role/:stage/:name")
    job.get { _, context in
      try await page(context) { detail in JobPages.job(detail, now: HostScheduler.now()) }
    }
    let instance = job.group(":instance")
    instance.get { request, context in
      try await page(context) { detail in
        guard let number = instanceNumber(context), detail.knows(instance: number) else { return nil }
        let task = self.task(request)
        guard let directory = await scheduler.directory(detail.key, instance: number, task: task) else {
          return task == nil ? InstancePages.instance(detail, instance: number, now: HostScheduler.now()) : nil
        }
        return InstancePages.instance(
          detail, instance: number, task: TaskID(directory.name), processes: await scheduler.processes(directory),
          now: HostScheduler.now())
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
    guard let path = PercentEncoding.decoded(context.parameters.getCatchAll().joined(separator: "/")) else {
      return APIResponse.notFound
    }
    let files = SandboxFiles(root: directory.paths.sandbox)
    switch try await NIOThreadPool.singleton.runIfActive({ files.content(at: path) }) {
    case .directory(let entries):
      return APIResponse.html(
        InstancePages.files(key, instance: number, task: TaskID(directory.name), folder: path, entries: entries))
    case .file(let bytes, let isTruncated):
      return APIResponse.text(bytes + (isTruncated ? Array("\n… the rest is left out\n".utf8) : []))
    case nil: return APIResponse.notFound
    }
  }

  private func page(
    _ context: AccessContext, _ body: (JobDetail) async throws -> HTML?
  ) async throws -> Response {
    guard let key = key(context), let detail = await scheduler.detail(key, includingGone: true),
      let page = try await body(detail)
    else {
      let text: HTML = "<h1>Nothing here</h1><p>There is no such job, instance or log (yet).</p>"
      return APIResponse.html(Layout.page(title: "Nothing here", path: [("cluster", "/")], text), status: .notFound)
    }
    return APIResponse.html(page)
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
