import HTTPClient
import JobModel
import SchedulerClient
import TestServers
import Testing

@Suite(.serialized) struct OwnMetricsTests {
  @Test("The page of an instance draws the values of its port metrics") func page() throws {
    let settings = try ConfigurationFile("[metrics]\nown_interval_secs = 1")
    let fixture = try SchedulerFixture(["--config", settings.path])
    var job = fixture.job(instances: 1)
    job.healthCheck = nil
    job.task.processes[0].cmdline = """
      exec python3 -c "
      import http.server, itertools
      numbers = itertools.count(1)
      class Handler(http.server.BaseHTTPRequestHandler):
          def do_GET(self):
              text = '# TYPE fiddles_total counter\\nfiddles_total{a=\\\\"b\\\\"} %d\\n# TYPE queue gauge\\nqueue 7\\n' % next(numbers)
              self.send_response(200); self.end_headers(); self.wfile.write(text.encode())
      http.server.HTTPServer(('127.0.0.1', {{thermos.ports[metrics]}}), Handler).serve_forever()
      "
      """
    try fixture.client().create(job)
    var page = ""
    try waitUntil("the page draws both metrics") {
      page = try fixture.request(.get, "/jobs/\(job.key)/0").text
      return page.contains("aria-label=\"fiddles_total over") && page.contains("aria-label=\"queue over")
    }
    #expect(page.contains("own metrics") && page.contains("7 now, "))
  }
}
