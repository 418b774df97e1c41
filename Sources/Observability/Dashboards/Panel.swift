/// One graph of a dashboard.
public struct Panel: Sendable, Hashable {
  public struct Query: Sendable, Hashable {
    /// PromQL; Grafana replaces `$__rate_interval`.
    public var expression: String
    /// The name of a line, with `{{label}}` for a label's value.
    public var legend: String
    /// A limit is drawn dashed.
    public var isLimit = false
  }

  /// Grafana's names of units.
  public enum Unit: String, Sendable, Hashable {
    case none = "short"
    case cores = "none"
    case bytes
    case seconds = "s"
    case perSecond = "reqps"
    case share = "percentunit"
  }

  public var title: String
  public var description: String
  public var unit: Unit
  public var queries: [Query]

  init(_ title: String, _ unit: Unit, _ description: String, _ queries: [Query]) {
    self.title = title
    self.unit = unit
    self.description = description
    self.queries = queries
  }
}
