import JobModel
import Testing

@testable import JobFiles

@Suite struct TemplateTests {
  private func load(_ template: String, stage: String = "devel", _ more: [String: String] = [:]) throws
    -> JobConfiguration
  {
    try Fixture(template: template, more).load(stage: stage)
  }

  @Test func everyFieldOfAurorasObjectsArrives() throws {
    let job = try load(
      """
      first = Process(name = "first", cmdline = "true", max_failures = 3, min_duration = 1,
          logger = Logger(destination = "both", mode = "rotate", rotate = RotatePolicy(log_size = 10 * MB, backups = 2)))
      run = Process(name = "run", cmdline = "serve {{thermos.ports[http]}} {{thermos.ports[health]}}", daemon = True)
      last = Process(name = "last", cmdline = "clean", final = True, ephemeral = True)
      task = Task(
          name = "t", processes = [first, run, last], constraints = order(first, run),
          resources = Resources(cpu = 1.5, ram = 2 * GB, disk = "4GB", processes = 99),
          max_failures = 0, max_concurrency = 2, finalization_wait = 60)
      jobs = [Job(
          name = "everything", task = task, instances = 3, service = True, contact = "a@b", priority = 7,
          tier = "revocable", max_task_failures = -1,
          update_config = UpdateConfig(batch_size = 2, watch_secs = 30, max_per_shard_failures = 1,
              max_total_failures = 2, rollback_on_failure = False, wait_for_batch_completion = True, start_first = True),
          health_check_config = HealthCheckConfig(
              health_checker = HealthCheckerConfig(http = HttpHealthChecker(
                  endpoint = "/ok", expected_response = "fine", expected_response_code = 200)),
              initial_interval_secs = 1, interval_secs = 2, timeout_secs = 0.5, max_consecutive_failures = 4,
              min_consecutive_successes = 5),
          lifecycle = LifecycleConfig(http = HttpLifecycleConfig(port = "http", graceful_shutdown_endpoint = "/bye")),
          announce = Announcer(primary_port = "http", portmap = {"admin": "health", "fixed": "8080"}),
          metadata = [Metadata(key = "team", value = "{{role}}")],
      )]
      """)
    #expect(job.key.name == "everything" && job.instances == 3 && job.isService && job.contact == "a@b")
    #expect(job.priority == 7 && job.tier == .revocable && job.maxTaskFailures == -1 && job.metadata == ["team": "www"])
    let task = job.task
    #expect(
      task.name == "t" && task.maxFailures == 0 && task.maxConcurrency == 2 && task.finalizationWait == .seconds(60))
    #expect(task.resources == Resources(cpu: 1.5, ram: 2 << 30, disk: 4 << 30, processes: 99))
    #expect(task.constraints == [OrderConstraint(order: ["first", "run"])])
    let logger = LoggerConfiguration(destination: .both, mode: .rotate, logSize: 10 << 20, backups: 2)
    #expect(
      task.processes[0]
        == ProcessConfiguration(
          name: "first", cmdline: "true", maxFailures: 3, minDuration: .seconds(1), logger: logger))
    #expect(task.processes[1].daemon && task.processes[2].final && task.processes[2].ephemeral)
    #expect(
      job.update
        == UpdateConfiguration(
          batchSize: 2, watch: .seconds(30), maxPerInstanceFailures: 1, maxTotalFailures: 2, rollbackOnFailure: false,
          waitForBatchCompletion: true, startFirst: true))
    #expect(
      job.healthCheck
        == HealthCheckConfiguration(
          checker: .http(
            HTTPHealthChecker(port: "health", endpoint: "/ok", expectedResponse: "fine", expectedCode: 200)),
          initialInterval: .seconds(1), interval: .seconds(2), timeout: .milliseconds(500), maxConsecutiveFailures: 4,
          minConsecutiveSuccesses: 5))
    #expect(job.lifecycle?.port == "http" && job.lifecycle?.gracefulShutdownEndpoint == "/bye")
    #expect(
      job.announce == Announcer(primaryPort: "http", portmap: ["admin": .alias("health"), "fixed": .number(8080)]))
    #expect(job.requiredPorts == ["health", "http"])
  }

  @Test func aPortNamedHealthIsCheckedAndAskedToEndByDefault() throws {
    let job = try load("jobs = [Service(task = SimpleTask('run', 'serve {{thermos.ports[health]}}'))]\n")
    #expect(job.healthCheck == HealthCheckConfiguration(checker: .http(HTTPHealthChecker())))
    #expect(job.lifecycle == LifecycleConfiguration())
  }

  @Test func theHealthPortMayBeAnAliasOfAnother() throws {
    let job = try load(
      """
      jobs = [Service(task = SimpleTask("run", "serve {{thermos.ports[http]}}"),
          health_check_config = HealthCheckConfig(), announce = Announcer(portmap = {"health": "http"}))]
      """)
    #expect(job.healthCheck?.checker == .http(HTTPHealthChecker(port: "http")))
  }

  @Test func otherCheckersAreCommandsAndConnections() throws {
    let shell = try load(
      """
      jobs = [Service(task = SimpleTask("run", "serve"), health_check_config = HealthCheckConfig(
          health_checker = ShellHealthChecker(shell_command = "check {{args.threads}} {{mesos.instance}}")))]
      """)
    #expect(shell.healthCheck?.checker == .shell(command: "check 4 {{mesos.instance}}"))
    let tcp = try load(
      """
      jobs = [Service(task = SimpleTask("run", "serve {{thermos.ports[x]}}"), health_check_config = HealthCheckConfig(
          health_checker = TcpHealthChecker(port = "x")))]
      """)
    #expect(tcp.healthCheck?.checker == .tcp(port: "x"))
  }

  @Test func theNearestBindingWinsAndBindingsMayHoldVariables() throws {
    let job = try load(
      """
      line = "{{who}} {{profile.hosts[1]}} {{profile.map[a.b]}} {{stage}} {{mesos.instance}} {{&kept}} {{ args.threads }}"
      near = Process(name = "near", cmdline = line).bind(who = "near-{{args.threads}}")
      far = Process(name = "far", cmdline = line)
      profile = Profile(hosts = ["a", "b"], map = {"a.b": 1})
      jobs = [Job(task = Task(processes = [near, far])).bind(who = "job", profile = profile).bind(Profile(who = "outer"))]
      """)
    let rest = "b 1 devel {{mesos.instance}} {{&kept}} 4"
    #expect(job.task.processes.map(\.cmdline) == ["near-4 \(rest)", "outer \(rest)"])
  }

  @Test func objectsAreCopiedByCallingThem() throws {
    let job = try load(
      """
      base = Process(name = "base", cmdline = "x", max_failures = 5)
      profile = Profile(a = 1)
      other = profile(b = 2)
      jobs = [Job(task = Task(processes = [base(name = "copy"), base(cmdline = "%s%s%s" % (profile.a, other.b, base.name))]))]
      """)
    #expect(job.task.processes.map(\.name) == ["copy", "base"])
    #expect(job.task.processes.map(\.maxFailures) == [5, 5])
    #expect(job.task.processes[1].cmdline == "12base")
  }

  @Test func theJobFileIsSeenByCodeToo() throws {
    let job = try load(
      """
      threads = args.threads * 2 if stage == "devel" else 0
      extra = ["--memcache=" + args.memcache] if "memcache" in args else []
      heap = config.ram // MB
      line = "%s %d %d %s %s %s" % (build.file, threads, heap, extra, args.get("nothing", "default"), job_name)
      jobs = [Job(task = SimpleTask(build.name, line))]
      """)
    #expect(job.task.processes[0].cmdline == "web_server.pex 8 256 [] default web")
  }

  @Test func includedNamesAreDefinedHereAndFilesAreReadOnce() throws {
    let job = try load(
      """
      include("lib/a.aurora")
      include("//shared/b.aurora")
      jobs = [Job(task = SimpleTask("run", a() + b + base))]
      """,
      [
        "jobs/lib/a.aurora":
          "include('../../shared/base.aurora')\ndef a(): return 'a' + base + _hidden\n_hidden = '_'\n",
        "shared/b.aurora": "include('base.aurora')\nb = 'b' + base\n", "shared/base.aurora": "base = '0'\n",
      ])
    #expect(job.task.processes[0].cmdline == "a0_b00")
  }

  @Test func sequentialTasksRunInOrder() throws {
    let job = try load(
      """
      jobs = [Job(task = SequentialTask(processes = [
          Process(name = n, cmdline = n) for n in ["a", "b", "c"]], resources = Resources(cpu = 1, ram = 1, disk = 1)))]
      """)
    #expect(job.task.constraints == [OrderConstraint(order: ["a", "b", "c"])])
    #expect(job.task.name == "a" && !job.isService)
  }

  @Test func cronJobsHaveAScheduleAndAZone() throws {
    let job = try load(
      """
      jobs = [Job(task = SimpleTask("run", "x"), cron_schedule = "*/5 * * * *", cron_timezone = "Europe/Berlin",
          cron_collision_policy = "CANCEL_NEW")]
      """)
    #expect(
      job.cron == CronConfiguration(schedule: "*/5 * * * *", timeZone: "Europe/Berlin", collisionPolicy: .cancelNew))
  }

  @Test func furtherArtifactsAreLookedUpToo() throws {
    let full = String(repeating: "3f2c9d1e8a7b0000", count: 3).prefix(40)
    let shelf = Shelf(artifacts: [
      TaskArtifact(name: "web_server", version: String(full), digest: "1"),
      TaskArtifact(name: "proxy", version: "3f2c9d1" + String(full.dropFirst(7)), digest: "2"),
    ])
    let template = """
      jobs = [Job(task = Task(processes = [Process(name = "run", cmdline = "x")],
          artifacts = [Artifact(name = "proxy", githash = "3f2c9d1")]))]
      """
    let job = try Fixture(template: template).load(artifacts: shelf)
    #expect(job.task.artifacts.map(\.digest) == ["1", "2"])
  }

  @Test(arguments: ["    return 'x'", "    return (\n        'x'\n    )", "    return 'x' # end", "    return 'x'\n  "])
  func aFileNeedNotEndInANewline(body: String) throws {
    let template = "include('f.aurora')\njobs = [Job(task = SimpleTask('run', f()))]"
    let job = try load(template, ["jobs/f.aurora": "def f():\n" + body])
    #expect(job.task.processes[0].cmdline == "x")
  }
}
