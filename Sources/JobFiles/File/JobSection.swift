import JobModel
import YAML

/// A part of a job file whose keys are the fields of one of Aurora's objects: the reader, the JSON schema and the
/// documentation follow this one table.
enum JobSection: String, CaseIterable {
  case update, health, announce, lifecycle, cron, sla, partition, container

  struct Field {
    var name: String
    var kind: Kind
    var description: String
  }

  /// The values that a field accepts.
  enum Kind {
    case integer(ClosedRange<Int>)
    /// A list of whole numbers, each from 1 on.
    case integers
    /// Seconds, with a fraction or without.
    case seconds(ClosedRange<Double>)
    case number(ClosedRange<Double>)
    case flag
    case text
    case choice([String])
    /// An absolute path of a URL.
    case path
    /// A mapping of names to texts or numbers.
    case texts
  }

  /// A value, as the field's kind says.
  enum Value: Hashable {
    case integer(Int)
    case integers([Int])
    case number(Double)
    case flag(Bool)
    case text(String)
    case texts([String: String])
  }

  /// The container engines that Aurora knows.
  enum Engine: String, CaseIterable {
    case mesos, docker
  }

  /// The kinds of batches: the names of Aurora's strategies.
  enum Strategy: String, CaseIterable {
    case queue, batch, variable
  }

  private static let day: ClosedRange<Double> = 0...86_400

  var description: String {
    switch self {
    case .update: "How an update proceeds. Fields that are not set come from the template."
    case .health: "When the health check of the template runs, and how often it can fail."
    case .cron: "When the job runs, for a template that creates a Job."
    case .sla: "How many instances stay up during drains and updates; count or percentage."
    case .partition: "Behavior of an instance whose host cannot be reached."
    case .announce: "How discovery announces an instance; fields that are not given are the template's."
    case .lifecycle: "How an instance is asked over HTTP to end, before SIGTERM."
    case .container: "The container that Aurora would run a task in. Schedulers refuse one with an image."
    }
  }

  var fields: [Field] {
    switch self {
    case .update:
      [
        Field(
          name: "strategy", kind: .choice(Strategy.allCases.map(\.rawValue)), description: "How batches are chosen."),
        Field(name: "batch_size", kind: .integer(1...4000), description: "Instances in a batch."),
        Field(
          name: "batch_sizes", kind: .integers,
          description: "Sizes of the batches in order, for the strategy variable; the last one repeats."),
        Field(name: "autopause", kind: .flag, description: "Whether the update pauses after each batch."),
        Field(
          name: "watch_secs", kind: .seconds(Self.day),
          description: "How long an instance must run to count as updated."),
        Field(
          name: "max_per_shard_failures", kind: .integer(0...1000),
          description: "Failures of one instance that are forgiven."),
        Field(
          name: "max_total_failures", kind: .integer(0...4000), description: "Failed instances that are tolerated."),
        Field(
          name: "rollback_on_failure", kind: .flag, description: "Whether a failed update restores the former release."),
        Field(
          name: "start_first", kind: .flag, description: "Whether a replacement runs before its predecessor stops."),
        Field(name: "sla_aware", kind: .flag, description: "Whether the job's sla must allow each stop."),
        Field(
          name: "pulse_interval_secs", kind: .seconds(60...86_400),
          description: "The longest time between pulses before the update blocks."),
      ]
    case .health:
      [
        Field(
          name: "initial_interval_secs", kind: .seconds(Self.day),
          description: "How long failures after the start do not count."),
        Field(name: "interval_secs", kind: .seconds(0.1...86_400), description: "Time between checks."),
        Field(name: "timeout_secs", kind: .seconds(0.01...86_400), description: "Time for an answer."),
        Field(
          name: "max_consecutive_failures", kind: .integer(0...1000),
          description: "Failures in a row that are forgiven."
        ),
        Field(
          name: "min_consecutive_successes", kind: .integer(1...1000),
          description: "Successes in a row that an instance needs to count as running."),
      ]
    case .announce:
      [
        Field(
          name: "enabled", kind: .flag, description: "Whether instances are announced; false hides the template's."),
        Field(name: "primary_port", kind: .text, description: "The named port that is the service's address."),
        Field(
          name: "portmap", kind: .texts,
          description: "Further names of endpoints: each is a named port, or a fixed number."),
        Field(name: "zk_path", kind: .path, description: "Kept and ignored, as in templates."),
      ]
    case .lifecycle:
      [
        Field(name: "enabled", kind: .flag, description: "Whether anything is asked; false leaves only SIGTERM."),
        Field(name: "port", kind: .text, description: "The named port that takes the requests."),
        Field(
          name: "graceful_shutdown_endpoint", kind: .path, description: "The path that is asked first, by POST."),
        Field(name: "shutdown_endpoint", kind: .path, description: "The path that is asked next, by POST."),
        Field(
          name: "graceful_shutdown_wait_secs", kind: .seconds(Self.day),
          description: "How long the instance has after the first request."),
        Field(
          name: "shutdown_wait_secs", kind: .seconds(Self.day),
          description: "How long the instance has after the second request."),
      ]
    case .container:
      [
        Field(
          name: "type", kind: .choice(Engine.allCases.map(\.rawValue)),
          description: "The engine; mesos without an image is the task's own sandbox."),
        Field(name: "image", kind: .text, description: "The image, as NAME:TAG."),
        Field(name: "parameters", kind: .texts, description: "Options of docker run."),
      ]
    case .cron:
      [
        Field(name: "schedule", kind: .text, description: "Five fields of crontab(5), or @daily and the like."),
        Field(name: "timezone", kind: .text, description: "A zone such as Europe/Berlin; UTC by default."),
        Field(
          name: "collision", kind: .choice(CronConfiguration.CollisionPolicy.allCases.map(\.rawValue)),
          description: "What happens when a run is due while the last one still runs."),
      ]
    case .sla:
      [
        Field(name: "count", kind: .integer(0...4000), description: "Instances that stay up."),
        Field(name: "percentage", kind: .number(0...100), description: "Percent of the instances that stay up."),
        Field(
          name: "duration_secs", kind: .seconds(Self.day), description: "How long an instance runs to count as up."),
      ]
    case .partition:
      [
        Field(name: "reschedule", kind: .flag, description: "Whether the instance is started elsewhere."),
        Field(
          name: "delay_secs", kind: .seconds(Self.day), description: "How long the scheduler waits before it does."),
        Field(
          name: "stop", kind: .flag,
          description: "Whether the instance ends by itself when its host is cut off, before it is started elsewhere."),
      ]
    }
  }

