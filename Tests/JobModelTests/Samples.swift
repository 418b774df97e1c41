import JobModel

extension JobConfiguration {
  /// A job that sets every field to something else than its default.
  static let sample = JobConfiguration(
    key: JobKey(cluster: "aa", role: "cbe", stage: "devel", name: "eightball"), owner: "ann", contact: "#ops",
    isService: true, instances: 2,
    task: TaskConfiguration(
      name: "eightball",
      processes: [
        ProcessConfiguration(
          name: "run", cmdline: "./eightball.pex --port={{thermos.ports[http]}} --admin={{thermos.ports[health]}}",
          maxFailures: 3, daemon: true, minDuration: .milliseconds(1500)),
        ProcessConfiguration(
          name: "tidy", cmdline: "rm -rf tmp", ephemeral: true, final: true,
          logger: LoggerConfiguration(destination: .both, mode: .rotate, logSize: 4096, backups: 2)),
      ],
      constraints: [OrderConstraint(order: ["install", "run"])],
      resources: Resources(cpu: 0.5, ram: 256 << 20, disk: 1 << 30, processes: 64), maxFailures: 2, maxConcurrency: 4,
      finalizationWait: .seconds(10), user: "cbe",
      artifacts: [
        TaskArtifact(
          name: "eightball", version: "3f2c9d1e8a7b3f2c9d1e8a7b3f2c9d1e8a7b3f2c", platform: "bookworm-x86_64",
          digest: String(repeating: "ab", count: 32), size: 12_345, branch: "main", isOnMainBranch: true)
      ],
      environment: ["LANG": "C.UTF-8"],
      volumes: [Volume(hostPath: "/var/lib/igor", containerPath: "/data", mode: .readWrite)],
      secrets: [Secret(name: "db", reference: "igor/db"), Secret(name: "mail", reference: "mail")]),
    healthCheck: HealthCheckConfiguration(
      checker: .http(HTTPHealthChecker(expectedResponse: nil, expectedCode: 204)), maxConsecutiveFailures: 2),
    update: UpdateConfiguration(
      strategy: .variableBatch(batchSizes: [1, 2, 3], autopause: true), watch: .seconds(5), startFirst: true,
      pulseInterval: .seconds(60), slaAware: true),
    announce: Announcer(
      primaryPort: "http", portmap: ["aurora": .alias("http"), "admin": .number(8080)], zkPath: "/x"),
    lifecycle: LifecycleConfiguration(), priority: 7, tier: .preferred, maxTaskFailures: -1,
    metadata: ["team": "core"],
    constraints: [
      PlacementConstraint(attribute: "host", rule: .limit(2)),
      PlacementConstraint(attribute: "rack", rule: .values(["a", "b"], isNegated: true)),
    ],
    slaPolicy: .percentage(62.5, duration: .seconds(60)),
    partitionPolicy: PartitionPolicy(reschedule: false, stop: true),
    container: .docker(image: "python:3", parameters: [.init(name: "env", value: "x")]),
    executor: ExecutorReference(name: "other", data: "{}"), drain: .seconds(5),
    alerts: [AlertRule(.memory, period: .seconds(300), threshold: 0.9, severity: .page)],
    source: JobSource(
      path: "jobs/eightball.yaml", template: "jobs/eightball.aurora", templateDigest: "00ff", digest: "ff00",
      commit: "3f2c9d1e8a7b3f2c9d1e8a7b3f2c9d1e8a7b3f2c", isCommitted: true, bindings: ["profile.x": "1"]))
}
