import Diagnostics
import JobModel
import YAML

// The job file's values for Aurora's objects: they override the template's, field by field.
extension JobBuilder {
  func apply(to configuration: inout JobConfiguration) {
    guard let settings else { return }
    if let update = settings.sections[.update] { apply(update, to: &configuration.update) }
    if let health = settings.sections[.health] { apply(health, to: &configuration) }
    if let cron = settings.sections[.cron] { apply(cron: cron, to: &configuration) }
    if let sla = settings.sections[.sla] { configuration.slaPolicy = policy(sla) ?? configuration.slaPolicy }
    if let partition = settings.sections[.partition] {
      let former = configuration.partitionPolicy ?? PartitionPolicy()
      configuration.partitionPolicy = PartitionPolicy(
        reschedule: partition.flag("reschedule") ?? former.reschedule,
        delay: partition.seconds("delay_secs") ?? former.delay,
        stop: partition.flag("stop") ?? former.stop)
    }
    for constraint in settings.constraints {
      configuration.constraints.removeAll { $0.attribute == constraint.attribute }
      configuration.constraints.append(constraint)
    }
    configuration.constraints.sort { $0.attribute < $1.attribute }
    configuration.metadata.merge(settings.metadata) { $1 }
  }

  /// Reports a problem of the job file's values, at its location there.
  func problem(_ summary: String, _ node: YAMLNode?, remedies: [String] = []) {
    problems.add(
      Diagnostic(
        .input, summary, at: node.flatMap { settings?.location($0) } ?? settings?.stageLocation, remedies: remedies))
  }

  private func apply(_ values: SectionValues, to update: inout UpdateConfiguration) {
    update.strategy = strategy(values, former: update.strategy)
    update.watch = values.seconds("watch_secs") ?? update.watch
    update.maxPerInstanceFailures = values.integer("max_per_shard_failures") ?? update.maxPerInstanceFailures
    update.maxTotalFailures = values.integer("max_total_failures") ?? update.maxTotalFailures
    update.rollbackOnFailure = values.flag("rollback_on_failure") ?? update.rollbackOnFailure
    update.startFirst = values.flag("start_first") ?? update.startFirst
    update.slaAware = values.flag("sla_aware") ?? update.slaAware
    update.pulseInterval = values.seconds("pulse_interval_secs") ?? update.pulseInterval
  }

  private func strategy(_ values: SectionValues, former: UpdateStrategy) -> UpdateStrategy {
    let named = values.text("strategy").flatMap(JobSection.Strategy.init(rawValue:))
    let sizes = values.integers("batch_sizes")
    let pauses = values.flag("autopause")
    let kind: JobSection.Strategy =
      named
      ?? {
        if sizes != nil { return .variable }
        switch former {
        case .queue: return pauses == true ? .batch : .queue
        case .batch: return .batch
        case .variableBatch: return values.integer("batch_size") == nil ? .variable : .batch
        }
      }()
    let size = values.integer("batch_size") ?? max(1, former.size(ofBatch: 0))
    switch kind {
    case .queue:
      if pauses == true {
        problem("a queue has no batches to pause after", values.node("autopause"), remedies: ["write strategy: batch"])
      }
      if sizes != nil {
        problem("a queue has one batch_size", values.node("batch_sizes"), remedies: ["write strategy: variable"])
      }
      return .queue(batchSize: size)
    case .batch:
      if sizes != nil {
        problem(
          "batches of one size have one batch_size", values.node("batch_sizes"), remedies: ["write strategy: variable"])
      }
      return .batch(batchSize: size, autopause: pauses ?? former.pausesAfterBatch)
    case .variable:
      var all = sizes
      if all == nil, case .variableBatch(let known, _) = former { all = known }
      guard let all else {
        problem(
          "the strategy variable needs batch_sizes", values.node("strategy"), remedies: ["add batch_sizes: [1, 5]"])
        return former
      }
      if values.integer("batch_size") != nil {
        problem(
          "the strategy variable has batch_sizes", values.node("batch_size"), remedies: ["write batch_sizes: [1, 5]"])
      }
      return .variableBatch(batchSizes: all, autopause: pauses ?? former.pausesAfterBatch)
    }
  }

  private func apply(_ values: SectionValues, to configuration: inout JobConfiguration) {
    guard var check = configuration.healthCheck else {
      problem(
        "the template has no health check whose times \"health\" could say", values.anyNode,
        remedies: ["add health_check_config to the template"])
      return
    }
    check.initialInterval = values.seconds("initial_interval_secs") ?? check.initialInterval
    check.interval = values.seconds("interval_secs") ?? check.interval
    check.timeout = values.seconds("timeout_secs") ?? check.timeout
    check.maxConsecutiveFailures = values.integer("max_consecutive_failures") ?? check.maxConsecutiveFailures
    check.minConsecutiveSuccesses = values.integer("min_consecutive_successes") ?? check.minConsecutiveSuccesses
    configuration.healthCheck = check
  }

  private func apply(cron values: SectionValues, to configuration: inout JobConfiguration) {
    guard let schedule = values.text("schedule") ?? configuration.cron?.schedule else {
      problem("\"cron\" has no schedule", values.anyNode, remedies: ["add schedule: \"0 4 * * *\""])
      return
    }
    if configuration.isService {
      problem(
        "a service runs all the time: it has no schedule", values.anyNode,
        remedies: ["write Job instead of Service in the template"])
    }
    configuration.cron = CronConfiguration(
      schedule: schedule, timeZone: values.text("timezone") ?? configuration.cron?.timeZone ?? "UTC",
      collisionPolicy: values.text("collision").flatMap(CronConfiguration.CollisionPolicy.init(rawValue:))
        ?? configuration.cron?.collisionPolicy ?? .killExisting)
  }

  private func policy(_ values: SectionValues) -> SlaPolicy? {
    guard let duration = values.seconds("duration_secs") else {
      problem("\"sla\" has no duration_secs", values.anyNode, remedies: ["add duration_secs: 120"])
      return nil
    }
    if let count = values.integer("count") { return .count(count, duration: duration) }
    if let percentage = values.number("percentage") { return .percentage(percentage, duration: duration) }
    problem("\"sla\" has neither count nor percentage", values.anyNode, remedies: ["add percentage: 90"])
    return nil
  }
}
