internal import Executor
internal import JobModel
internal import Observability
internal import SystemSupport

/// The pages of one instance: its processes, logs and files.
enum InstancePages {
  /// One task of an instance as its executor recorded it.
  struct TaskView {
    var task: TaskID
    var processes: [ProcessRun] = []
    var samples: [(time: Timestamp, sample: ResourceSample)] = []
    var health: HealthReport?
    /// Its own metrics; nil for a task without a port `metrics`.
    var own: MetricRing?
  }

  /// One task of an instance, and those before it. `view` is nil when none was started yet.
  static func instance(
    _ job: JobDetail, instance: Int, view: TaskView?, failure: TaskEnding?, now: Timestamp
  ) -> HTML {
    let address = "\(Layout.address(of: job.key))/\(instance)"
    let status = job.instances.first { $0.instance == instance }
    let state: HTML =
      status.map { status in
        let reason: HTML = status.message.map { " <span class=\"soft\">\($0)</span>" } ?? ""
        return "<p>\(Layout.badge(status.status)) \(Parts.time(status.since, now: now))\(reason)</p>"
      } ?? "<p>This instance has no task now.</p>"
    let ports = (status?.ports ?? [:]).sorted { $0.key < $1.key }
    let isShown = failure.map { failure in status.map { !JobPages.isWell($0) } ?? true || view?.task == failure.taskID }
    let report: HTML = isShown == true ? failure.map { Parts.failure($0, now: now) } ?? "" : ""
    let task: HTML =
      view.map { view in
        let files = "<a href=\"\(address)/files/\(query(view.task))\">files of the sandbox</a>" as HTML
        return "<p class=\"soft\">task <code>\(view.task.rawValue)</code> · \(files)</p>"
      } ?? ""
    let graphs: HTML =
      view.map {
        "<h2>Resources against limits</h2>\(Graph.graphs($0.samples, limits: job.configuration.task.resources))"
      } ?? ""
    let own: HTML = view?.own.map { "<h2>The task's own metrics</h2>\(Graph.graphs($0))" } ?? ""
    let health = view?.health.map { report -> HTML in
      report.healthy ? Layout.badge("healthy", .good) : Layout.badge("unhealthy", .bad)
    }
    var cells: [(value: HTML, label: String)] = [
      ("\(status?.restarts ?? 0)", "restarts"), (health ?? "–", "last health check"),
    ]
    for (name, number) in ports {
      cells.append(("<a href=\"http://127.0.0.1:\(number)/\">\(number)</a>", "port \(name)"))
    }
    let tiles = Parts.tiles(cells)
    let body: HTML = """
      <h1>\(job.key.name) <span class="soft">\(job.key.stage), instance \(instance)</span></h1>\(state)\(task)\(Parts.runsAs(job))\(tiles)\(report)\
      <h2>Processes</h2>\(processes(view, address: address))\
      \(graphs)\(own)\(earlier(job, instance: instance, address: address, now: now))\
      <h2>Events</h2>\(JobPages.events(job.events.filter { $0.instance == instance }, address: Layout.address(of: job.key), now: now))
      """
    return Layout.page(title: "\(job.key.name) \(instance)", path: path(job.key, instance), refreshSeconds: 5, body)
  }

  private static func processes(_ view: TaskView?, address: String) -> HTML {
    guard let view else { return Parts.empty("No process has been started yet.") }
    let rows = view.processes.map { run -> HTML in
      let end = run.exitCode.map { "exit code \($0)" } ?? run.signal.map { "signal \($0)" } ?? ""
      let logs = "\(address)/logs/\(run.name)"
      let query = query(view.task)
      let tone: Layout.Tone =
        switch run.status {
        case .success, .running, .forked: .good
        case .failed, .lost: .bad
        case .killed: .gone
        case .waiting: .busy
        }
      return """
        <tr><td>\(run.name)</td><td class="n">\(run.run)</td><td>\(Layout.badge(run.status.rawValue, tone))</td>\
        <td class="n">\(run.pid.map(String.init) ?? "")</td><td>\(end)</td>\
        <td><a href="\(logs)/stdout\(query)&run=\(run.run)">stdout</a> \
        <a href="\(logs)/stderr\(query)&run=\(run.run)">stderr</a></td></tr>
        """
    }
    return Parts.table(
      ["process", "#run", "state", "#pid", "ended", "logs"], rows, empty: "No process has been started yet.")
  }

