/// The names of the metrics that dashboards and alerting rules ask for: in one place, so that a query cannot name one
/// that no scheduler has.
public enum MetricName {
  // Of an instance.
  public static let cpuSeconds = "kilt_task_cpu_seconds_total"
  public static let cpuLimit = "kilt_task_cpu_limit_cores"
  public static let throttledSeconds = "kilt_task_cpu_throttled_seconds_total"
  public static let memory = "kilt_task_memory_bytes"
  public static let memoryLimit = "kilt_task_memory_limit_bytes"
  public static let memoryHighWater = "kilt_task_memory_high_water_bytes"
  public static let disk = "kilt_task_disk_bytes"
  public static let diskLimit = "kilt_task_disk_limit_bytes"
  public static let processes = "kilt_task_processes"
  public static let processLimit = "kilt_task_processes_limit"
  public static let outOfMemoryKills = "kilt_task_oom_kills_total"
  public static let restarts = "kilt_task_restarts_total"
  public static let healthy = "kilt_task_healthy"
  public static let healthFailures = "kilt_task_health_failures"
  public static let running = "kilt_task_running"
  public static let flapping = "kilt_task_flapping"
  public static let startTime = "kilt_task_start_time_seconds"
  public static let stateChanges = "kilt_task_state_changes_total"

  // Of a job.
  public static let wanted = "kilt_job_instances_wanted"
  public static let instancesRunning = "kilt_job_instances_running"
  public static let jobFailures = "kilt_job_failures_total"
  public static let timeToAssigned = "kilt_job_time_to_assigned_seconds"
  public static let timeToRunning = "kilt_job_time_to_running_seconds"
  public static let releaseTime = "kilt_job_release_timestamp_seconds"

  // Of an update.
  public static let updateActive = "kilt_update_in_progress"
  public static let updateInstances = "kilt_update_instances"
  public static let updateFailures = "kilt_update_failures"
  public static let updateChangeTime = "kilt_update_last_change_timestamp_seconds"
  public static let updates = "kilt_updates_total"

  // Of a role.
  public static let quotaLimit = "kilt_quota_limit"
  public static let quotaUsed = "kilt_quota_used"

  // Of the host.
  public static let hostCPU = "kilt_host_cpu_cores"
  public static let hostMemory = "kilt_host_memory_bytes"
  public static let hostDisk = "kilt_host_disk_bytes"
  public static let hostCPUAllotted = "kilt_host_cpu_allotted_cores"
  public static let hostMemoryAllotted = "kilt_host_memory_allotted_bytes"
  public static let hostDiskAllotted = "kilt_host_disk_allotted_bytes"

  // Of the scheduler.
  public static let jobs = "kilt_jobs"
  public static let tasks = "kilt_tasks"
  public static let queue = "kilt_scheduler_event_queue"
  public static let waiting = "kilt_scheduler_waiting_tasks"
  public static let events = "kilt_scheduler_events_total"
  public static let storeSeconds = "kilt_scheduler_store_seconds"
  public static let storeFailures = "kilt_scheduler_store_failures_total"
}
