public import JSON
internal import JobModel

/// Services as Prometheus' service discovery reads them, over HTTP (`http_sd_configs`) and from a file
/// (`file_sd_configs`): a list of target groups, here one for each instance.
///
/// Labels without the prefix `__meta_` stay on every sample, so a scrape configuration needs no relabeling: they are the
/// labels of the scheduler's own metrics, with `instance` as the number of the instance.
public enum PrometheusTargets {
  /// - Parameter port: the name of the port to scrape; nil for the primary port. Instances without it are left out.
  public static func json(_ services: [Service], port: String?) -> JSONValue {
    .array(
      services.flatMap { service in
        service.instances.compactMap { instance in
          guard let address = instance.address(port: port) else { return nil }
          var labels = JSONObject([
            ("cluster", .string(service.key.cluster)), ("role", .string(service.key.role)),
            ("stage", .string(service.key.stage)), ("job", .string(service.key.name)),
            ("instance", .string("\(instance.shard)")), ("shard", .string("\(instance.shard)")),
            ("__meta_kilt_key", .string(service.key.description)),
            ("__meta_kilt_health", .string(instance.health.rawValue)),
          ])
          if let port { labels["__meta_kilt_port"] = .string(port) }
          if let task = instance.taskID { labels["__meta_kilt_task_id"] = .string(task.rawValue) }
          if let release = instance.release { labels["release"] = .string("\(release)") }
          if let commit = instance.commit { labels["commit"] = .string(commit) }
          return .members(["targets": [.string(address)], "labels": .object(labels)])
        }
      })
  }
}
