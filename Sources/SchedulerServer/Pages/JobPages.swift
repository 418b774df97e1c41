internal import JSON
internal import JobModel

/// The pages of the cluster and of one job.
enum JobPages {
  /// All jobs of the cluster, by role.
  static func cluster(_ name: String, jobs: [JobSummary], now: Timestamp) -> HTML {
    var body: HTML = "<h1>Cluster \(name)</h1>"
    if jobs.isEmpty {
      body =
        body + "<p>No jobs. Create one: <code>kilt job create jobs/NAME.yaml --stage devel</code></p>"
    }
    for role in Set(jobs.map(\.key.role)).sorted() {
      let rows = HTML(jobs.filter { $0.key.role == role }.map(row))
      body =
        body + """
          <h2>\(role)</h2><table><tr><th>job</th><th>stage</th><th>kind</th><th>instances</th><th>artifacts</th></tr>\(rows)</table>
          """
    }
    return Layout.page(title: name, path: [(name, "/")], refreshSeconds: 5, body)
  }

  private static func row(_ job: JobSummary) -> HTML {
    let counts = job.counts.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { "\(Layout.badge($0.key)) \($0.value)" as HTML }.interspersed(with: " ")
    let kind = job.cron.map { "cron \($0.schedule)" } ?? (job.isService ? "service" : "job")
    return """
      <tr><td><a href="\(Layout.address(of: job.key))">\(job.key.name)</a></td><td>\(job.key.stage)</td><td>\(kind)</td>\
      <td>\(HTML(counts)) of \(job.instances)</td><td>\(artifacts(job.artifacts))</td></tr>
      """
  }

  static func artifacts(_ artifacts: [ArtifactReference]) -> HTML {
    HTML(
      artifacts.map { "<code>\($0.name)@\(String($0.version.prefix(12)))</code>" as HTML }.interspersed(with: "<br>"))
  }

  /// One job: its instances, what happened, its configuration.
  static func job(_ job: JobDetail, now: Timestamp) -> HTML {
    let address = Layout.address(of: job.key)
    let instances = HTML(
      job.instances.sorted { $0.instance < $1.instance }.map { instance -> HTML in
        let ports = instance.ports.sorted { $0.key < $1.key }
          .map { "<a href=\"http://127.0.0.1:\($0.value)/\">\($0.key) \($0.value)</a>" as HTML }
          .interspersed(with: " ")
        let health: HTML = instance.isHealthy.map { $0 ? "healthy" : "<b>unhealthy</b>" } ?? ""
        return """
          <tr><td class="n"><a href="\(address)/\(instance.instance)">\(instance.instance)</a></td>\
          <td>\(Layout.badge(instance.status))\(instance.isFlapping ? " flapping" as HTML : "")</td>\
          <td class="n">\(age(of: instance.since, now: now))</td><td>\(HTML(ports))</td><td>\(health)</td>\
          <td class="n">\(instance.restarts)</td><td class="n">\(instance.pids.map(String.init).joined(separator: " "))</td>\
          <td>\(instance.message ?? "")</td></tr>
          """
      })
    let resources = job.configuration.task.resources
    let builds = job.configuration.task.artifacts
    let body: HTML = """
      <h1>\(job.key)</h1>\(job.isGone ? "<p>This job was killed.</p>" as HTML : "")
      <p class="soft">\(resources.cpu) processors, \(resources.ram >> 20) MiB of memory and \(resources.disk >> 20) MiB of disk an \
      instance\(builds.isEmpty ? "" : " · " as HTML)\(artifacts(builds))</p>
      <table><tr><th>instance</th><th>state</th><th>for</th><th>ports</th><th>health</th><th>restarts</th><th>processes</th>\
      <th></th></tr>\(instances)</table>
      <p><a href="\(address)/change">Restart or kill</a></p>
      <h2>Events</h2>\(events(job.events))
      <h2>Configuration</h2><pre>\(job.configuration.json.text(.pretty))</pre>
      """
    return Layout.page(
      title: job.key.name, path: [(job.key.cluster, "/"), (job.key.description, address)], refreshSeconds: 5, body)
  }

  static func events(_ events: [JobEvent]) -> HTML {
    let rows = HTML(
      events.suffix(50).reversed().map { event -> HTML in
        """
        <tr><td class="n">\(event.event.time.description)</td><td class="n">\(event.instance)</td>\
        <td>\(Layout.badge(event.event.status))</td><td>\(event.event.message ?? "")</td></tr>
        """
      })
    return "<table><tr><th>time</th><th>instance</th><th>state</th><th></th></tr>\(rows)</table>"
  }

  static func age(of time: Timestamp, now: Timestamp) -> String {
    let seconds = max(0, now.milliseconds - time.milliseconds) / 1000
    switch seconds {
    case ..<60: return "\(seconds) s"
    case ..<3600: return "\(seconds / 60) min \(seconds % 60) s"
    case ..<86400: return "\(seconds / 3600) h \(seconds / 60 % 60) min"
    default: return "\(seconds / 86400) d \(seconds / 3600 % 24) h"
    }
  }
}
