internal import JSON
internal import JobModel

/// The page of one job.
enum JobPages {
  static func artifacts(_ artifacts: [TaskArtifact]) -> HTML {
    HTML(
      artifacts.map { artifact -> HTML in
        let version = artifact.hashType == .git ? String(artifact.version.prefix(12)) : artifact.version
        return "<code>\(artifact.name)@\(version)</code>"
      }.interspersed(with: "<br>"))
  }

  /// One job: its update, its instances, their failures, its events, its configuration.
  ///
  /// - Parameter page: the shown part of the instances.
  static func job(
    _ job: JobDetail, update: UpdateDetail?, failures: [TaskEnding], next: [Timestamp], page: Int = 0, now: Timestamp
  ) -> HTML {
    let address = Layout.address(of: job.key)
    let pager = Pager(page, of: job.instances.count)
    let rows = pager.part(of: job.instances.sorted { $0.instance < $1.instance }).map {
      row($0, address: address, now: now)
    }
    let links = pager.links(address, "instances")
    let resources = job.configuration.task.resources
    let running = job.instances.count { $0.status == .running }
    let kind = job.summary.cron == nil ? (job.summary.isService ? "service" : "job") : "cron job"
    let active = update.flatMap { $0.summary.status.isTerminal ? nil : UpdatePages.card($0, now: now) } ?? ""
    let unwell = failures.filter { failure in
      job.instances.contains { $0.instance == failure.instance && !isWell($0) }
    }
    let last: HTML =
      update.flatMap { update in
        update.summary.status.isTerminal
          ? "<p class=\"soft\">last update \(Layout.badge(update.summary.status)) <a href=\"\(UpdatePages.address(of: update.summary))\">\(Parts.time(update.since, now: now))</a> \(update.summary.message ?? "")</p>"
          : nil
      } ?? ""
    let empty: HTML =
      job.summary.cron == nil
      ? "No instances." : "No runs. Start one now: <code>kilt cron start \(job.key)</code>"
    let body: HTML = """
      <h1>\(job.key.name) <span class="soft">\(job.key.stage)</span></h1>\(job.isGone ? "<p>This job was killed.</p>" as HTML : "")\
      <p class="tabs"><a href="\(address)/releases">Releases</a><a href="/updates">Updates</a><a href="\(address)/change">Restart or kill</a>\
      <a href="/api\(address)">JSON</a></p>\
      \(Parts.tiles([
        ("\(running) of \(job.summary.instances)", "instances running"), ("\(kind)", "kind"),
        ("\(Parts.cores(resources.milliCPU))", "cores for each"), ("\(Parts.bytes(resources.ram))", "memory for each"),
        ("\(Parts.bytes(resources.disk))", "disk for each"),
      ]))\
      <p class="soft">\(artifacts(job.configuration.task.artifacts))</p>\(Parts.runsAs(job))\(schedule(job, next, now: now))\(active)\(last)\
      \(HTML(unwell.prefix(3).map { Parts.failure($0, now: now) }))\
      <h2>Instances</h2>\(links)\
      \(Parts.table(["#instance", "state", "since", "ports", "health", "#restarts", "processes", ""], rows, empty: empty))\(links)\
      \(service(job))\
      <h2>Events</h2>\(events(job.events, address: address, now: now))\
      \(JobSettingsPart.card(job.configuration))\
      <h2>Configuration</h2><details><summary>as the scheduler has it</summary><pre>\(job.configuration.json.text(.pretty))</pre></details>
      """
    return Layout.page(
      title: job.key.name, path: Layout.path(to: job.key), refreshSeconds: active.text.isEmpty ? 5 : 2, body)
  }

  private static func schedule(_ job: JobDetail, _ next: [Timestamp], now: Timestamp) -> HTML {
    guard let cron = job.summary.cron else { return "" }
    let times = HTML(next.map { "<li>\(Parts.moment($0, now: now)), \(Parts.time($0, now: now))</li>" as HTML })
    return """
      <div class="card"><h2>Schedule <code>\(cron.schedule)</code></h2><p class="soft">time zone \(cron.timeZone), \
      a run that is due while the last one still runs: \(cron.collisionPolicy.rawValue)</p><ol>\(times)</ol></div>
      """
  }

  /// The SLA figures of a job with instances.
  private static func service(_ job: JobDetail) -> HTML {
    guard let sla = job.sla, job.summary.cron == nil else { return "" }
    func text(_ duration: Duration?) -> HTML { duration.map { "\(Parts.shortDuration($0))" } ?? "–" }
    var tiles: [(value: HTML, label: String)] = [
      ("\(Int(sla.running.rounded(.down)))%", "of instances run"),
      (text(sla.timeToAssigned), "median time to assigned"), (text(sla.timeToRunning), "median time to running"),
    ]
    // The page shows some of the percentiles: `kilt job sla` shows all.
    tiles += [50, 95, 99].compactMap { percentile in
      sla.uptime[percentile].map {
        ("\(Parts.shortDuration($0))", "least uptime of \(percentile)% of instances")
      }
    }
    return "<h2>Service level</h2>\(Parts.tiles(tiles))"
  }

  static func isWell(_ instance: InstanceStatus) -> Bool {
    (instance.status == .running && instance.isHealthy != false) || instance.status == .finished
  }

  private static func row(_ instance: InstanceStatus, address: String, now: Timestamp) -> HTML {
    let ports = instance.ports.sorted { $0.key < $1.key }
      .map { "<a href=\"http://127.0.0.1:\($0.value)/\">\($0.key) \($0.value)</a>" as HTML }
      .interspersed(with: " ")
    let health: HTML =
      instance.isHealthy.map { $0 ? Layout.badge("healthy", .good) : Layout.badge("unhealthy", .bad) } ?? ""
    let flapping: HTML = instance.isFlapping ? " \(Layout.badge("flapping", .bad))" : ""
    return """
      <tr><td class="n"><a href="\(address)/\(instance.instance)">\(instance.instance)</a></td>\
      <td>\(Layout.badge(instance.status))\(flapping)</td>\
      <td>\(Parts.time(instance.since, now: now))</td><td>\(HTML(ports))</td><td>\(health)</td>\
      <td class="n">\(instance.restarts)</td><td class="n">\(instance.pids.map(String.init).joined(separator: " "))</td>\
      <td class="w">\(instance.message ?? "")</td></tr>
      """
  }

  static func events(_ events: [JobEvent], address: String, now: Timestamp) -> HTML {
    let rows = events.suffix(50).reversed().map { event -> HTML in
      """
      <tr><td>\(Parts.moment(event.event.time, now: now))</td>\
      <td class="n"><a href="\(address)/\(event.instance)">\(event.instance)</a></td>\
      <td>\(Layout.badge(event.event.status))</td><td class="w">\(event.event.message ?? "")</td></tr>
      """
    }
    return Parts.table(["time", "#instance", "state", ""], rows, empty: "No events yet.")
  }
}
