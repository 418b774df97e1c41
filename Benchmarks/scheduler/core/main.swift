// scheduler-core-benchmark [TASKS]: events a second of the state machine alone, and of one with many tasks in its state.
// `run` beside it builds and calls it.

import JobModel
import SchedulerCore
import SystemSupport

let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 10_000
let perJob = 100

func job(_ number: Int, instances: Int) -> JobConfiguration {
  JobConfiguration(
    key: JobKey(cluster: "c", role: "r", stage: "devel", name: "job\(number)"), isService: true, instances: instances,
    task: TaskConfiguration(
      name: "t", processes: [ProcessConfiguration(name: "run", cmdline: "serve")],
      resources: Resources(cpu: 0.001, ram: 1 << 20, disk: 1 << 20)))
}

/// Events a second of health and status reports: what a scheduler gets most.
func measure(tasks: Int, rounds: Int) throws -> Double {
  var scheduler = Scheduler()
  var time = Timestamp(milliseconds: 1_700_000_000_000)
  let offer = HostOffer(
    hostname: "h", resources: Resources(milliCPU: 1 << 40, ram: 1 << 50, disk: 1 << 50), ports: 1...60000)
  _ = try scheduler.apply(.hostOffer(offer), at: time)
  for number in 0..<(tasks + perJob - 1) / perJob {
    _ = try scheduler.apply(.createJob(job(number, instances: min(perJob, tasks))), at: time)
  }
  let ids = scheduler.state.activeTasks.map(\.id)
  var events = 0
  let start = monotonicNanoseconds()
  for round in 0..<rounds {
    for id in ids {
      time = time + .milliseconds(1)
      if round == 0 {
        _ = try scheduler.apply(.executorStarted(id, pid: 7), at: time)
        _ = try scheduler.apply(.taskStatus(id, .starting), at: time)
        _ = try scheduler.apply(.taskStatus(id, .running), at: time)
        events += 3
      } else {
        _ = try scheduler.apply(
          .taskHealth(id, HealthReport(healthy: true, message: "round \(round)")), at: time)
        events += 1
      }
    }
  }
  return Double(events) / (Double(monotonicNanoseconds() - start) / 1e9)
}

let few = try measure(tasks: 100, rounds: 2000)
let many = try measure(tasks: count, rounds: 20)
writeText("100 tasks: \(Int(few)) events a second\n", to: 1)
writeText("\(count) tasks: \(Int(many)) events a second, \(Int(many / few * 100))% of the former\n", to: 1)
