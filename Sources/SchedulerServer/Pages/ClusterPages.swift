internal import JobModel
internal import SchedulerCore

/// The resources of the host, and those assigned to tasks.
struct HostUsage: Sendable {
  var hostname: String
  var total: Resources
  var given: Resources
  /// Why no task starts now.
  var drain: HostDrain?
  /// Why the state cannot be written now.
  var problem: String?
}

/// The selection of jobs in a page's address.
struct JobFilter: Sendable {
  var text = ""
  var stage = ""
  /// `running`, `trouble`, `updating` or empty for all.
  var state = ""
  /// The part of the list, from 0 on.
  var page = 0

  var isEmpty: Bool { text.isEmpty && stage.isEmpty && state.isEmpty }

  func selects(_ job: JobSummary) -> Bool {
    if !stage.isEmpty, job.key.stage != stage { return false }
    if !text.isEmpty, !"\(job.key)".lowercased().contains(text.lowercased()) { return false }
    switch state {
    case "trouble": return ClusterPages.isInTrouble(job)
    case "updating": return job.update?.status.isTerminal == false
    case "running": return (job.counts[.running] ?? 0) > 0
    default: return true
    }
  }
}

/// The pages of the cluster and of a role.
enum ClusterPages {
  /// Whether fewer instances run than wanted.
  static func isInTrouble(_ job: JobSummary) -> Bool {
    if job.cron != nil { return (job.counts[.throttled] ?? 0) > 0 }
    let running = job.counts[.running] ?? 0
    return job.isService && running < job.instances && !job.isEnding
  }

  static func cluster(
    _ name: String, jobs: [JobSummary], host: HostUsage?, history: [UsageHistory.Point] = [], filter: JobFilter,
    now: Timestamp
  ) -> HTML {
    page(
      title: "Cluster \(name)", jobs: jobs, filter: filter, address: "/", path: [(name, "/")],
      above: (host.map { notices($0, now: now) } ?? "") + overview(jobs) + (host.map(usage) ?? "")
        + graphs(history, jobs))
  }

  static func role(
    _ role: String, cluster: String, jobs: [JobSummary], history: [UsageHistory.Point] = [], filter: JobFilter,
    quota: HTML
  ) -> HTML {
    page(
      title: "Role \(role)", jobs: jobs, filter: filter, address: "/roles/\(role)",
      path: [(cluster, "/"), (role, "/roles/\(role)")], above: overview(jobs) + quota + graphs(history, jobs))
  }

  /// Nothing where nothing has ever run.
  private static func graphs(_ history: [UsageHistory.Point], _ jobs: [JobSummary]) -> HTML {
    history.isEmpty || jobs.isEmpty ? "" : Graph.graphs(history)
  }

  private static func page(
    title: String, jobs: [JobSummary], filter: JobFilter, address: String, path: [(label: String, href: String)],
    above: HTML
  ) -> HTML {
    var body: HTML = "<h1>\(title)</h1>\(above)"
    if jobs.isEmpty {
      body =
        body + Parts.empty("No jobs yet. Deploy one: <code>kilt deploy jobs/NAME.yaml --stage devel</code>")
    } else {
      body = body + form(jobs, filter, address)
      let shown = jobs.filter(filter.selects)
      if shown.isEmpty {
        body = body + Parts.empty("No job matches the filter. <a href=\"\(address)\">Show all \(jobs.count) jobs</a>")
      }
      let pager = Pager(filter.page, of: shown.count)
      let links = pager.links(
        address, query: [("q", filter.text), ("stage", filter.stage), ("state", filter.state)], "jobs")
      // By role, as the headings are: a part of the list begins where the last one ended.
      let part = pager.part(of: shown.sorted { ($0.key.role, $0.key) < ($1.key.role, $1.key) })
      body = body + links
      for role in Set(part.map(\.key.role)).sorted() {
        body =
          body + """
            <h2><a href="/roles/\(role)">\(role)</a></h2>\
            \(Parts.table(["job", "stage", "instances", "update", "kind", "artifact"], part.filter { $0.key.role == role }.map(row)))
            """
      }
      body = body + links
    }
    return Layout.page(title: title, path: path, refreshSeconds: filter.isEmpty ? 5 : nil, body)
  }