  subscript(name: String) -> Field? { fields.first { $0.name == name } }

  /// The value of a scalar or list; nil for one that the kind does not take.
  static func value(of node: YAMLNode, as kind: Kind) -> Value? {
    switch (kind, node.scalar?.content) {
    case (.integer(let range), .int(let number)):
      return Int(exactly: number).flatMap { range.contains($0) ? .integer($0) : nil }
    case (.seconds(let range), .int(let number)), (.number(let range), .int(let number)):
      return range.contains(Double(number)) ? .number(Double(number)) : nil
    case (.seconds(let range), .float(let number)), (.number(let range), .float(let number)):
      return range.contains(number) ? .number(number) : nil
    case (.flag, .bool(let flag)): return .flag(flag)
    case (.text, .string): return node.scalar.flatMap { $0.text.isEmpty ? nil : .text($0.text) }
    case (.choice(let known), .string):
      return node.scalar.flatMap { known.contains($0.text) ? .text($0.text) : nil }
    case (.path, .string):
      return node.scalar.flatMap { $0.text.hasPrefix("/") ? .text($0.text) : nil }
    case (.texts, nil):
      var texts: [String: String] = [:]
      guard let entries = node.mapping else { return nil }
      for entry in entries {
        guard let name = entry.key.scalar?.text, !name.isEmpty, let text = entry.value.scalar?.text,
          !entry.value.isNull
        else { return nil }
        texts[name] = text
      }
      return .texts(texts)
    case (.integers, nil):
      let numbers = node.sequence?.compactMap { element -> Int? in
        guard case .int(let number)? = element.scalar?.content, (1...4000).contains(number) else { return nil }
        return Int(number)
      }
      guard let numbers, !numbers.isEmpty, numbers.count == node.sequence?.count else { return nil }
      return .integers(numbers)
    default: return nil
    }
  }
}

extension JobSection.Kind {
  /// The accepted spelling, after "is".
  var expectation: String {
    switch self {
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .integers: "a list of whole numbers from 1 on, such as [1, 5, 10]"
    case .seconds(let range):
      "a number of seconds from \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))"
    case .number(let range): "a number from \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))"
    case .flag: "true or false"
    case .text: "a text"
    case .path: "a path that begins with /"
    case .texts: "a mapping of names to texts, such as {admin: http}"
    case .choice(let known): "one of: \(known.joined(separator: ", "))"
    }
  }

  private static func text(_ number: Double) -> String {
    number == number.rounded() ? "\(Int(number))" : "\(number)"
  }
}

/// The values of a section in a job file, with their locations.
struct SectionValues {
  private var values: [String: (value: JobSection.Value, node: YAMLNode)] = [:]

  var isEmpty: Bool { values.isEmpty }
  var names: [String] { values.keys.sorted() }

  mutating func set(_ name: String, _ value: JobSection.Value, _ node: YAMLNode) { values[name] = (value, node) }

  /// These values, overridden by those of another level.
  func overlaid(with above: SectionValues, in section: JobSection) -> SectionValues {
    var result = self
    // Of two spellings of one setting, the nearer level's counts.
    let exclusive: [[String]] =
      switch section {
      case .sla: [["count", "percentage"]]
      case .update: [["batch_size", "batch_sizes"]]
      case .health, .announce, .lifecycle, .cron, .partition, .container: []
      }
    for names in exclusive where names.contains(where: { above.values[$0] != nil }) {
      for name in names { result.values[name] = nil }
    }
    result.values.merge(above.values) { $1 }
    return result
  }

  func node(_ name: String) -> YAMLNode? { values[name]?.node }
  var anyNode: YAMLNode? { values.min { $0.key < $1.key }?.value.node }

  func integer(_ name: String) -> Int? {
    if case .integer(let number)? = values[name]?.value { number } else { nil }
  }

  func integers(_ name: String) -> [Int]? {
    if case .integers(let numbers)? = values[name]?.value { numbers } else { nil }
  }

  func number(_ name: String) -> Double? {
    if case .number(let number)? = values[name]?.value { number } else { nil }
  }

  func flag(_ name: String) -> Bool? {
    if case .flag(let flag)? = values[name]?.value { flag } else { nil }
  }

  func text(_ name: String) -> String? {
    if case .text(let text)? = values[name]?.value { text } else { nil }
  }

  func texts(_ name: String) -> [String: String]? {
    if case .texts(let texts)? = values[name]?.value { texts } else { nil }
  }

  func seconds(_ name: String) -> Duration? {
    number(name).map { .milliseconds(Int64(($0 * 1000).rounded())) }
  }
}
