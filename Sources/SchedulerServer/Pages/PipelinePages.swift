internal import JobModel
internal import Pipelines
internal import SchedulerCore

/// The runs of pipelines as a grid, and one run as a graph.
enum PipelinePages {
  static func runs(_ records: [PipelineRecord], cluster: String, page: Int, now: Timestamp) -> HTML {
    let path = [(cluster, "/"), ("pipelines", "/pipelines")]
    guard !records.isEmpty else {
      return Layout.page(
        title: "Pipelines", path: path,
        """
        <h1>Pipelines</h1><p class="empty">No pipeline has run. Start one with \
        <code>kilt pipeline run FILE --stage STAGE</code>.</p>
        """)
    }
    let pager = Pager(page, of: records.count)
    let rows = pager.part(of: records).map { record -> HTML in
      let run = record.run
      let cells = run.steps.map { step -> HTML in
        "<span class=\"cell \(tone(step.status).rawValue)\" title=\"\(step.name): \(step.progressText)\">\(short(step.name))</span>"
      }
      return """
        <tr><td><a href="\(address(run))">\(run.id)</a></td><td>\(Layout.badge(run.status.rawValue, tone(run.status)))</td>\
        <td>\(record.stage)</td><td>\(Parts.moment(run.createdAt, now: now))</td>\
        <td class="w"><div class="grid">\(HTML(cells))</div></td></tr>
        """
    }
    let isLive = records.contains { !$0.run.status.isTerminal }
    return Layout.page(
      title: "Pipelines", path: path, refreshSeconds: isLive ? 5 : nil,
      """
      <h1>Pipelines</h1><div class="table"><table><tr><th>run</th><th>state</th><th>stage</th><th>started</th>\
      <th>steps</th></tr>\(HTML(rows))</table></div>\(pager.links("/pipelines", "runs"))
      """)
  }

  static func run(_ record: PipelineRecord, cluster: String, waits: String?, page: Int, now: Timestamp) -> HTML {
    let run = record.run
    var all: [(label: String, step: Int, partition: PartitionRun)] = []
    for (position, step) in run.steps.enumerated() {
      for partition in step.partitions ?? [] {
        all.append((step.name + (partition.name.isEmpty ? "" : "[\(partition.name)]"), position, partition))
      }
    }
    // What a person must look at comes first.
    func rank(_ status: PartitionRun.Status) -> Int {
      switch status {
      case .failed: 0
      case .running, .retrying: 1
      default: 2
      }
    }
    let sorted = all.enumerated().sorted {
      (rank($0.element.partition.status), $0.offset) < (rank($1.element.partition.status), $1.offset)
    }.map(\.element)
    let pager = Pager(page, of: max(1, sorted.count))
    let rows =
      sorted.isEmpty
      ? []
      : pager.part(of: sorted).map { entry -> HTML in
        let attempt = entry.partition.attempt
        return """
          <tr><td class="w"><a href="\(Layout.address(of: record.jobKey(ofStep: entry.step)))">\(entry.label)</a></td>\
          <td>\(Layout.badge(entry.partition.status.rawValue, tone(entry.partition.status)))</td>\
          <td class="n">\(entry.partition.attempts)</td><td class="w">\(attempt?.message ?? "")</td></tr>
          """
      }
    let parameters = run.parameters.map { "\($0.name)=\($0.value.parameterText)" }.joined(separator: " ")
    let messages =
      [waits].compactMap(\.self) + run.steps.compactMap { step in step.message.map { "\(step.name): \($0)" } }
    let change: HTML =
      switch run.status {
      case .running: "<p><a href=\"\(address(run))/change\">Cancel…</a></p>"
      case .failed, .cancelled: "<p><a href=\"\(address(run))/change\">Retry…</a></p>"
      case .cancelling, .succeeded: ""
      }
    return Layout.page(
      title: run.id, path: [(cluster, "/"), ("pipelines", "/pipelines"), (run.id, address(run))],
      refreshSeconds: run.status.isTerminal ? nil : 5,
      """
      <h1>\(run.id) \(Layout.badge(run.status.rawValue, tone(run.status)))</h1>\
      <p class="soft">stage \(record.stage) · by \(run.user ?? "unknown") · \(Parts.moment(run.createdAt, now: now)) · \
      \(parameters.isEmpty ? "no parameters" : parameters)</p>\(change)\
      <div class="table">\(HTML(stringLiteral: PipelineDrawing(run).svg))</div>\
      \(HTML(messages.map { "<p class=\"soft\">\($0)</p>" as HTML }))\
      <h2>Partitions</h2><div class="table"><table><tr><th>partition</th><th>state</th><th class="n">attempts</th>\
      <th>message</th></tr>\(HTML(rows))</table></div>\(pager.links(address(run), "partitions"))
      """)
  }

  static func address(_ run: PipelineRun) -> String { "/pipelines/\(run.id)" }

  private static func short(_ name: String) -> String { name.count > 14 ? name.prefix(13) + "…" : name }

  private static func tone(_ status: PipelineRun.Status) -> Layout.Tone {
    switch status {
    case .running, .cancelling: .busy
    case .succeeded: .good
    case .failed: .bad
    case .cancelled: .gone
    }
  }

  private static func tone(_ status: StepRun.Status) -> Layout.Tone {
    switch status {
    case .running: .busy
    case .succeeded: .good
    case .failed: .bad
    case .waiting, .skipped, .cancelled, .excluded: .gone
    }
  }

  private static func tone(_ status: PartitionRun.Status) -> Layout.Tone {
    switch status {
    case .running, .retrying: .busy
    case .succeeded: .good
    case .failed: .bad
    case .waiting, .skipped, .cancelled: .gone
    }
  }
}
