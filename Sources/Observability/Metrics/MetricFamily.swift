/// A metric with its samples, as a scrape returns it and as it is sent on.
public struct MetricFamily: Sendable {
  public enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  public struct Sample: Sendable {
    /// `_bucket`, `_sum` or `_count` of a histogram; otherwise empty.
    public var suffix: String
    public var labels: MetricLabels
    public var value: Double
  }

  public var name: String
  public var help: String
  public var kind: Kind
  public private(set) var samples: [Sample] = []

  public init(_ name: String, _ kind: Kind, _ help: String) {
    self.name = name
    self.kind = kind
    self.help = help
  }

  public mutating func add(_ value: Double, _ labels: MetricLabels = MetricLabels()) {
    samples.append(Sample(suffix: "", labels: labels, value: value))
  }

  /// Adds nothing for an unknown value.
  public mutating func add(_ value: Double?, _ labels: MetricLabels) {
    if let value { add(value, labels) }
  }

  public mutating func add(_ histogram: Histogram, _ labels: MetricLabels = MetricLabels()) {
    for (bound, count) in histogram.cumulative {
      let text = bound.map { PrometheusText.number($0) } ?? "+Inf"
      samples.append(Sample(suffix: "_bucket", labels: labels.adding("le", text), value: Double(count)))
    }
    samples.append(Sample(suffix: "_sum", labels: labels, value: histogram.sum))
    samples.append(Sample(suffix: "_count", labels: labels, value: Double(histogram.count)))
  }

  /// A family of one sample without labels.
  public static func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double) -> MetricFamily {
    var family = MetricFamily(name, kind, help)
    family.add(value)
    return family
  }
}

/// The number of values per range.
public struct Histogram: Sendable, Hashable {
  private let bounds: [Double]
  private var counts: [Int]
  public private(set) var sum = 0.0
  public private(set) var count = 0

  /// - Parameter bounds: the upper ends of the ranges, ascending; one without an end comes after them.
  public init(bounds: [Double]) {
    self.bounds = bounds
    counts = Array(repeating: 0, count: bounds.count)
  }

  public mutating func observe(_ value: Double) {
    sum += value
    count += 1
    if let index = bounds.firstIndex(where: { value <= $0 }) { counts[index] += 1 }
  }

  /// The values up to each bound; the last bound is nil.
  var cumulative: [(bound: Double?, count: Int)] {
    var total = 0
    return zip(bounds, counts).map { bound, count in
      total += count
      return (bound, total)
    } + [(nil, count)]
  }
}
