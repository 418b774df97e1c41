/// A program's own metrics in Prometheus' text form, reduced to the needs of graphs: each metric's sum over its labels.
///
/// Buckets of histograms and quantiles of summaries are omitted; their sums and counts are counters.
public struct ScrapedMetrics: Sendable, Hashable {
  public struct Metric: Sendable, Hashable {
    public var name: String
    public var isCounter: Bool
    public var value: Double
  }

  /// In the order of the text.
  public private(set) var metrics: [Metric] = []

  /// Reads the lines that are samples, and ignores every other line. Takes time and memory in proportion to the text.
  public init(parsing text: some StringProtocol) {
    var kinds: [Substring.SubSequence: Substring.SubSequence] = [:]
    var places: [String: Int] = [:]
    for line in text.split(separator: "\n") {
      let line = Substring(line)
      if line.hasPrefix("#") {
        let words = line.split(separator: " ")
        if words.count == 4, words[1] == "TYPE" { kinds[words[2]] = words[3] }
        continue
      }
      guard let sample = Self.sample(line) else { continue }
      let family = ["_sum", "_count", "_total"].first { sample.name.hasSuffix($0) }
        .map { sample.name.dropLast($0.count) }
      if sample.name.hasSuffix("_bucket") || sample.hasQuantile { continue }
      let kind = kinds[sample.name] ?? family.flatMap { kinds[$0] }
      let isCounter =
        kind == "counter" || ((kind == "histogram" || kind == "summary") && family != nil)
        || (kind == nil && sample.name.hasSuffix("_total"))
      let name = String(sample.name)
      if let place = places[name] {
        metrics[place].value += sample.value
      } else {
        places[name] = metrics.count
        metrics.append(Metric(name: name, isCounter: isCounter, value: sample.value))
      }
    }
  }

  private static func sample(_ line: Substring) -> (name: Substring, value: Double, hasQuantile: Bool)? {
    let name = line.prefix { $0 != "{" && $0 != " " && $0 != "\t" }
    guard let first = name.first, first.isASCII, first.isLetter || first == "_" || first == ":" else { return nil }
    var rest = line.dropFirst(name.count)
    var hasQuantile = false
    if rest.first == "{" {
      // A quoted value can contain a brace.
      var isQuoted = false
      var isEscaped = false
      var end = rest.startIndex
      for index in rest.indices {
        let character = rest[index]
        end = index
        if isEscaped {
          isEscaped = false
        } else if character == "\\" {
          isEscaped = isQuoted
        } else if character == "\"" {
          isQuoted.toggle()
        } else if character == "}", !isQuoted {
          break
        }
      }
      guard rest[end] == "}" else { return nil }
      hasQuantile = rest[...end].contains("quantile=")
      rest = rest[rest.index(after: end)...]
    }
    guard let text = rest.split(whereSeparator: { $0 == " " || $0 == "\t" }).first, let value = Double(text),
      value.isFinite
    else { return nil }
    return (name, value, hasQuantile)
  }
}

/// The last values of the metrics of one program, in a ring of fixed size.
public struct MetricRing: Sendable {
  /// The maximum number of metrics that are kept per program.
  public static let metrics = 12
  private let capacity: Int
  private var times: [Int64] = []
  private var values: [String: [Float]] = [:]
  private var next = 0
  private var last: [String: (time: Int64, value: Double)] = [:]
  /// Names in the order of their arrival.
  public private(set) var names: [String] = []

  /// - Parameter capacity: how many moments are kept.
  public init(capacity: Int) { self.capacity = max(1, capacity) }

  /// Adds a program's values at a time, in milliseconds since 1970. For a counter it keeps the growth per second.
  public mutating func add(_ scraped: ScrapedMetrics, at time: Int64) {
    // Metrics that every Python, Go and Java program has come last: a program's own metrics are more useful.
    let ordered = scraped.metrics.filter { !Self.isUsual($0.name) } + scraped.metrics.filter { Self.isUsual($0.name) }
    for metric in ordered where values[metric.name] == nil && names.count < Self.metrics {
      names.append(metric.name)
      values[metric.name] = Array(repeating: .nan, count: times.count)
    }
    let slot = next
    if times.count < capacity { times.append(time) } else { times[slot] = time }
    next = (slot + 1) % capacity
    for name in names {
      let metric = scraped.metrics.first { $0.name == name }
      var value = metric.map { Float($0.value) } ?? .nan
      if let metric, metric.isCounter {
        value = .nan
        // A counter that is smaller than before has restarted.
        if let last = last[name], time > last.time, metric.value >= last.value {
          value = Float((metric.value - last.value) / Double(time - last.time) * 1000)
        }
        last[name] = (time, metric.value)
      }
      if values[name, default: []].count < times.count {
        values[name]?.append(value)
      } else {
        values[name]?[slot] = value
      }
    }
  }

  private static func isUsual(_ name: String) -> Bool {
    ["python_", "process_", "go_", "promhttp_"].contains { name.hasPrefix($0) } || name.hasSuffix("_created")
  }

  /// The points of a metric, oldest first.
  public func points(of name: String) -> [(time: Int64, value: Double)] {
    guard let values = values[name] else { return [] }
    let start = times.count < capacity ? 0 : next
    return times.indices.compactMap { index in
      let slot = (start + index) % times.count
      return values[slot].isNaN ? nil : (times[slot], Double(values[slot]))
    }
  }
}
