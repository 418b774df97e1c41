internal import JobModel
internal import SystemSupport

/// The pages of updates.
enum UpdatePages {
  static func address(of update: UpdateSummary) -> String { "/updates/\(PercentEncoding.encode(update.id.rawValue))" }

  /// The updates of all jobs, the newest first.
  ///
  /// - Parameter page: the part of them that is shown.
  static func list(
    _ updates: [UpdateSummary], activeOnly: Bool, cluster: String, page: Int = 0, now: Timestamp
  ) -> HTML {
    let pager = Pager(page, of: updates.count)
    let links = pager.links("/updates", query: [("active", activeOnly ? "1" : "")], "updates")
    let rows = pager.part(of: updates).map { update -> HTML in
      """
      <tr><td>\(Parts.time(update.startedAt, now: now))</td><td><a href="\(Layout.address(of: update.key))">\(update.key)</a></td>\
      <td><a href="\(address(of: update))">\(Layout.badge(update.status))</a></td><td class="n">\(done(update)) of \(update.total)</td>\
      <td>\(update.user ?? "")</td><td class="w">\(update.message ?? "")</td></tr>
      """
    }
    let empty: HTML =
      activeOnly
      ? "No update is in progress. <a href=\"/updates\">Show the past ones</a>"
      : "No updates yet. Change a job: <code>kilt deploy jobs/NAME.yaml --stage STAGE</code>"
    return Layout.page(
      title: "Updates", path: [(cluster, "/"), ("updates", "/updates")], refreshSeconds: 5,
      """
      <h1>\(activeOnly ? "Updates in progress" : "Updates")</h1>\
      <p class="tabs"><a href="/updates">all</a><a href="/updates?active=1">in progress</a></p>\
      \(links)\(Parts.table(["started", "job", "state", "#done", "by", "reason"], rows, empty: empty))\(links)
      """)
  }

  private static func done(_ update: UpdateSummary) -> Int {
    update.instances.values.count { $0 == .updated || $0 == .rolledBack }
  }

  /// One update: progress by batch and instance, health, failures.
  ///
  /// - Parameter page: the part of the instances that is shown.
  static func update(_ update: UpdateDetail, actions: HTML, page: Int = 0, now: Timestamp) -> HTML {
    let summary = update.summary
    let isActive = !summary.status.isTerminal
    let path = Layout.path(to: summary.key) + [("update", address(of: summary))]
    let pager = Pager(page, of: update.steps.count)
    let links = pager.links(address(of: summary), "instances")
    let rows = pager.part(of: update.steps).map { step -> HTML in
      let health: HTML =
        step.health.map { health in
          health.healthy ? Layout.badge("healthy", .good) : "\(Layout.badge("unhealthy", .bad)) \(health.message ?? "")"
        } ?? ""
      let task: HTML = step.task.map { "\(Layout.badge($0.status)) \(Parts.time($0.since, now: now))" } ?? ""
      return """
        <tr><td class="n"><a href="\(Layout.address(of: summary.key))/\(step.instance)">\(step.instance)</a></td>\
        <td>\(phase(step))</td><td class="n">\(step.from.map(String.init) ?? "new") → \(step.to.map(String.init) ?? "gone")</td>\
        <td>\(task)</td><td>\(health)</td><td class="n">\(step.failures)</td><td class="w">\(step.task?.message ?? "")</td></tr>
        """
    }
    let message: HTML = summary.message.map { "<p>\($0)</p>" } ?? ""
    let body: HTML = """
      <h1>\(update.isRestart ? "Restart" : "Update") of \(summary.key)</h1>\(card(update, now: now))\(message)\(isActive ? actions : "")\
      \(HTML(update.failures.prefix(20).map { Parts.failure($0, now: now) }))\
      <h2>Instances</h2>\(links)\(Parts.table(["#instance", "progress", "#release", "task", "health", "#failures", ""], rows))
      """
    return Layout.page(title: "Update of \(summary.key.name)", path: path, refreshSeconds: isActive ? 2 : nil, body)
  }

  /// The progress of an update in a few lines, as on the job's page.
  static func card(_ update: UpdateDetail, now: Timestamp) -> HTML {
    let summary = update.summary
    let counts = Dictionary(update.steps.map { ($0.phase, 1) }, uniquingKeysWith: +)
    let bar = Parts.bar(
      [(counts[.done] ?? 0, .good), (counts[.failed] ?? 0, .bad), (counts[.working] ?? 0, .busy)],
      total: update.steps.count)
    let cells = update.steps.prefix(400).map { step -> HTML in
      "<span class=\"cell \(tone(step).rawValue)\" title=\"instance \(step.instance): \(text(step))\">\(step.instance)</span>"
    }
    let watch = update.configuration.watch.milliseconds / 1000
    let ended: HTML = summary.status.isTerminal ? ", ended \(Parts.time(update.since, now: now))" : ""
    let user: HTML = summary.user.map { " by \($0)" } ?? ""
    return """
      <div class="card"><h2><a href="\(address(of: summary))">\(update.isRestart ? "Restart of" : "Update to") release \(update.release)</a> \
      \(Layout.badge(summary.status))</h2>\
      <p class="soft">started \(Parts.time(summary.startedAt, now: now))\(user)\(ended) · from release \(update.formerRelease) · \
      batches of \(update.configuration.batchSize), each instance watched for \(watch) s</p>\(bar)\
      <span class="soft n">\(counts[.done] ?? 0) of \(update.steps.count) done</span><div class="grid">\(HTML(cells))</div></div>
      """
  }

  private static func tone(_ step: UpdateDetail.Step) -> Layout.Tone {
    switch step.phase {
    case .done: .good
    case .failed: .bad
    case .working: .busy
    case .waiting: .gone
    }
  }

  private static func text(_ step: UpdateDetail.Step) -> String {
    switch step.phase {
    case .done: step.action == .rolledBack ? "rolled back" : step.to == nil ? "removed" : "updated"
    case .failed: step.action == .rollbackFailed ? "rollback failed" : "failed"
    case .working: step.action == .rollingBack ? "rolling back" : "updating"
    case .waiting: "waiting"
    }
  }

  private static func phase(_ step: UpdateDetail.Step) -> HTML { Layout.badge(text(step), tone(step)) }
}
