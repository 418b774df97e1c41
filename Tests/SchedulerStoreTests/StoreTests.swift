import Diagnostics
import Foundation
import GRDB
import JobModel
import SchedulerCore
import SchedulerStore
import Testing

let key = JobKey(cluster: "aa", role: "cbe", stage: "devel", name: "eightball")
let start = Timestamp(milliseconds: 1_700_000_000_000)
let offer = HostOffer(
  hostname: "h1", resources: Resources(cpu: 64, ram: 64 << 30, disk: 80 << 30), ports: 31000...31999)

func configuration(_ name: String = "eightball", version: Int = 1) -> JobConfiguration {
  JobConfiguration(
    key: JobKey(cluster: "aa", role: "cbe", stage: "devel", name: name), isService: true, instances: 2,
    task: TaskConfiguration(
      name: "t", processes: [ProcessConfiguration(name: "run", cmdline: "v\(version) {{thermos.ports[http]}}")],
      resources: Resources(cpu: 0.1, ram: 1 << 20, disk: 1 << 20)))
}

/// A directory that goes when the test ends.
func withDirectory(_ body: (String) throws -> Void) throws {
  let directory = FileManager.default.temporaryDirectory.appending(path: "kilt-store-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: directory) } }
  try body(directory.appending(path: "scheduler.sqlite").path)
}

@Suite struct StoreTests {
  @Test func theStateIsReadBackAsItWas() throws {
    try withDirectory { path in
      let store = try SchedulerStore(path: path)
      try store.apply(.hostOffer(offer), at: start)
      try store.apply(.setQuota(QuotaKey(role: "cbe"), Resources(cpu: 3, ram: 1 << 30, disk: 2 << 30)), at: start)
      try store.apply(.setQuota(QuotaKey(role: "gone", stage: "prod"), Resources(cpu: 3, ram: 1, disk: 2)), at: start)
      try store.apply(.setQuota(QuotaKey(role: "gone", stage: "prod"), nil), at: start)
      try store.apply(.createJob(configuration(), user: "ann"), at: start)
      try store.apply(.createJob(configuration("other")), at: start)
      for task in store.state.activeTasks {
        try store.apply(.executorStarted(task.id, pid: 7), at: start + .seconds(1))
        try store.apply(.taskStatus(task.id, .running), at: start + .seconds(1))
        try store.apply(.taskHealth(task.id, HealthReport(healthy: true)), at: start + .seconds(1))
      }
      try store.apply(.startUpdate(configuration(version: 2), user: "bob"), at: start + .seconds(2))
      try store.apply(.killJob(configuration("other").key), at: start + .seconds(3))
      for task in store.state.activeTasks where task.status == .killing {
        try store.apply(.taskStatus(task.id, .killed), at: start + .seconds(4))
      }
      var state = store.state
      let events = try store.events(of: key)
      try store.close()

      let again = try SchedulerStore(path: path)
      // When history was last pruned is not kept.
      state.prunedAt = again.state.prunedAt
      #expect(again.state == state)
      #expect(try again.events(of: key) == events)
      #expect(events.first?.user == "ann")
      #expect(try again.events(limit: 1).count == 1)
      try again.close()
    }
  }

  @Test func aRefusedRequestLeavesNoTrace() throws {
    try withDirectory { path in
      let store = try SchedulerStore(path: path)
      try store.apply(.createJob(configuration()), at: start)
      let state = store.state
      #expect(throws: SchedulerError.jobExists(key)) { try store.apply(.createJob(configuration()), at: start) }
      #expect(store.state == state)
      try store.close()
    }
  }

  @Test func anEffectIsAskedForAgainAfterARestart() throws {
    try withDirectory { path in
      let store = try SchedulerStore(path: path)
      try store.apply(.hostOffer(offer), at: start)
      let launches = try store.apply(.createJob(configuration()), at: start).filter {
        if case .launch = $0 { true } else { false }
      }
      #expect(launches.count == 2)
      try store.close()
      let again = try SchedulerStore(path: path)
      let effects = try again.apply(.executorsFound(live: [:], dead: []), at: start + .seconds(1))
      #expect(launches.allSatisfy { effects.contains($0) })
      try again.close()
    }
  }

  @Test func twoSchedulersCannotShareADatabase() throws {
    try withDirectory { path in
      let store = try SchedulerStore(path: path)
      #expect(throws: StoreError.inUse(path: path)) { try SchedulerStore(path: path) }
      try store.close()
      try SchedulerStore(path: path).close()
    }
  }

  @Test func whatIsNoDatabaseIsSaidToBeDamaged() throws {
    try withDirectory { path in
      try Data(String(repeating: "not a database\n", count: 1000).utf8).write(to: URL(filePath: path))
      let error = #expect(throws: StoreError.self) { try SchedulerStore(path: path) }
      #expect(error?.diagnostic.summary == "the scheduler's database \"\(path)\" is damaged")
    }
  }

  @Test func damageInsideADatabaseIsFoundWhenItIsOpened() throws {
    try withDirectory { path in
      let store = try SchedulerStore(path: path)
      for number in 0..<20 { try store.apply(.createJob(configuration("job-\(number)")), at: start) }
      try store.close()
      var bytes = try Data(contentsOf: URL(filePath: path))
      let middle = bytes.count / 2
      bytes.replaceSubrange(middle..<middle + 8192, with: Data(repeating: 0xa5, count: 8192))
      try bytes.write(to: URL(filePath: path))
      let error = #expect(throws: StoreError.self) { try SchedulerStore(path: path) }
      guard case .damaged = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test func aDatabaseOfANewerSchedulerIsNotTouched() throws {
    try withDirectory { path in
      try SchedulerStore(path: path).close()
      let database = try DatabaseQueue(path: path)
      try database.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999: from the future')") }
      try database.close()
      #expect(throws: StoreError.newer(path: path)) { try SchedulerStore(path: path) }
    }
  }
}
