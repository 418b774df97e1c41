internal import Executor
internal import Glibc
internal import JobModel
internal import Observability
internal import SchedulerCore
internal import SystemSupport

/// The metrics of the host, of quotas, and of the scheduler itself.
enum SchedulerMetrics {
  static func host(_ state: SchedulerState, _ options: SchedulerOptions) -> [MetricFamily] {
    let labels = MetricLabels([("cluster", options.cluster)])
    let used = state.usedResources
    func family(_ name: String, _ help: String, _ value: Double?) -> MetricFamily {
      var family = MetricFamily(name, .gauge, help)
      family.add(value, labels)
      return family
    }
    var disk = statvfs()
    let hasDisk = options.stateDirectory.withPlatformString({ statvfs($0, &disk) }) == 0
    let free = hasDisk ? Double(disk.f_bavail) * Double(disk.f_frsize) : nil
    let total = state.pool?.resources
    return [
      family(MetricName.hostCPU, "Processor cores of the host for tasks.", total?.cpu),
      family(MetricName.hostMemory, "Memory of the host for tasks.", total.map { Double($0.ram) }),
      family(MetricName.hostDisk, "Disk space of the host for tasks.", total.map { Double($0.disk) }),
      family(MetricName.hostCPUAllotted, "Processor cores that tasks were given.", used.cpu),
      family(MetricName.hostMemoryAllotted, "Memory that tasks were given.", Double(used.ram)),
      family(MetricName.hostDiskAllotted, "Disk space that tasks were given.", Double(used.disk)),
      family("kilt_host_disk_free_bytes", "Free space on the disk of the state directory.", free),
      family("kilt_host_draining", "Whether the host is being emptied.", state.drain == nil ? 0 : 1),
    ]
  }

  static func quotas(_ state: SchedulerState, cluster: String) -> [MetricFamily] {
    var limits = MetricFamily(
      MetricName.quotaLimit, .gauge, "Cores or bytes that the jobs of a role, or of one stage of it, can ask for.")
    var uses = MetricFamily(
      MetricName.quotaUsed, .gauge, "Cores or bytes that the jobs of a role, or of one stage of it, ask for.")
    let keys = Set(state.jobs.keys.map { QuotaKey(role: $0.role) }).union(state.quotas.keys)
    for key in keys.sorted() {
      // A quota of the whole role has an empty stage, which is a label of no value.
      let labels = MetricLabels([("cluster", cluster), ("role", key.role)]).adding("stage", key.stage)
      func add(_ resources: Resources, to family: inout MetricFamily) {
        family.add(resources.cpu, labels.adding("resource", "cpu"))
        family.add(Double(resources.ram), labels.adding("resource", "memory"))
        family.add(Double(resources.disk), labels.adding("resource", "disk"))
      }
      if let limit = state.quotas[key] { add(limit, to: &limits) }
      add(state.quotaUse(key), to: &uses)
    }
    return [limits, uses]
  }

  static func store(_ counters: ActivityCounters, queue: Int, waiting: Int, _ options: SchedulerOptions)
    -> [MetricFamily]
  {
    var events = MetricFamily(MetricName.events, .counter, "Events that were recorded since the scheduler started.")
    for kind in ["job", "task", "update", "update_instance"] {
      events.add(Double(counters.events[kind] ?? 0), MetricLabels([("kind", kind)]))
    }
    var store = MetricFamily(MetricName.storeSeconds, .histogram, "Time that transactions of the store took.")
    store.add(counters.store)
    let points = counters.points.map { points -> [MetricFamily] in
      [
        .single("kilt_opentsdb_sent_total", .counter, "Points that OpenTSDB took.", Double(points.sent)),
        .single("kilt_opentsdb_dropped_total", .counter, "Points that it did not take.", Double(points.dropped)),
      ]
    }
    return (points ?? []) + [
      .single(MetricName.queue, .gauge, "Reports that wait to be stored.", Double(queue)),
      .single(MetricName.waiting, .gauge, "Tasks that wait for a place on the host.", Double(waiting)), events, store,
      .single(
        MetricName.storeFailures, .counter, "Transactions that the disk refused.", Double(counters.storeFailures)),
      .single(
        "kilt_scheduler_database_bytes", .gauge, "Size of the database with its log.", databaseBytes(options)),
    ]
  }

  private static func databaseBytes(_ options: SchedulerOptions) -> Double {
    ["scheduler.sqlite", "scheduler.sqlite-wal"].reduce(0) { sum, name in
      var status = stat()
      return options.stateDirectory.appending(name).withPlatformString({ stat($0, &status) }) == 0
        ? sum + Double(status.st_size) : sum
    }
  }

  static func webhooks(_ counters: ActivityCounters, _ hooks: [WebhookSettings]) -> [MetricFamily] {
    var delivered = MetricFamily("kilt_webhook_delivered_total", .counter, "Notices that a webhook took.")
    var failures = MetricFamily("kilt_webhook_failures_total", .counter, "Tries to deliver a notice that failed.")
    var dropped = MetricFamily("kilt_webhook_dropped_total", .counter, "Notices that were given up.")
    var queue = MetricFamily("kilt_webhook_queue", .gauge, "Notices that wait for a webhook.")
    for hook in hooks {
      let labels = MetricLabels([("webhook", hook.name)])
      let counts = counters.webhooks[hook.name] ?? ActivityCounters.Deliveries()
      delivered.add(Double(counts.delivered), labels)
      failures.add(Double(counts.failures), labels)
      dropped.add(Double(counts.dropped), labels)
      queue.add(Double(counters.webhookQueues[hook.name] ?? 0), labels)
    }
    return [delivered, failures, dropped, queue]
  }

  static func archive(_ archiving: HostScheduler.Archiving) -> [MetricFamily] {
    let counts = archiving.counts
    return [
      .single("kilt_log_archive_objects_total", .counter, "Objects of archived logs.", Double(counts.objects)),
      .single("kilt_log_archive_lines_total", .counter, "Archived lines.", Double(counts.lines)),
      .single("kilt_log_archive_failures_total", .counter, "Tries to archive that failed.", Double(archiving.failures)),
      .single(
        "kilt_log_archive_dropped_bytes_total", .counter, "Bytes of logs that were removed before they were archived.",
        Double(counts.dropped + archiving.droppedBytes)),
      .single(
        "kilt_log_archive_held_tasks", .gauge, "Directories of forgotten tasks that wait to be archived.",
        Double(archiving.held.count)),
    ]
  }

  static func process(startedAt: Timestamp) -> [MetricFamily] {
    var build = MetricFamily("kilt_scheduler_build_info", .gauge, "The version of the scheduler.")
    build.add(1, MetricLabels([("version", kiltVersion)]))
    var clock = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &clock)
    let cpu = Double(clock.tv_sec) + Double(clock.tv_nsec) / 1e9
    return [
      build,
      .single("process_cpu_seconds_total", .counter, "Processor time of the scheduler.", cpu),
      .single("process_resident_memory_bytes", .gauge, "Memory of the scheduler.", residentBytes),
      .single(
        "process_start_time_seconds", .gauge, "When the scheduler was started.", JobMetrics.seconds(startedAt)),
    ]
  }

  /// The second field of `/proc/self/statm` (proc_pid_statm(5)); 0 when it cannot be read.
  private static var residentBytes: Double {
    let text: String
    do { text = try FileSystem.readText(FilePath("/proc/self/statm")) } catch { return 0 }
    let fields = text.split(separator: " ")
    return fields.count > 1 ? (Double(fields[1]) ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))) : 0
  }
}