  private static func form(_ jobs: [JobSummary], _ filter: JobFilter, _ address: String) -> HTML {
    func options(_ values: [(value: String, label: String)], _ chosen: String) -> HTML {
      HTML(
        values.map { value, label in
          "<option value=\"\(value)\"\(value == chosen ? " selected" as HTML : "")>\(label)</option>"
        })
    }
    let stages = [("", "every stage")] + Set(jobs.map(\.key.stage)).sorted().map { ($0, $0) }
    let states = [
      ("", "every state"), ("running", "running"), ("trouble", "in trouble"), ("updating", "being updated"),
    ]
    return """
      <form class="filter" method="get" action="\(address)"><input type="search" name="q" value="\(filter.text)" \
      placeholder="name" aria-label="name"><select name="stage" aria-label="stage">\(options(stages, filter.stage))</select>\
      <select name="state" aria-label="state">\(options(states, filter.state))</select><button>Filter</button></form>
      """
  }

  private static func overview(_ jobs: [JobSummary]) -> HTML {
    let running = jobs.reduce(0) { $0 + ($1.counts[.running] ?? 0) }
    let waiting = jobs.reduce(0) { $0 + ($1.counts[.pending] ?? 0) + ($1.counts[.throttled] ?? 0) }
    let trouble = jobs.count(where: isInTrouble)
    let updating = jobs.count { $0.update?.status.isTerminal == false }
    return Parts.tiles([
      ("\(jobs.count)", "jobs"), ("\(running)", "tasks running"), ("\(waiting)", "tasks waiting"),
      (trouble == 0 ? "0" : "<a class=\"bad badge\" href=\"?state=trouble\">\(trouble)</a>", "jobs in trouble"),
      (updating == 0 ? "0" : "<a href=\"/updates?active=1\">\(updating)</a>", "updates in progress"),
    ])
  }

  /// Obstacles for every job, shown first.
  private static func notices(_ host: HostUsage, now: Timestamp) -> HTML {
    var notices: HTML = ""
    if let problem = host.problem {
      notices =
        notices + """
          <div class="card warn"><h2>Changes are refused</h2><p>\(problem)</p>\
          <p class="soft">Tasks run on. The scheduler tries again each second.</p></div>
          """
    }
    if let drain = host.drain {
      let user: HTML = drain.user.map { " by \($0)" } ?? ""
      let reason: HTML = drain.reason.map { "<p>\($0)</p>" } ?? ""
      let force: HTML = drain.forceAt.map { ", SLA policies hold tasks until \(Parts.moment($0, now: now))" } ?? ""
      notices =
        notices + """
          <div class="card warn"><h2>\(host.hostname) is being drained</h2>\(reason)\
          <p class="soft">begun \(Parts.time(drain.startedAt, now: now))\(user)\(force)</p>\
          <p>No task starts. To end the drain: <code>kilt scheduler drain --end</code></p></div>
          """
    }
    return notices
  }

  private static func usage(_ host: HostUsage) -> HTML {
    """
    <div class="tiles">\(Parts.meter("CPU of \(host.hostname)", host.given.milliCPU, of: host.total.milliCPU, Parts.cores))\
    \(Parts.meter("Memory", host.given.ram, of: host.total.ram, Parts.bytes))\
    \(Parts.meter("Disk", host.given.disk, of: host.total.disk, Parts.bytes))</div>
    """
  }

  private static func row(_ job: JobSummary) -> HTML {
    let kind = job.cron.map { "cron \($0.schedule)" } ?? (job.isService ? "service" : "job")
    let update: HTML =
      job.update.map { "<a href=\"\(UpdatePages.address(of: $0))\">\(Layout.badge($0.status))</a>" } ?? ""
    return """
      <tr><td><a href="\(Layout.address(of: job.key))">\(job.key.name)</a></td><td>\(job.key.stage)</td>\
      <td>\(counts(job))</td><td>\(update)</td><td>\(kind)</td><td>\(JobPages.artifacts(job.artifacts))</td></tr>
      """
  }

  static func counts(_ job: JobSummary) -> HTML {
    let running = job.counts[.running] ?? 0
    let others = job.counts.filter { $0.key != .running && $0.value > 0 }.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { "\(Layout.badge($0.key)) \($0.value)" as HTML }.interspersed(with: " ")
    let ending: HTML = job.isEnding ? " \(Layout.badge("being killed", .busy))" : ""
    if job.cron != nil, job.counts.isEmpty { return "<span class=\"soft\">no run now</span>" }
    let bar = Parts.bar(
      [(running, .good), (max(0, job.instances - running), isInTrouble(job) ? .bad : .busy)],
      total: max(1, job.instances))
    return "<span class=\"n\">\(running) of \(job.instances) running</span> \(HTML(others))\(ending)\(bar)"
  }
}
