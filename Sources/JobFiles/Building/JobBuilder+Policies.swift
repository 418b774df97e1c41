import Diagnostics
import JobModel
import Starlark

extension JobBuilder {
  /// The placement of instances, the number that must stay up, and the container that Aurora would use.
  func policies(_ configuration: inout JobConfiguration) {
    configuration.constraints = constraints()
    configuration.slaPolicy = slaPolicy()
    if let object = job.child("partition_policy") {
      configuration.partitionPolicy = PartitionPolicy(
        reschedule: object.boolean("reschedule") ?? true, delay: object.seconds("delay_secs") ?? .zero)
    }
    if let object = job.child("executor_config") {
      configuration.executor = ExecutorReference(
        name: object.string("name") ?? ExecutorReference.defaultName, data: object.string("data") ?? "")
    }
    // The volumes of the template's container stay, even if the job file names another container.
    let container = container(&configuration)
    configuration.container = writtenContainer() ?? container
    configuration.drain = settings?.drain ?? job.seconds("drain_secs") ?? .zero
    configuration.alerts = settings?.alerts ?? []
  }

  private func constraints() -> [PlacementConstraint] {
    var constraints: [PlacementConstraint] = []
    for (attribute, text) in job.entries("constraints") {
      guard let constraint = PlacementConstraint(attribute: attribute, parsing: text) else {
        job.problem(
          "the constraint \"\(attribute)\": \"\(text)\" is not one",
          notes: ["constraints are \"limit:2\", \"a,b\" and \"!a,b\""])
        continue
      }
      constraints.append(constraint)
    }
    return constraints.sorted { $0.attribute < $1.attribute }
  }

  private func slaPolicy() -> SlaPolicy? {
    guard let object = job.child("sla_policy") else { return nil }
    switch object.object.type {
    case .coordinatorSlaPolicy:
      guard let url = object.requiredString("coordinator_url") else { return nil }
      return .coordinator(url: url, statusKey: object.string("status_key") ?? SlaPolicy.defaultStatusKey)
    case .countSlaPolicy:
      guard let count = object.integer("count"), let duration = object.seconds("duration_secs") else {
        object.problem("a CountSlaPolicy has a count and duration_secs")
        return nil
      }
      if count < 0 { object.problem("count is 0 or more, not \(count)") }
      return .count(count, duration: duration)
    default:
      guard let percentage = object.number("percentage"), let duration = object.seconds("duration_secs") else {
        object.problem("a PercentageSlaPolicy has a percentage and duration_secs")
        return nil
      }
      if !(0...100).contains(percentage) { object.problem("percentage is from 0 to 100, not \(percentage)") }
      return .percentage(percentage, duration: duration)
    }
  }

  /// The container; the volumes of a Mesos container are the task's.
  private func container(_ configuration: inout JobConfiguration) -> Container? {
    guard var object = job.child("container") else { return nil }
    if object.object.type === ObjectType.container {
      guard let docker = object.child("docker") else {
        object.problem("a Container has docker")
        return nil
      }
      object = docker
    }
    if object.object.type === ObjectType.docker {
      let parameters = object.children("parameters").map { parameter in
        Container.Parameter(name: parameter.string("name") ?? "", value: parameter.string("value") ?? "")
      }
      return .docker(image: object.image("image") ?? "", parameters: parameters)
    }
    configuration.task.volumes += object.children("volumes").compactMap(volume)
    guard let image = object.child("image") else { return .mesos(image: nil) }
    if image.object.type === ObjectType.appcImage {
      return .mesos(image: .appc(name: image.string("name") ?? "", imageID: image.string("image_id") ?? ""))
    }
    return .mesos(image: .docker(name: image.string("name") ?? "", tag: image.string("tag") ?? ""))
  }

  func volume(_ object: BoundObject) -> Volume? {
    guard let host = object.requiredString("host_path"), let place = object.requiredString("container_path") else {
      return nil
    }
    let mode = Volume.Mode(rawValue: (object.string("mode") ?? "RO").lowercased())
    if mode == nil { object.problem("the mode of a volume is RO or RW") }
    let volume = Volume(hostPath: host, containerPath: place, mode: mode ?? .readOnly)
    if settings != nil, !volume.hasFreePlace {
      object.problem(
        "the sandbox already uses the path \"\(place)\"", remedies: ["choose another path, such as /data"])
    }
    return volume
  }

  /// The update of the job; by default Aurora's, a queue of one.
  func update() -> UpdateConfiguration {
    var update = UpdateConfiguration()
    guard let object = job.child("update_config") else { return update }
    update.strategy = strategy(object)
    if let watch = object.seconds("watch_secs") { update.watch = watch }
    if let failures = object.integer("max_per_shard_failures") { update.maxPerInstanceFailures = failures }
    if let failures = object.integer("max_total_failures") { update.maxTotalFailures = failures }
    if let flag = object.boolean("rollback_on_failure") { update.rollbackOnFailure = flag }
    if let flag = object.boolean("start_first") { update.startFirst = flag }
    if let flag = object.boolean("sla_aware") { update.slaAware = flag }
    if let interval = object.seconds("pulse_interval_secs") {
      update.pulseInterval = interval
      if interval < UpdateConfiguration.shortestPulseInterval {
        object.problem("pulse_interval_secs is 60 or more, not \(interval.milliseconds / 1000)")
      }
    }
    if !update.strategy.isValid { object.problem("each batch of an update has 1 instance or more") }
    return update
  }

  private func strategy(_ object: BoundObject) -> UpdateStrategy {
    let size = object.integer("batch_size") ?? 1
    let waits = object.boolean("wait_for_batch_completion") ?? false
    guard let strategy = object.child("update_strategy") else {
      return UpdateStrategy(batchSize: size, waitForBatchCompletion: waits)
    }
    if waits || size > 1 {
      object.problem(
        "\(waits ? "wait_for_batch_completion" : "batch_size") and update_strategy cannot be combined",
        remedies: ["write the size of the batches in update_strategy alone"])
    }
    let autopause = strategy.boolean("autopause_after_batch") ?? false
    switch strategy.object.type {
    case .queueUpdateStrategy: return .queue(batchSize: strategy.integer("batch_size") ?? 1)
    case .batchUpdateStrategy: return .batch(batchSize: strategy.integer("batch_size") ?? 1, autopause: autopause)
    default: return .variableBatch(batchSizes: strategy.integers("batch_sizes"), autopause: autopause)
    }
  }
}

extension ObjectType {
  /// Types are matched by identity.
  static func ~= (pattern: ObjectType, value: ObjectType) -> Bool { pattern === value }
}

extension BoundObject {
  /// The text of a field that the type requires.
  func requiredString(_ field: String) -> String? {
    if let text = string(field) { return text }
    problem("\(object.type.name) has no \(field)", remedies: ["add \(field) = ... to it"])
    return nil
  }

  /// The name of an image. Aurora's client looks `{{docker.image[NAME][TAG]}}` up; here the variable stays, because no
  /// image is run.
  func image(_ field: String) -> String? {
    guard let written = object.field(field)?.asString else { return string(field) }
    let names = MustacheText(written).variables
    return names.contains { $0.hasPrefix("docker.image[") } && names.count == 1 ? written : string(field)
  }
}
