public import JSON
public import JobModel

/// The points in OpenTSDB's form: for its telnet protocol, one line each, or for its HTTP API (`/api/put`).
///
/// A point has the name of the metric, and its labels as tags. OpenTSDB allows letters, digits and `-_./` in names and
/// values; every other character becomes `_`. It accepts at most eight tags by default, which is also Kilt's maximum,
/// and refuses a point without any: such a point gets the tag `host`.
public struct OpenTSDBPoints: Sendable {
  public struct Point: Sendable, Hashable {
    public var metric: String
    /// Seconds since 1970.
    public var time: Int64
    public var value: Double
    public var tags: [String: String]
  }

  public private(set) var points: [Point] = []

  public init(_ families: [MetricFamily], at time: Timestamp, host: String) {
    for family in families {
      for sample in family.samples where sample.value.isFinite {
        var tags: [String: String] = [:]
        for (name, value) in sample.labels.pairs where !value.isEmpty { tags[Self.clean(name)] = Self.clean(value) }
        if tags.isEmpty { tags["host"] = Self.clean(host) }
        points.append(
          Point(
            metric: Self.clean(family.name + sample.suffix), time: time.milliseconds / 1000, value: sample.value,
            tags: tags))
      }
    }
  }

  /// `put METRIC TIME VALUE NAME=VALUE…`, each with its line break.
  public var lines: [String] {
    points.map { point in
      let tags = point.tags.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
      return "put \(point.metric) \(point.time) \(PrometheusText.number(point.value)) \(tags)\n"
    }
  }

  /// Bodies of requests, with at most so many points each.
  public func bodies(of size: Int) -> [JSONValue] {
    stride(from: 0, to: points.count, by: size).map { start in
      .array(points[start..<min(start + size, points.count)].map(\.json))
    }
  }

  private static func clean(_ text: String) -> String {
    String(
      decoding: text.utf8.map { byte -> UInt8 in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
          UInt8(ascii: "/"):
          byte
        default: UInt8(ascii: "_")
        }
      }, as: UTF8.self)
  }
}

extension OpenTSDBPoints.Point {
  var json: JSONValue {
    .members([
      "metric": .string(metric), "timestamp": .int(time),
      "value": Int64(exactly: value).map { .int($0) } ?? .double(value),
      "tags": .object(JSONObject(tags.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
    ])
  }
}