  private static func earlier(_ job: JobDetail, instance: Int, address: String, now: Timestamp) -> HTML {
    let rows = job.earlier.filter { $0.instance == instance }.prefix(20).map { task -> HTML in
      """
      <tr><td><a href="\(address)\(query(task.taskID))"><code>\(task.taskID.rawValue)</code></a></td>\
      <td>\(Layout.badge(task.status))</td><td>\(Parts.time(task.since, now: now))</td><td class="w">\(task.message ?? "")</td></tr>
      """
    }
    return rows.isEmpty ? "" : "<h2>Ended tasks</h2>\(Parts.table(["task", "state", "ended", ""], Array(rows)))"
  }

  private static func query(_ task: TaskID) -> String { "?task=\(PercentEncoding.encode(task.rawValue))" }

  /// The end of a log, refreshed; the newest lines are last.
  static func log(
    _ key: JobKey, instance: Int, task: TaskID, process: String, stream: String, text: String
  ) -> HTML {
    let api = "/api\(Layout.address(of: key))/instances/\(instance)/logs/\(process)/\(stream)\(query(task))"
    let content: HTML = text.isEmpty ? Parts.empty("Nothing was written yet.") : "<pre>\(text)</pre>"
    let body: HTML = """
      <h1>\(process): \(stream)</h1><p class="tabs"><span class="soft">the last 64 KiB of task <code>\(task.rawValue)</code></span>\
      <a href="\(api)">all of it, as text</a><a href="\(api)&follow=1">follow it live</a></p>\(content)
      """
    return Layout.page(
      title: "\(process) \(stream)", path: path(key, instance) + [("\(process) \(stream)", "")], refreshSeconds: 3, body
    )
  }

  /// A directory of the sandbox.
  static func files(
    _ key: JobKey, instance: Int, task: TaskID, folder: String, entries: [SandboxFiles.Entry]
  ) -> HTML {
    let parts = folder.split(separator: "/").map(String.init)
    let root = "\(Layout.address(of: key))/\(instance)/files/"
    let base = root + parts.map { PercentEncoding.encode($0) + "/" }.joined()
    var rows = entries.map { entry -> HTML in
      let link = base + PercentEncoding.encode(entry.name) + (entry.isDirectory ? "/" : "") + query(task)
      return """
        <tr><td><a href="\(link)">\(entry.name)\(entry.isDirectory ? "/" as HTML : "")</a></td>\
        <td class="n">\(entry.isDirectory ? "" : Parts.bytes(Int(entry.size)))</td></tr>
        """
    }
    if !parts.isEmpty {
      let up = root + parts.dropLast().map { PercentEncoding.encode($0) + "/" }.joined() + query(task)
      rows.insert("<tr><td><a href=\"\(up)\">..</a></td><td></td></tr>", at: 0)
    }
    let body: HTML = """
      <h1>/\(folder)</h1><p class="soft">sandbox of task <code>\(task.rawValue)</code></p>\
      \(Parts.table(["name", "#size"], rows, empty: "This directory is empty."))
      """
    return Layout.page(title: "files", path: path(key, instance) + [("files", root + query(task))], body)
  }

  private static func path(_ key: JobKey, _ instance: Int) -> [(label: String, href: String)] {
    Layout.path(to: key) + [("instance \(instance)", "\(Layout.address(of: key))/\(instance)")]
  }
}
