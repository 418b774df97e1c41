public import JobModel

/// The samples that a query is about: the braces of a PromQL selector.
public struct MetricSelector: Sendable, Hashable, CustomStringConvertible {
  private var matchers: [String]

  private init(_ matchers: [String]) { self.matchers = matchers }

  /// Of a job.
  public init(_ key: JobKey) {
    self.init([("cluster", key.cluster), ("role", key.role), ("stage", key.stage), ("job", key.name)])
  }

  /// Of all jobs with these labels. Parts of keys are identifiers, which need no escaping.
  public init(_ labels: [(name: String, value: String)]) {
    matchers = labels.map { "\($0.name)=\"\($0.value)\"" }
  }

  /// The same with another condition, such as `state=~"FAILED|LOST"`.
  public func and(_ matcher: String) -> MetricSelector { MetricSelector(matchers + [matcher]) }

  public var description: String { "{\(matchers.joined(separator: ","))}" }
}
