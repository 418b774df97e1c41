internal import JobModel

/// The pages of one instance: its processes, logs and files.
enum InstancePages {
  /// One task of an instance, and those before it. `task` is the one whose processes are shown; nil when none was
  /// started yet.
  static func instance(
    _ job: JobDetail, instance: Int, task: TaskID? = nil, processes: [ProcessRun] = [], now: Timestamp
  ) -> HTML {
    let address = "\(Layout.address(of: job.key))/\(instance)"
    let query = task.map(query) ?? ""
    let rows = HTML(
      processes.map { run -> HTML in
        let end = run.exitCode.map { "exit code \($0)" } ?? run.signal.map { "signal \($0)" } ?? ""
        let logs = "\(address)/logs/\(run.name)"
        return """
          <tr><td>\(run.name)</td><td class="n">\(run.run)</td><td>\(run.status.rawValue)</td>\
          <td class="n">\(run.pid.map(String.init) ?? "")</td><td>\(end)</td>\
          <td><a href="\(logs)/stdout\(query)&run=\(run.run)">stdout</a> \
          <a href="\(logs)/stderr\(query)&run=\(run.run)">stderr</a></td></tr>
          """
      })
    let status = job.instances.first { $0.instance == instance }
    let state: HTML =
      status.map { status in
        let reason: HTML = status.message.map { ": \($0)" } ?? ""
        return "\(Layout.badge(status.status)) for \(JobPages.age(of: status.since, now: now))\(reason)"
      } ?? ""
    let shown: HTML = task.map { "<p class=\"soft\">of task <code>\($0.rawValue)</code></p>" } ?? ""
    let files: HTML =
      task.map { _ in "<p><a href=\"\(address)/files/\(query)\">Files of the sandbox</a></p>" } ?? ""
    let body: HTML = """
      <h1>\(job.key), instance \(instance)</h1><p>\(state)</p>
      <h2>Processes</h2>\(shown)<table><tr><th>process</th><th>run</th><th>state</th><th>pid</th><th>ended</th><th>logs</th>\
      </tr>\(rows)</table>
      \(files)\(earlier(job, instance: instance, address: address))
      <h2>Events</h2>\(JobPages.events(job.events.filter { $0.instance == instance }))
      """
    return Layout.page(title: "\(job.key.name) \(instance)", path: path(job.key, instance), refreshSeconds: 5, body)
  }

  private static func earlier(_ job: JobDetail, instance: Int, address: String) -> HTML {
    let rows = HTML(
      job.earlier.filter { $0.instance == instance }.prefix(20).map { task -> HTML in
        """
        <tr><td><a href="\(address)\(query(task.taskID))"><code>\(task.taskID.rawValue)</code></a></td>\
        <td>\(Layout.badge(task.status))</td><td class="n">\(task.since.description)</td><td>\(task.message ?? "")</td></tr>
        """
      })
    if rows.text.isEmpty { return "" }
    return """
      <h2>Ended tasks</h2><table><tr><th>task</th><th>state</th><th>ended</th><th></th></tr>\(rows)</table>
      """
  }

  private static func query(_ task: TaskID) -> String { "?task=\(PercentEncoding.encoded(task.rawValue))" }

  /// The end of a log, refreshed.
  static func log(
    _ key: JobKey, instance: Int, task: TaskID, process: String, stream: String, text: String
  ) -> HTML {
    let api = "/api\(Layout.address(of: key))/instances/\(instance)/logs/\(process)/\(stream)\(query(task))"
    let body: HTML = """
      <h1>\(process): \(stream)</h1><p class="soft">of task <code>\(task.rawValue)</code> · \
      <a href="\(api)">all of it, as text</a></p><pre>\(text)</pre>
      """
    return Layout.page(title: "\(process) \(stream)", path: path(key, instance), refreshSeconds: 3, body)
  }

  /// A folder of the sandbox.
  static func files(
    _ key: JobKey, instance: Int, task: TaskID, folder: String, entries: [SandboxFiles.Entry]
  ) -> HTML {
    let parts = folder.split(separator: "/").map { PercentEncoding.encoded(String($0)) + "/" }
    let base = "\(Layout.address(of: key))/\(instance)/files/\(parts.joined())"
    let rows = HTML(
      entries.map { entry -> HTML in
        let link = base + PercentEncoding.encoded(entry.name) + (entry.isDirectory ? "/" : "") + query(task)
        return """
          <tr><td><a href="\(link)">\(entry.name)\(entry.isDirectory ? "/" as HTML : "")</a></td>\
          <td class="n">\(entry.isDirectory ? "" : String(entry.size))</td></tr>
          """
      })
    let body: HTML = "<h1>/\(folder)</h1><table><tr><th>name</th><th>bytes</th></tr>\(rows)</table>"
    return Layout.page(title: "files", path: path(key, instance), body)
  }

  private static func path(_ key: JobKey, _ instance: Int) -> [(label: String, href: String)] {
    let address = Layout.address(of: key)
    return [(key.cluster, "/"), (key.description, address), ("instance \(instance)", "\(address)/\(instance)")]
  }
}
