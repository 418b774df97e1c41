internal import JobModel

/// Building blocks of pages.
enum Parts {
  /// A moment as an age, with the time in UTC at hand.
  static func time(_ time: Timestamp?, now: Timestamp) -> HTML {
    guard let time else { return "" }
    let isPast = time <= now
    let age = isPast ? duration(now - time) : duration(time - now)
    return """
      <time datetime="\(time.description)" title="\(utc(time))">\(isPast ? "" : "in ")\(age)\(isPast ? " ago" : "")</time>
      """
  }

  /// A moment in UTC, with its age at hand.
  static func moment(_ time: Timestamp, now: Timestamp) -> HTML {
    let age = time <= now ? duration(now - time) + " ago" : "in " + duration(time - now)
    return "<time datetime=\"\(time.description)\" title=\"\(age)\">\(utc(time))</time>"
  }

  /// `2026-11-30 11:00:05 UTC`.
  static func utc(_ time: Timestamp) -> String {
    let text = time.description
    return text.prefix(10) + " " + text.dropFirst(11).prefix(8) + " UTC"
  }

  static func duration(_ duration: Duration) -> String {
    let seconds = max(0, duration.milliseconds) / 1000
    switch seconds {
    case ..<60: return "\(seconds) s"
    case ..<3600: return "\(seconds / 60) min"
    case ..<86400: return "\(seconds / 3600) h \(seconds / 60 % 60) min"
    default: return "\(seconds / 86400) d \(seconds / 3600 % 24) h"
    }
  }

  /// A duration that can be shorter than a second: `0.12 s`, `4 s`, `3 d 4 h`.
  static func shortDuration(_ duration: Duration) -> String {
    let milliseconds = max(0, duration.milliseconds)
    if milliseconds == 0 || milliseconds >= 10_000 { return self.duration(duration) }
    let hundredths = (milliseconds + 5) / 10
    let fraction = hundredths % 100
    return fraction == 0 ? "\(hundredths / 100) s" : "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) s"
  }

  /// The user of tasks, and whether they can bind ports of others; empty if this is unknown.
  static func runsAs(_ job: JobDetail) -> HTML {
    let user: HTML = job.runsAs.map { "<p class=\"soft\">runs as \($0.text)</p>" } ?? ""
    let ports: HTML = job.openPorts.map { "<p class=\"soft\">tasks can take ports of other tasks: \($0)</p>" } ?? ""
    return HTML([user, ports])
  }

  /// Cells with a label below the value.
  static func tiles(_ tiles: [(value: HTML, label: String)]) -> HTML {
    "<div class=\"tiles\">\(HTML(tiles.map { "<div class=\"tile\"><b>\($0.value)</b><span>\($0.label)</span></div>" as HTML }))</div>"
  }

  /// A table; `headers` that begin with "#" are for numbers. Without rows, `empty` names the next step.
  static func table(_ headers: [String], _ rows: [HTML], empty: HTML = "") -> HTML {
    if rows.isEmpty { return empty.text.isEmpty ? "" : self.empty(empty) }
    let head = HTML(
      headers.map { header -> HTML in
        header.hasPrefix("#") ? "<th class=\"n\">\(header.dropFirst())</th>" : "<th>\(header)</th>"
      })
    return "<div class=\"table\"><table><tr>\(head)</tr>\(HTML(rows))</table></div>"
  }

  /// An empty list, with the next step.
  static func empty(_ text: HTML) -> HTML { "<div class=\"empty\">\(text)</div>" }

  /// A bar of coloured parts; `total` is its whole width.
  static func bar(_ parts: [(value: Int, tone: Layout.Tone?)], total: Int) -> HTML {
    let cells = parts.filter { $0.value > 0 }.map { part -> HTML in
      let tenths = min(1000, Int((Double(part.value) / Double(max(1, total)) * 1000).rounded()))
      return "<i class=\"\(part.tone?.rawValue ?? "")\" style=\"width:\(tenths / 10).\(tenths % 10)%\"></i>"
    }
    return "<div class=\"bar\">\(HTML(cells))</div>"
  }

  /// A value against its limit, with a bar.
  static func meter(_ label: String, _ used: Int, of limit: Int, _ text: (Int) -> String) -> HTML {
    let tone: Layout.Tone? = used * 10 >= limit * 9 ? .bad : used * 4 >= limit * 3 ? .busy : nil
    return """
      <div class="tile"><span>\(label)</span>\(bar([(used, tone)], total: limit))\
      <span class="n">\(text(used)) of \(text(limit))</span></div>
      """
  }

  /// Bytes in powers of 1024, as short as people read them.
  static func bytes(_ bytes: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var value = Double(bytes)
    var unit = 0
    while value >= 1024, unit + 1 < units.count {
      value /= 1024
      unit += 1
    }
    let tenths = Int((value * 10).rounded())
    return unit == 0 || value >= 100 || tenths % 10 == 0
      ? "\(Int(value.rounded())) \(units[unit])" : "\(Double(tenths) / 10) \(units[unit])"
  }

  static func cores(_ milliCPU: Int) -> String {
    milliCPU % 1000 == 0 ? "\(milliCPU / 1000)" : "\(Double(milliCPU) / 1000)"
  }

  /// Lines of a difference, removed and added ones coloured.
  static func difference(_ lines: [String]) -> HTML {
    let rows = lines.map { line -> HTML in
      let kind = line.hasPrefix("+") ? "add" : line.hasPrefix("-") ? "del" : ""
      return "<span class=\"\(kind)\">\(line)</span>\n"
    }
    return "<pre class=\"diff\">\(HTML(rows))</pre>"
  }

  /// The report of a failed task.
  static func failure(_ report: TaskEnding, now: Timestamp) -> HTML {
    let processes = report.processes.map { process -> HTML in
      let output: HTML = process.output.isEmpty ? "" : "<pre>\(process.output.joined(separator: "\n"))</pre>"
      return "<p>process <code>\(process.name)</code> \(process.end)</p>\(output)"
    }
    let health: HTML =
      report.answer.map { "<p>last health answer: <code>\($0)</code></p>" } ?? ""
    return """
      <div class="card warn"><h2>Instance \(report.instance) failed \(time(report.time, now: now))</h2>\
      <p>\(Layout.badge(report.status)) \(report.message ?? "")</p>\(health)\(HTML(processes))</div>
      """
  }
}
