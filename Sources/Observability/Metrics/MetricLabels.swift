public import JobModel

// Observability: everything by job key. Metrics and their text forms, the account of a dead task, dashboards, alerting
// rules. Only values and texts: this module reads no file, opens no connection and has no clock.

/// The labels of a sample, in order, with their text in Prometheus' form.
///
/// Rendered once for all samples of a task: a scrape of 10,000 tasks writes the same labels thirty times for each.
public struct MetricLabels: Sendable, Hashable {
  public private(set) var pairs: [(name: String, value: String)]
  /// `cluster="c",role="r"`, without braces.
  private(set) var text: String

  public init(_ pairs: [(name: String, value: String)] = []) {
    self.pairs = pairs
    text = pairs.map(Self.text).joined(separator: ",")
  }

  /// The labels of a job: cluster, role, stage, job.
  public init(_ key: JobKey) {
    self.init([("cluster", key.cluster), ("role", key.role), ("stage", key.stage), ("job", key.name)])
  }

  /// These labels and one more.
  public func adding(_ name: String, _ value: String) -> MetricLabels {
    var labels = self
    labels.pairs.append((name, value))
    labels.text += (labels.text.isEmpty ? "" : ",") + Self.text((name, value))
    return labels
  }

  /// These labels and one more; unchanged without a value.
  public func adding(_ name: String, _ value: String?) -> MetricLabels {
    value.map { adding(name, $0) } ?? self
  }

  /// A backslash, a quote and a line break are escaped (Prometheus' exposition format, "Comments, help text, and type
  /// information").
  private static func text(_ pair: (name: String, value: String)) -> String {
    guard pair.value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else {
      return "\(pair.name)=\"\(pair.value)\""
    }
    let escaped = pair.value.flatMap { character -> [Character] in
      switch character {
      case "\\": ["\\", "\\"]
      case "\"": ["\\", "\""]
      case "\n", "\r\n": ["\\", "n"]
      default: [character]
      }
    }
    return "\(pair.name)=\"\(String(escaped))\""
  }

  public static func == (left: MetricLabels, right: MetricLabels) -> Bool { left.text == right.text }
  public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension MetricLabels {
  /// The labels of one release of a job: the job's, the release, and the commit of its bundle.
  public init(_ key: JobKey, release: Int?, commit: String?) {
    self = MetricLabels(key).adding("release", release.map { "\($0)" }).adding("commit", commit.map(Self.short))
  }

  /// The labels of an instance: cluster, role, stage, job, instance, release, commit.
  public init(_ key: InstanceKey, release: Int?, commit: String?) {
    self = MetricLabels(key.job).adding("instance", "\(key.instance)").adding("release", release.map { "\($0)" })
      .adding("commit", commit.map(Self.short))
  }

  /// A commit as bundles are named by it.
  public static func short(_ commit: String) -> String { String(commit.prefix(12)) }
}
