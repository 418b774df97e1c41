import JobFiles
import JobModel
import SchedulerClient
import SystemSupport
import Testing

/// The template library under a real scheduler: installers, configuration files, checks, log shipping, a proxy in front.
@Suite(.serialized) struct LibraryRunTests {
  /// The health checks of the library, each in a job of its own.
  private static let checks: [(name: String, call: String)] = [
    ("http", "http_health(grace = 10, interval = 0.3)"), ("tcp", "tcp_health(grace = 10, interval = 0.3)"),
    ("shell", "shell_health('test -r app.ini', interval = 0.3)"),
    ("silence", "log_silence_health(seconds = 600, process = 'server', interval = 0.3)"),
    ("service", "service_health('http://127.0.0.1:{{thermos.ports[http]}}', grace = 10, interval = 0.3)"),
    ("fresh", "fresh_file_health('motd', seconds = 600, interval = 0.3)"),
  ]

  private static func template(_ health: String) -> String {
    #"""
    include("kilt/health.aurora")
    include("kilt/installers.aurora")

    pack = Process(name = "pack", cmdline = "\n".join([
        "mkdir -p site && echo page > site/index && tar -czf site.tgz site && gzip -c motd > words.gz",
        "printf '#!/bin/sh\\necho tool' > tool.pex && chmod +x tool.pex && cp tool.pex metrics.jar",
        "printf '#!/bin/sh\\necho \"$@\" > proxy-arguments; exec sleep 1000' > authproxy.pex && chmod +x authproxy.pex",
        "echo hit > access.log",
    ]))
    before = [
        install_text("motd", "instance {{mesos.instance}}"),
        config_file("app.ini", text = "[db]\nhost = {{host}}\n", values = {"host": "db1"}, check = "grep -q db1 app.ini"),
        pack,
        install_tar("site.tgz", directory = "static"),
        install_gzip("words.gz", "words.txt"),
        install_pex("tool.pex", program = "tool"),
        install_jar("metrics.jar"),
    ]
    beside = [
        Process(name = "server", cmdline = "{{thermos.ports[http]}} {{thermos.ports[public]}}"),
        health_process("bin/tool", name = "tool_check", grace = 0, interval = 1),
        log_shipper("access.log", "cat > shipped.log"),
        auth_proxy("authproxy.pex", private = "http"),
    ]
    jobs = [Service(
        task = Task(
            processes = before + beside,
            constraints = order(*before) + [rule for process in beside for rule in order(before[-1], process)],
        ),
        health_check_config = HEALTH,
    )]
    """#.replacing("HEALTH", with: health)
  }

  @Test("Each part of the library does under a scheduler what it says")
  func parts() throws {
    let fixture = try SchedulerFixture()
    let client = try fixture.client()
    let server = fixture.job().task.processes[0].cmdline
    for (name, call) in Self.checks {
      let files = [
        "jobs/\(name).yaml": """
        file: all.aurora
        user: \(SchedulerFixture.user)
        buildname: none
        config: {cpu: 0.1, ram: 64MB, disk: 64MB}
        stages: {devel: {githash: 3f2c9d1e8a7b}}
        """, "jobs/all.aurora": Self.template(call),
      ]
      let loader = JobLoader(cluster: "devcluster") { path in
        guard let text = files[path] else { throw SystemCallError("open", FilePath(path), .noSuchFileOrDirectory) }
        return Array(text.utf8)
      }
      var job = try loader.load("jobs/\(name).yaml", stage: "devel", artifacts: nil)
      job.task.artifacts = []
      let index = try #require(job.task.processes.firstIndex { $0.name == "server" })
      job.task.processes[index].cmdline = server + " {{thermos.ports[public]}}"
      try client.create(job)
    }
    for (name, _) in Self.checks {
      let instances = try fixture.waitUntilRunning(SchedulerFixture.key(name), 1)
      let task = try #require(fixture.tasks().first { $0.string.contains("\(instances[0].taskID)") })
      let sandbox = task.appending("sandbox")
      func text(_ path: String) throws -> String { try FileSystem.readText(sandbox.appending(path)) }
      #expect(try text("motd") == "instance 0\n" && text("words.txt") == "instance 0\n")
      #expect(try text("app.ini") == "[db]\nhost = db1\n" && text("static/site/index") == "page\n")
      #expect(FileSystem.exists(sandbox.appending("lib/metrics.jar")))
      try waitUntil("the log is shipped and the proxy runs") {
        FileSystem.exists(sandbox.appending("proxy-arguments")) && FileSystem.exists(sandbox.appending("shipped.log"))
          ? try text("shipped.log") == "hit\n" && !text("proxy-arguments").isEmpty : false
      }
      let ports = instances[0].ports
      let (open, hidden) = (try #require(ports["public"]), try #require(ports["http"]))
      #expect(try text("proxy-arguments") == "--listen-port=\(open) --upstream=http://127.0.0.1:\(hidden)\n")
      try waitUntil("\(name) is healthy") {
        try client.job(SchedulerFixture.key(name))?.instances.first?.isHealthy != false
      }
    }
  }
}
