import JSON
import JobModel
import Testing

@testable import Observability

@Suite struct MetricTextTests {
  private static let key = JobKey(cluster: "c", role: "r", stage: "devel", name: "n")

  @Test("Prometheus' text escapes label values and omits families without samples")
  func prometheus() {
    var family = MetricFamily("kilt_x_bytes", .gauge, "X.")
    family.add(1.5, MetricLabels([("a", "q\"b\\c\nd")]))
    family.add(2, MetricLabels(InstanceKey(job: Self.key, instance: 3), release: 7, commit: "0123456789abcdef"))
    let text = String(decoding: PrometheusText.render([family, MetricFamily("empty", .gauge, "E.")]), as: UTF8.self)
    #expect(
      text == """
        # HELP kilt_x_bytes X.
        # TYPE kilt_x_bytes gauge
        kilt_x_bytes{a="q\\"b\\\\c\\nd"} 1.5
        kilt_x_bytes{cluster="c",role="r",stage="devel",job="n",instance="3",release="7",commit="0123456789ab"} 2

        """)
  }

  @Test("A histogram's buckets are cumulative and end with all values")
  func histogram() {
    var histogram = Histogram(bounds: [0.1, 1])
    for value in [0.05, 0.1, 0.5, 9] { histogram.observe(value) }
    var family = MetricFamily("s_seconds", .histogram, "S.")
    family.add(histogram)
    let lines = String(decoding: PrometheusText.render([family]), as: UTF8.self).split(separator: "\n").dropFirst(2)
    #expect(
      Array(lines) == [
        "s_seconds_bucket{le=\"0.1\"} 2", "s_seconds_bucket{le=\"1\"} 3", "s_seconds_bucket{le=\"+Inf\"} 4",
        "s_seconds_sum 9.65", "s_seconds_count 4",
      ])
  }

  @Test("OpenTSDB's points have clean tags, no empty ones, and never more than eight")
  func openTSDB() throws {
    var family = MetricFamily("kilt_x", .gauge, "X.")
    family.add(.nan)
    family.add(3)
    family.add(
      0.25,
      MetricLabels(InstanceKey(job: Self.key, instance: 3), release: 7, commit: nil).adding("le", "+Inf").adding(
        "e", ""))
    let points = OpenTSDBPoints([family], at: Timestamp(milliseconds: 12_345), host: "h 1")
    #expect(
      points.lines == [
        "put kilt_x 12 3 host=h_1\n",
        "put kilt_x 12 0.25 cluster=c instance=3 job=n le=_Inf release=7 role=r stage=devel\n",
      ])
    #expect(points.points.allSatisfy { (1...8).contains($0.tags.count) })
    let bodies = points.bodies(of: 1)
    #expect(bodies.count == 2 && bodies[0].array?[0]["value"]?.int == 3)
  }
}
