import JobFiles
import JobModel
import SchedulerClient
import SystemSupport
import TestServers
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
        "bsdtar --zstd -cf site.tzst site && python3 -m zipfile -c site.zip site",
        "printf '\\050\\265\\057\\375\\040\\004\\041\\000\\000zst\\n' > words.zst",
        "printf '#!/bin/sh\\necho tool' > tool.pex && chmod +x tool.pex && cp tool.pex metrics.jar",
        "printf '#!/bin/sh\\necho \"$@\" > proxy-arguments; exec sleep 1000' > authproxy.pex && chmod +x authproxy.pex",
        "echo hit > access.log",
    ]))
    before = [
        install_text("motd", "instance {{mesos.instance}}"),
        config_file("app.ini", text = "[db]\nhost = {{host}}\n", values = {"host": "db1"}, check = "grep -q db1 app.ini"),
        pack,
        install_tar("site.tgz", directory = "static"),
        install_tar("site.tzst", directory = "short", strip = 1),
        install_zip("site.zip", directory = "zip"),
        install_gzip("words.gz", "words.txt"),
        install_zstd("words.zst", "zst.txt"),
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

  @Test("Each library function works under a scheduler as documented")
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
      #expect(try text("short/index") == "page\n" && text("zip/site/index") == "page\n" && text("zst.txt") == "zst\n")
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

  /// Loads a job file of the test, as a client does.
  private func load(_ name: String, _ files: [String: String]) throws -> JobConfiguration {
    let loader = JobLoader(cluster: "devcluster") { path in
      guard let text = files[path] else { throw SystemCallError("open", FilePath(path), .noSuchFileOrDirectory) }
      return Array(text.utf8)
    }
    var job = try loader.load("jobs/\(name).yaml", stage: "devel", artifacts: nil)
    job.task.artifacts = []
    return job
  }

  @Test(
    "A JVM service runs with its heap, serves its port and JMX",
    .enabled(if: Subprocess.find("java") != nil, "java is missing: apt-get install default-jre-headless"))
  func jvm() throws {
    let fixture = try SchedulerFixture()
    // A jar of a manifest alone: its program is the registry of the JVM itself, a server on a port.
    let template = """
      include("kilt/jvm.aurora")
      include("kilt/installers.aurora")
      jar = Process(name = "jar", cmdline = "mkdir META-INF && " +
          "echo 'Main-Class: sun.rmi.registry.RegistryImpl' > META-INF/MANIFEST.MF && " +
          "python3 -m zipfile -c app.jar META-INF")
      jobs = [jvm_service(
          "lib/app.jar", arguments = ["{{thermos.ports[http]}}"], before = [jar, install_jar("app.jar")],
          options = ["-XX:+UseSerialGC", "-Xshare:auto"],
          health = tcp_health(grace = 60, interval = 0.3), update = UpdateConfig(watch_secs = 0),
      )]
      """
    let job = try load(
      "metrics",
      [
        "jobs/jvm.aurora": template,
        "jobs/metrics.yaml": """
        file: jvm.aurora
        user: \(SchedulerFixture.user)
        buildname: none
        config: {cpu: 1, ram: 256MB, disk: 64MB}
        stages: {devel: {githash: 3f2c9d1e8a7b}}
        """,
      ])
    let client = try fixture.client()
    try client.create(job)
    let instances = try fixture.waitForInstances(job.key, "the service is healthy") {
      $0.first?.status == .running && $0.first?.isHealthy == true
    }
    let ports = instances[0].ports
    for port in [try #require(ports["http"]), try #require(ports["jmx"])] {
      let answer = try Subprocess("bash", ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(port)"]).run()
      #expect(answer.termination.isSuccess, "port \(port): \(answer.errorText)")
    }
    let found = try Subprocess("pgrep", ["-a", "-f", "java .*-jar lib/app.jar \(ports["http"] ?? 0)$"]).run().text
    // Three quarters of the memory limit are heap; the rest is the JVM's own.
    #expect(found.contains(" -Xmx192m ") && found.contains("jmxremote.host=127.0.0.1"), "\(found)")
  }

  @Test("A job can write to a rw volume, and only read a ro volume")
  func volumes() throws {
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "volumes")
    defer { do { try FileSystem.removeTree(scratch) } catch { Issue.record("\(error)") } }
    try FileSystem.setPermissions(0o755, of: scratch)
    for name in ["data", "words"] {
      try FileSystem.createDirectories(scratch.appending(name))
      try FileSystem.setPermissions(0o777, of: scratch.appending(name))
    }
    try FileSystem.write(text: "a word\n", to: scratch.appending("words/list"))
    let config = scratch.appending("scheduler.toml")
    try FileSystem.write(
      text: ["data", "words"].map {
        "[policy.volumes.\"\(scratch.appending($0))\"]\nroles = [\"\(SchedulerFixture.user)\"]\nmode = \"rw\"\n"
      }.joined(), to: config)
    let fixture = try SchedulerFixture(["--config", config.string])
    let template = """
      jobs = [Service(task = SimpleTask("keeper", "cat /words/list >> /data/copy; " +
          "touch /words/new 2>/data/refused; echo done >> /data/copy; exec sleep 600"))]
      """
    let job = try load(
      "keeper",
      [
        "jobs/keeper.aurora": template,
        "jobs/keeper.yaml": """
        file: keeper.aurora
        user: \(SchedulerFixture.user)
        buildname: none
        config: {cpu: 0.1, ram: 64MB, disk: 64MB}
        volumes: [{host: \(scratch)/data, at: /data, mode: rw}, {host: \(scratch)/words, at: /words}]
        stages: {devel: {githash: 3f2c9d1e8a7b}}
        """,
      ])
    let client = try fixture.client()
    try client.create(job)
    let copy = scratch.appending("data/copy")
    try waitUntil("the job has written to its volume") {
      FileSystem.exists(copy) ? try FileSystem.readText(copy).hasSuffix("done\n") : false
    }
    #expect(try FileSystem.readText(copy) == "a word\ndone\n")
    #expect(try FileSystem.readText(scratch.appending("data/refused")).contains("Read-only file system"))
    #expect(try FileSystem.list(scratch.appending("words")).map(\.name) == ["list"])
    // Another task finds what the first one left.
    try client.restart(job.key, atOnce: true)
    try waitUntil("the next task has written too") {
      try FileSystem.readText(copy) == "a word\ndone\na word\ndone\n"
    }
  }
}
