import JobModel
import Testing

@testable import SchedulerServer

/// Pages of clusters and jobs with more rows than anybody reads at once.
@Suite struct LongPageTests {
  private static let now = Timestamp(milliseconds: 1_800_000_000_000)

  private func jobs(_ count: Int) -> [JobSummary] {
    (0..<count).map { number in
      JobSummary(
        key: JobKey(cluster: "c", role: "role\(number % 7)", stage: "prod", name: "job\(number)"), isService: true,
        instances: 4, counts: [.running: 4])
    }
  }

  @Test("A cluster of 10,000 tasks shows its jobs in small pages")
  func cluster() {
    let jobs = jobs(2500)
    var seen: Set<Substring> = []
    for page in 0..<13 {
      let html = ClusterPages.cluster("c", jobs: jobs, host: nil, filter: JobFilter(page: page), now: Self.now)
      let names = html.text.matches(of: #/href="\/jobs\/c\/(role\d\/prod\/job\d+)"/#).map(\.1)
      #expect(names.count == (page == 12 ? 100 : 200) && seen.isDisjoint(with: names))
      #expect(html.text.utf8.count < 200_000)
      #expect(html.text.contains("jobs \(page * 200 + 1) to \(min(2500, page * 200 + 200)) of 2500"))
      seen.formUnion(names)
    }
    #expect(seen.count == 2500)
    // The links keep the filter; a part that is not there is the last one.
    let filtered = ClusterPages.cluster(
      "c", jobs: jobs, host: nil, filter: JobFilter(text: "job1", stage: "prod", page: 99), now: Self.now)
    #expect(filtered.text.contains("?q=job1&amp;stage=prod&amp;page=0"), "\(filtered.text)")
    #expect(filtered.text.contains("to 1111 of 1111"))
    let few = ClusterPages.cluster("c", jobs: self.jobs(200), host: nil, filter: JobFilter(page: -3), now: Self.now)
    #expect(!few.text.contains("page="))
  }

  @Test("A role of 10,000 tasks and its jobs show their rows in parts")
  func role() {
    let jobs = jobs(2500).filter { $0.key.role == "role1" }
    let html = ClusterPages.role("role1", cluster: "c", jobs: jobs, filter: JobFilter(page: 1), quota: "")
    #expect(
      html.text.utf8.count < 200_000 && html.text.contains("jobs 201 to \(min(400, jobs.count)) of \(jobs.count)"))
  }
}
