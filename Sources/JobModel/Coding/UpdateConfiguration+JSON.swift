public import JSON

extension UpdateConfiguration: JSONCodable {
  /// Reads records without a strategy, which earlier versions wrote, by their `batch_size` and
  /// `wait_for_batch_completion`.
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init()
    if let strategy = try fields.optionalObject("strategy", UpdateStrategy.self) {
      self.strategy = strategy
    } else {
      strategy = UpdateStrategy(
        batchSize: try fields.optionalInteger("batch_size") ?? 1,
        waitForBatchCompletion: try fields.optionalBool("wait_for_batch_completion") ?? false)
    }
    watch = try fields.optionalDuration("watch") ?? watch
    maxPerInstanceFailures = try fields.optionalInteger("max_per_instance_failures") ?? maxPerInstanceFailures
    maxTotalFailures = try fields.optionalInteger("max_total_failures") ?? maxTotalFailures
    rollbackOnFailure = try fields.optionalBool("rollback_on_failure") ?? rollbackOnFailure
    startFirst = try fields.optionalBool("start_first") ?? startFirst
    pulseInterval = try fields.optionalDuration("pulse_interval")
    slaAware = try fields.optionalBool("sla_aware") ?? slaAware
  }

  /// `batch_size` and `wait_for_batch_completion` repeat the strategy for earlier versions.
  public var json: JSONValue {
    .fields([
      "strategy": strategy.json, "batch_size": .integer(batchSize), "watch": .seconds(watch),
      "max_per_instance_failures": .integer(maxPerInstanceFailures),
      "max_total_failures": .integer(maxTotalFailures), "rollback_on_failure": .bool(rollbackOnFailure),
      "wait_for_batch_completion": .bool(waitForBatchCompletion), "start_first": .bool(startFirst),
      "pulse_interval": pulseInterval.map { .seconds($0) }, "sla_aware": .bool(slaAware),
    ])
  }
}

extension UpdateStrategy: JSONCodable {
  private enum Kind: String, CaseIterable {
    case queue, batch
    case variableBatch = "variable_batch"
  }

  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    let autopause = try fields.optionalBool("autopause") ?? false
    switch try fields.enumeration("kind", Kind.self) {
    case .queue: self = .queue(batchSize: try fields.optionalInteger("batch_size") ?? 1)
    case .batch: self = .batch(batchSize: try fields.optionalInteger("batch_size") ?? 1, autopause: autopause)
    case .variableBatch: self = .variableBatch(batchSizes: try fields.integers("batch_sizes"), autopause: autopause)
    }
  }

  public var json: JSONValue {
    switch self {
    case .queue(let size): .members(["kind": "queue", "batch_size": .integer(size)])
    case .batch(let size, let autopause):
      .members(["kind": "batch", "batch_size": .integer(size), "autopause": .bool(autopause)])
    case .variableBatch(let sizes, let autopause):
      .members([
        "kind": "variable_batch", "batch_sizes": .array(sizes.map { .integer($0) }), "autopause": .bool(autopause),
      ])
    }
  }
}
