internal import JobModel

/// The pages of one instance: its processes, logs and files.
enum InstancePages {
  static func instance(_ job: JobDetail, instance: Int, processes: [ProcessRun], now: Timestamp) -> HTML {
    let address = "\(Layout.address(of: job.key))/\(instance)"
    let status = job.instances.first { $0.instance == instance }
    let rows = HTML(
      processes.map { run -> HTML in
        let end = run.exitCode.map { "exit code \($0)" } ?? run.signal.map { "signal \($0)" } ?? ""
        let logs = "\(address)/logs/\(run.name)"
        return """
          <tr><td>\(run.name)</td><td class="n">\(run.run)</td><td>\(run.status.rawValue)</td>\
          <td class="n">\(run.pid.map(String.init) ?? "")</td><td>\(end)</td>\
          <td><a href="\(logs)/stdout?run=\(run.run)">stdout</a> <a href="\(logs)/stderr?run=\(run.run)">stderr</a></td></tr>
          """
      })
    let state: HTML =
      status.map { "\(Layout.badge($0.status)) for \(JobPages.age(of: $0.since, now: now)) \($0.message ?? "")" } ?? ""
    let body: HTML = """
      <h1>\(job.key), instance \(instance)</h1><p>\(state)</p>
      <h2>Processes</h2><table><tr><th>process</th><th>run</th><th>state</th><th>pid</th><th>ended</th><th>logs</th></tr>\(rows)</table>
      <p><a href="\(address)/files/">Files of the sandbox</a></p>
      <h2>Events</h2>\(JobPages.events(job.events.filter { $0.instance == instance }))
      """
    return Layout.page(title: "\(job.key.name) \(instance)", path: path(job.key, instance), refreshSeconds: 5, body)
  }

  /// The end of a log, refreshed.
  static func log(_ key: JobKey, instance: Int, process: String, stream: String, text: String) -> HTML {
    let api = "/api\(Layout.address(of: key))/instances/\(instance)/logs/\(process)/\(stream)"
    let body: HTML = """
      <h1>\(process): \(stream)</h1><p><a href="\(api)">all of it, as text</a></p><pre>\(text)</pre>
      """
    return Layout.page(title: "\(process) \(stream)", path: path(key, instance), refreshSeconds: 3, body)
  }

  /// A folder of the sandbox.
  static func files(_ key: JobKey, instance: Int, folder: String, entries: [SandboxFiles.Entry]) -> HTML {
    let parts = folder.split(separator: "/").map { PercentEncoding.encoded(String($0)) + "/" }
    let base = "\(Layout.address(of: key))/\(instance)/files/\(parts.joined())"
    let rows = HTML(
      entries.map { entry -> HTML in
        let link = base + PercentEncoding.encoded(entry.name) + (entry.isDirectory ? "/" : "")
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
