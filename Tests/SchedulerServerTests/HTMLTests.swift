import Executor
import JobModel
internal import SystemSupport
import Testing

@testable import SchedulerServer

@Suite struct HTMLTests {
  private static let hostile = "<script>alert('x')</script>\" onload=\"& \u{1}"
  private static let escaped =
    "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot; onload=&quot;&amp; \u{FFFD}"

  @Test func interpolatedTextIsEscapedAndHTMLIsNot() {
    let inner: HTML = "<b>\(Self.hostile)</b>"
    #expect(inner.text == "<b>\(Self.escaped)</b>")
    #expect(("<p title=\"\(Self.hostile)\">\(inner) \(7)</p>" as HTML).text.hasSuffix("\(inner.text) 7</p>"))
    #expect(("\(Self.hostile[...])" as HTML).text == Self.escaped)
  }

  /// A job as no client would send it: the pages rely on nothing that was checked elsewhere.
  private static let job: JobDetail = {
    let key = JobKey(cluster: hostile, role: hostile, stage: hostile, name: hostile)
    let artifact = TaskArtifact(name: hostile, hashType: .static, version: hostile)
    let status = InstanceStatus(
      instance: 0, taskID: TaskID(hostile), status: .failed, since: Timestamp(milliseconds: 0),
      ports: [hostile: 1], message: hostile, artifacts: [artifact])
    let configuration = JobConfiguration(
      key: key, owner: hostile,
      task: TaskConfiguration(
        name: hostile, processes: [ProcessConfiguration(name: hostile, cmdline: hostile)], resources: .zero,
        artifacts: [artifact]))
    let summary = JobSummary(
      key: key, isService: true, instances: 1, counts: [.failed: 1], artifacts: [artifact], owner: hostile)
    let event = TaskEvent(time: Timestamp(milliseconds: 0), status: .failed, message: hostile)
    return JobDetail(
      configuration: configuration, summary: summary, instances: [status],
      events: [JobEvent(instance: 0, taskID: TaskID(hostile), event: event)], earlier: [status])
  }()

  @Test func nothingOfAJobBecomesMarkup() {
    let now = Timestamp(milliseconds: 5000)
    let run = ProcessRun(name: Self.hostile, run: 0, status: .running)
    let entry = SandboxFiles.Entry(name: Self.hostile, isDirectory: false, size: 1)
    let hostile = Self.hostile
    let failure = TaskEnding(
      instance: 0, taskID: TaskID(hostile), release: 1, status: .failed, time: now, message: hostile,
      health: HealthReport(healthy: false, message: hostile),
      processes: [TaskEnding.Process(name: hostile, run: 0, status: .failed, output: [hostile])])
    let update = UpdateDetail(
      summary: UpdateSummary(
        id: UpdateID(hostile), key: Self.job.key, status: .rolledBack, startedAt: now, user: hostile, message: hostile),
      release: 2, formerRelease: 1, isRestart: false, since: now, now: now, configuration: UpdateConfiguration(),
      steps: [
        UpdateDetail.Step(
          instance: 0, phase: .working, task: Self.job.instances[0],
          health: HealthReport(healthy: false, message: hostile))
      ], failures: [failure])
    let releases = [
      Release(number: 2, submittedAt: now, user: hostile, reason: hostile, instances: 1),
      Release(number: 1, submittedAt: now, user: hostile, instances: 1),
    ]
    let cron = CronStatus(key: Self.job.key, cron: CronConfiguration(schedule: hostile, timeZone: hostile), next: [now])
    let view = InstancePages.TaskView(task: TaskID(hostile), processes: [run])
    let filter = JobFilter(text: hostile)
    let pages = [
      ClusterPages.cluster(hostile, jobs: [Self.job.summary], host: nil, filter: JobFilter(), now: now),
      ClusterPages.cluster(hostile, jobs: [Self.job.summary], host: nil, filter: filter, now: now),
      ClusterPages.role(hostile, cluster: hostile, jobs: [], filter: filter, quota: ""),
      JobPages.job(Self.job, update: update, failures: [failure], next: [now], now: now),
      UpdatePages.update(update, actions: "", now: now),
      UpdatePages.list([update.summary], activeOnly: false, cluster: hostile, now: now),
      ReleasePages.releases(of: Self.job.key, releases, configuration: { _ in Self.job.configuration }, now: now),
      ClusterWidePages.cron([cron], cluster: hostile, now: now),
      ClusterWidePages.quotas([QuotaStatus(name: hostile, limit: nil, used: .zero)], cluster: hostile),
      InstancePages.instance(Self.job, instance: 0, view: view, failure: failure, now: now),
      InstancePages.log(
        Self.job.key, instance: 0, task: TaskID(hostile), process: hostile, stream: "stdout", text: hostile),
      InstancePages.files(Self.job.key, instance: 0, task: TaskID(hostile), folder: hostile, entries: [entry]),
    ]
    for page in pages {
      #expect(!page.text.contains("<script"))
      #expect(!page.text.contains("\" onload"))
      #expect(page.text.contains(Self.escaped))
    }
  }

  @Test("A bar's segments are as wide as their share of the total")
  func bars() {
    func widths(_ parts: [Int], _ total: Int) -> [String] {
      Parts.bar(parts.map { ($0, nil) }, total: total).text.split(separator: "width:").dropFirst()
        .map { String($0.prefix { $0 != "%" }) }
    }
    #expect(widths([2], 2) == ["100.0"])
    #expect(widths([1, 1], 4) == ["25.0", "25.0"])
    #expect(widths([5], 3) == ["100.0"] && widths([1], 0) == ["100.0"])
    #expect(widths([Int.max / 2], Int.max) == ["50.0"])
    #expect(widths([0], 5).isEmpty)
  }

  @Test func namesOfFilesAreEncodedInLinks() {
    for name in ["a?b#c%2e.txt", "ä ö", "..%2f", "%", "a\"b"] {
      let encoded = PercentEncoding.encode(name)
      #expect(encoded.utf8.allSatisfy { byte in byte == 0x25 || "?#\" /&<>".utf8.allSatisfy { $0 != byte } })
      #expect(PercentEncoding.decode(encoded) == name)
    }
    #expect(PercentEncoding.decode("%4") == nil)
    #expect(PercentEncoding.decode("%zz") == nil)
    #expect(PercentEncoding.decode("%ff") == nil)
  }
}
