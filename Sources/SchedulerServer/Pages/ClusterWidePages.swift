internal import JSON
internal import JobModel
internal import SchedulerCore

/// Pages of things that are the whole cluster's: cron, quotas, events.
enum ClusterWidePages {
  static func cron(_ jobs: [CronStatus], cluster: String, now: Timestamp) -> HTML {
    let rows = jobs.map { job -> HTML in
      let last: HTML = job.lastRun.map { "\(Layout.badge($0.status)) \(Parts.time($0.since, now: now))" } ?? "none yet"
      return """
        <tr><td><a href="\(Layout.address(of: job.key))">\(job.key)</a></td>\
        <td><code>\(job.cron.schedule)</code></td><td>\(job.cron.timeZone)</td>\
        <td>\(job.next.first.map { Parts.time($0, now: now) } ?? "never")</td>\
        <td>\(HTML(job.next.prefix(3).map { Parts.moment($0, now: now) }.interspersed(with: "<br>")))</td><td>\(last)</td></tr>
        """
    }
    return Layout.page(
      title: "Cron", path: [(cluster, "/"), ("cron", "/cron")], refreshSeconds: 30,
      """
      <h1>Cron jobs</h1>\(Parts.table(
        ["job", "schedule", "time zone", "next run", "the next times", "last run"], rows,
        empty: "No cron jobs. A job with a <code>cron_schedule</code> in its template appears here: <code>kilt cron schedule jobs/NAME.yaml --stage STAGE</code>"))
      """)
  }

  /// Quotas by role and stage, with the requests of their jobs.
  static func quotas(_ quotas: [QuotaStatus], cluster: String) -> HTML {
    let cards = quotas.map {
      "<h2><a href=\"/roles/\($0.name.split(separator: "/")[0])\">\($0.name)</a></h2>\(quota($0))" as HTML
    }
    let body: HTML =
      cards.isEmpty
      ? Parts.empty(
        "No role has jobs or a quota. Set one: <code>kilt quota set ROLE --cpu 4 --ram 8GiB --disk 20GiB</code>")
      : HTML(cards)
    return Layout.page(
      title: "Quotas", path: [(cluster, "/"), ("quotas", "/quotas")], "<h1>Quotas</h1>\(body)")
  }

  /// The limit of one quota, and the requested amount.
  static func quota(_ quota: QuotaStatus) -> HTML {
    guard let limit = quota.limit else {
      return """
        <p class="soft">no limit · asks for \(Parts.cores(quota.used.milliCPU)) cores, \(Parts.bytes(quota.used.ram)) of memory, \
        \(Parts.bytes(quota.used.disk)) of disk</p>
        """
    }
    return """
      <div class="tiles">\(Parts.meter("CPU", quota.used.milliCPU, of: limit.milliCPU, Parts.cores))\
      \(Parts.meter("Memory", quota.used.ram, of: limit.ram, Parts.bytes))\
      \(Parts.meter("Disk", quota.used.disk, of: limit.disk, Parts.bytes))</div>
      """
  }

  /// The events of all jobs, the newest first.
  static func events(_ events: [RecordedEvent], job: String, cluster: String, now: Timestamp) -> HTML {
    let rows = events.map { event -> HTML in
      let subject: HTML
      switch event.subject {
      case .job: subject = Layout.badge("job", .gone)
      case .task(_, let instance, let status): subject = "\(Layout.badge(status)) instance \(instance)"
      case .update(_, let status): subject = "update \(Layout.badge(status))"
      case .updateInstance(_, let instance, let action):
        subject = "<span class=\"soft\">\(action.rawValue) \(instance)</span>"
      }
      return """
        <tr><td>\(Parts.moment(event.time, now: now))</td>\
        <td><a href="\(Layout.address(of: event.job))">\(event.job)</a></td><td>\(subject)</td>\
        <td>\(event.user ?? "")</td><td class="w">\(event.message ?? "")</td></tr>
        """
    }
    return Layout.page(
      title: "Events", path: [(cluster, "/"), ("events", "/events")], refreshSeconds: job.isEmpty ? 10 : nil,
      """
      <h1>Events</h1><form class="filter" method="get" action="/events"><input type="search" name="job" value="\(job)" \
      placeholder="cluster/role/stage/name" aria-label="job" size="36"><button>Filter</button></form>\
      \(Parts.table(["time", "job", "event", "by", ""], rows, empty: "No events."))
      """)
  }

  /// The callers of changes, the newest first.
  static func audit(_ entries: [JSONValue], job: String, user: String, cluster: String) -> HTML {
    let rows = entries.map { entry -> HTML in
      let text = { (name: String) in entry[name]?.string ?? "" }
      let status = entry["status"]?.int ?? 0
      let result =
        (200..<400).contains(status) ? Layout.badge("accepted", .good) : Layout.badge("refused \(status)", .bad)
      let file = text("file") + (entry["commit"]?.string.map { "@\($0.prefix(12))" } ?? "")
      let subject = ((entry["artifacts"]?.strings ?? []) + [file]).filter { !$0.isEmpty }
      let codes = (entry["codes"]?.strings ?? []).map { " \($0)" }.joined()
      let link: HTML = text("job").isEmpty ? "" : "<a href=\"/jobs/\(text("job"))\">\(text("job"))</a>"
      return """
        <tr><td>\(moment(text("time")))</td><td>\(text("user"))</td><td>\(text("address"))</td><td>\(text("action"))</td>\
        <td>\(link)</td><td>\(result)\(codes)</td><td class="w">\(subject.joined(separator: ", "))</td>\
        <td class="w">\(text("reason"))</td></tr>
        """
    }
    return Layout.page(
      title: "Audit", path: [(cluster, "/"), ("audit", "/audit")],
      """
      <h1>Audit</h1><form class="filter" method="get" action="/audit"><input type="search" name="job" value="\(job)" \
      placeholder="job" aria-label="job"><input type="search" name="user" value="\(user)" placeholder="user" \
      aria-label="user"><button>Filter</button></form>\
      \(Parts.table(
        ["time", "by", "from", "action", "job", "result", "artifacts and file", "reason"], rows,
        empty: "No change was recorded yet."))
      """)
  }

  /// A moment as the audit trail writes it, in the form of the other pages.
  private static func moment(_ text: String) -> HTML {
    guard text.utf8.count >= 19 else { return "\(text)" }
    return "<time datetime=\"\(text)\" title=\"\(text)\">\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) UTC</time>"
  }
}
