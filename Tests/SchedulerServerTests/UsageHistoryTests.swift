import JobModel
import Testing

@testable import SchedulerServer

/// What pages of roles and of the cluster draw.
@Suite struct UsageHistoryTests {
  private func usage(_ task: String, _ role: String, cpu: Int64?, memory: Int = 100) -> UsageHistory.Usage {
    UsageHistory.Usage(
      task: TaskID(task), role: role, limits: Resources(cpu: 2, ram: 1000, disk: 0),
      sample: cpu.map { ResourceSample(cpuTime: .milliseconds($0), memory: memory, disk: 0, processes: 1) })
  }

  private func time(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

  @Test("The use of a role is the sum of its tasks, each from when it was first seen") func sums() {
    var history = UsageHistory()
    history.add([usage("a", "www", cpu: 5_000_000), usage("b", "batch", cpu: nil)], at: time(0))
    history.add(
      [usage("a", "www", cpu: 5_045_000), usage("c", "www", cpu: 90_000), usage("b", "batch", cpu: 1000)], at: time(30))
    // A clock that was set back adds nothing.
    history.add([], at: time(20))
    let www = history.points(of: "www")
    #expect(www.map(\.cores) == [0, 1.5] && www.map(\.memory) == [100, 200] && www.map(\.tasks) == [1, 2])
    #expect(www.last?.limits.cpu == 4 && www.last?.limits.ram == 2000)
    #expect(history.points(of: "batch").map(\.memory) == [0, 100])
    #expect(history.points(of: nil).map(\.tasks) == [2, 3] && history.points(of: nil).last?.cores == 1.5)
    #expect(history.points(of: "nobody").isEmpty)
  }

  @Test("A ring keeps two hours, and a role without tasks for as long is forgotten") func ring() {
    var history = UsageHistory()
    history.add([usage("a", "www", cpu: 0)], at: time(0))
    for number in 1...Int64(UsageHistory.capacity) {
      #expect(!history.points(of: "www").isEmpty)
      history.add([usage("b", "batch", cpu: 0)], at: time(30 * number))
    }
    #expect(history.points(of: "www").isEmpty && history.points(of: "batch").count == UsageHistory.capacity)
    #expect(history.points(of: nil).count == UsageHistory.capacity && history.points(of: nil).first?.time == 30_000)
  }

  @Test("The pages of the cluster and of a role draw CPU, memory and tasks against the limits") func pages() {
    var history = UsageHistory()
    for number in 0..<Int64(3) { history.add([usage("a", "www", cpu: number * 15_000)], at: time(30 * number)) }
    let job = JobSummary(
      key: JobKey(cluster: "c", role: "www", stage: "prod", name: "web"), isService: true, instances: 1,
      counts: [.running: 1])
    let pages = [
      ClusterPages.cluster(
        "c", jobs: [job], host: nil, history: history.points(of: nil), filter: JobFilter(), now: time(90)),
      ClusterPages.role(
        "www", cluster: "c", jobs: [job], history: history.points(of: "www"), filter: JobFilter(), quota: ""),
    ]
    for page in pages.map(\.text) {
      for title in ["CPU of the tasks", "Memory of the tasks", "Tasks"] {
        #expect(page.contains("aria-label=\"\(title) over 1 min\""), "\(title)")
      }
      #expect(page.contains("0.5 cores now, limit 2.0 cores"), "\(page)")
    }
    let empty = ClusterPages.role("www", cluster: "c", jobs: [job], filter: JobFilter(), quota: "")
    #expect(!empty.text.contains("<svg viewBox=\"0 0 340"))
  }
}
