internal import JobModel
internal import Observability

/// A line over time against a limit, as SVG.
struct Graph {
  var title: String
  /// Times in milliseconds and values, in order of time.
  var points: [(time: Int64, value: Double)]
  /// Nil if there is none.
  var limit: Double?
  var text: (Double) -> String
  /// Seconds between two points.
  var pause = 10

  private static let width = 340.0
  private static let height = 96.0

  var html: HTML {
    guard let first = points.first, let last = points.last, points.count > 1 else {
      return """
        <div class="card"><h2>\(title)</h2><p class="soft">no samples yet: one is taken every \(pause) s</p></div>
        """
    }
    let highest = max(limit ?? 0, points.map(\.value).max() ?? 0, 1e-9)
    let span = Double(max(1, last.time - first.time))
    func x(_ time: Int64) -> Double { Double(time - first.time) / span * Self.width }
    func y(_ value: Double) -> Double { Self.height - value / (highest * 1.08) * Self.height }
    let line = points.map { "\(Self.short(x($0.time))),\(Self.short(y($0.value)))" }.joined(separator: " ")
    let area = "0,\(Self.short(Self.height)) \(line) \(Self.short(Self.width)),\(Self.short(Self.height))"
    let limitText: HTML = limit.map { ", limit \(text($0))" } ?? ""
    let limitLine: HTML =
      limit.map { limit in
        let y = Self.short(y(limit))
        return """
          <line x1="0" x2="\(Self.short(Self.width))" y1="\(y)" y2="\(y)" stroke="var(--bad)" stroke-width="1" \
          stroke-dasharray="4 3"/>
          """
      } ?? ""
    let age = Parts.duration(.milliseconds(last.time - first.time))
    return """
      <div class="card"><h2>\(title)</h2><p class="soft n">\(text(last.value)) now\(limitText), \
      highest \(text(points.map(\.value).max() ?? 0)) in \(age)</p>\
      <svg viewBox="0 0 \(Self.short(Self.width)) \(Self.short(Self.height))" role="img" aria-label="\(title) over \(age)">\
      <polygon points="\(area)" fill="var(--link)" opacity=".13"/>\
      <polyline points="\(line)" fill="none" stroke="var(--link)" stroke-width="1.6"/>\
      \(limitLine)</svg></div>
      """
  }

  /// At most a tenth: pages hold thousands of points.
  private static func short(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
  }

  /// A task's own metrics. The growth of a counter is per second.
  static func graphs(_ ring: MetricRing) -> HTML {
    let graphs = ring.names.map { name in
      Graph(title: name, points: ring.points(of: name), limit: nil) { value in
        value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(Double(Int(value * 1000)) / 1000)"
      }
    }
    return "<div class=\"graphs\">\(HTML(graphs.map(\.html)))</div>"
  }

  /// CPU, memory and disk of a task from its executor's samples.
  static func graphs(_ samples: [(time: Timestamp, sample: ResourceSample)], limits: Resources) -> HTML {
    var cores: [(time: Int64, value: Double)] = []
    for (before, after) in zip(samples, samples.dropFirst()) {
      let elapsed = (after.time - before.time).milliseconds
      let used = (after.sample.cpuTime - before.sample.cpuTime).milliseconds
      if elapsed > 0, used >= 0 { cores.append((time: after.time.milliseconds, value: Double(used) / Double(elapsed))) }
    }
    func series(_ value: (ResourceSample) -> Int) -> [(time: Int64, value: Double)] {
      samples.map { (time: $0.time.milliseconds, value: Double(value($0.sample))) }
    }
    let bytes = { (value: Double) in Parts.bytes(Int(value)) }
    let graphs = [
      Graph(title: "CPU", points: cores, limit: limits.cpu) { "\(Double(Int(($0 * 100).rounded())) / 100) cores" },
      Graph(title: "Memory", points: series(\.memory), limit: Double(limits.ram), text: bytes),
      Graph(title: "Disk", points: series(\.disk), limit: Double(limits.disk), text: bytes),
      Graph(title: "Processes", points: series(\.processes), limit: Double(limits.processes)) { "\(Int($0))" },
    ]
    return "<div class=\"graphs\">\(HTML(graphs.map(\.html)))</div>"
  }
}
