import Testing

@testable import Observability

@Suite struct MetricRingTests {
  @Test("Samples are summed over labels; buckets, quantiles and damaged lines are omitted") func parse() {
    let scraped = ScrapedMetrics(
      parsing: """
        # HELP http_requests_total Requests.
        # TYPE http_requests_total counter
        http_requests_total{code="200",path="/a}b\\"{"} 3
        http_requests_total{code="500"} 2 1700000000000
        # TYPE d_seconds histogram
        d_seconds_bucket{le="1"} 4
        d_seconds_sum 2.5
        d_seconds_count 5
        # TYPE queue gauge
        queue 7
        s{quantile="0.5"} 1
        broken{a="b" 1
        1x 2
        x nope
        y NaN
        z_total\t9
        """)
    #expect(
      scraped.metrics == [
        .init(name: "http_requests_total", isCounter: true, value: 5),
        .init(name: "d_seconds_sum", isCounter: true, value: 2.5),
        .init(name: "d_seconds_count", isCounter: true, value: 5), .init(name: "queue", isCounter: false, value: 7),
        .init(name: "z_total", isCounter: true, value: 9),
      ])
  }

  @Test("A ring keeps only the last values, and the growth of counters") func ring() {
    var ring = MetricRing(capacity: 4)
    for step in 0..<10 {
      // The counter begins anew at step 8.
      let total = step < 8 ? step * 30 : (step - 8) * 30
      ring.add(
        ScrapedMetrics(parsing: "# TYPE r_total counter\nr_total \(total)\n# TYPE q gauge\nq \(step)"),
        at: Int64(step) * 10_000)
    }
    #expect(ring.points(of: "q").map(\.value) == [6, 7, 8, 9])
    #expect(ring.points(of: "q").map(\.time) == [60_000, 70_000, 80_000, 90_000])
    #expect(ring.points(of: "r_total").map(\.value) == [3, 3, 3])
    #expect(ring.points(of: "r_total").map(\.time) == [60_000, 70_000, 90_000])
    let many = (0..<50).map { "# TYPE m\($0) gauge\nm\($0) 1" }.joined(separator: "\n")
    ring.add(ScrapedMetrics(parsing: "# TYPE python_info gauge\npython_info 1\n" + many), at: 100_000)
    #expect(ring.names.count == MetricRing.metrics && !ring.names.contains("python_info"))
    #expect(ring.points(of: "m0").count == 1)
  }
}
