import Diagnostics
import JSON
import JobModel
import SystemSupport
import Testing

@testable import JobFiles

/// The parts of a job file that are fields of Aurora's objects.
@Suite struct JobSectionTests {
  private func load(_ sections: String, stage: String = "devel", template: String = Fixture.template) throws
    -> JobConfiguration
  {
    try Fixture(yaml: Fixture.yaml.replacing("stages:", with: sections + "\nstages:"), template: template)
      .load(stage: stage)
  }

  private func message(_ sections: String, template: String = Fixture.template) -> String {
    Fixture(yaml: Fixture.yaml.replacing("stages:", with: sections + "\nstages:"), template: template).message()
  }

  @Test("A job file can set update, health, sla, partition, constraints and metadata per stage")
  func overlay() throws {
    let sections = """
      update: {batch_size: 2, watch_secs: 5, start_first: true, sla_aware: true, pulse_interval_secs: 60}
      health: {interval_secs: 0.5, max_consecutive_failures: 3}
      sla: {count: 1, duration_secs: 30}
      partition: {reschedule: false, delay_secs: 10, stop: true}
      constraints: {host: "limit:4", rack: "r1,r2"}
      metadata: {team: web, tier: 1}
      """
    let template = """
      run = Process(name = "run", cmdline = "./{{build.file}} {{thermos.ports[http]}} {{args.threads}}")
      jobs = [Service(
          task = Task(processes = [run]), constraints = {"rack": "r9", "zone": "z"},
          update_config = UpdateConfig(batch_size = 7, max_total_failures = 2),
          health_check_config = HealthCheckConfig(
              health_checker = HealthCheckerConfig(tcp = TcpHealthChecker(port = "http")), timeout_secs = 2),
      )]
      """
    let yaml = Fixture.yaml.replacing("stages:", with: sections + "\nstages:").replacing(
      "prod: {", with: "prod: {update: {batch_sizes: [1, 5], autopause: true}, sla: {percentage: 90}, ")
    let devel = try Fixture(yaml: yaml, template: template).load()
    #expect(
      devel.update
        == UpdateConfiguration(
          strategy: .queue(batchSize: 2), watch: .seconds(5), maxTotalFailures: 2, startFirst: true,
          pulseInterval: .seconds(60), slaAware: true))
    #expect(devel.healthCheck?.interval == .milliseconds(500) && devel.healthCheck?.timeout == .seconds(2))
    #expect(devel.healthCheck?.maxConsecutiveFailures == 3)
    #expect(devel.slaPolicy == .count(1, duration: .seconds(30)))
    #expect(devel.partitionPolicy == PartitionPolicy(reschedule: false, delay: .seconds(10), stop: true))
    #expect(devel.constraints.map { "\($0.attribute)=\($0.text)" } == ["host=limit:4", "rack=r1,r2", "zone=z"])
    #expect(devel.metadata == ["team": "web", "tier": "1"])
    let prod = try Fixture(yaml: yaml, template: template).load(stage: "prod")
    #expect(prod.update.strategy == .variableBatch(batchSizes: [1, 5], autopause: true))
    #expect(prod.update.watch == .seconds(5))
    #expect(prod.slaPolicy == .percentage(90, duration: .seconds(30)))
  }

  @Test("A job file can set announce, lifecycle, finalization_wait and container per stage")
  func endpoints() throws {
    let sections = """
      finalization_wait: 12.5
      drain_secs: 7
      announce: {primary_port: http, portmap: {admin: http, metrics: 9100}}
      lifecycle: {port: http, graceful_shutdown_endpoint: /quit, shutdown_wait_secs: 0.5}
      container: {type: mesos}
      """
    let template = """
      run = Process(name = "run", cmdline = "x {{thermos.ports[http]}} {{thermos.ports[admin]}} {{args.threads}}")
      jobs = [Service(
          task = Task(processes = [run], finalization_wait = 60), drain_secs = 1,
          announce = Announcer(primary_port = "other", portmap = {"old": "http"}),
          lifecycle = LifecycleConfig(http = HttpLifecycleConfig(port = "x", shutdown_endpoint = "/now")),
          container = Docker(image = "python:3.12"),
      )]
      """
    let yaml = Fixture.yaml.replacing("stages:", with: sections + "\nstages:").replacing(
      "prod: {",
      with: "prod: {announce: {enabled: false}, lifecycle: {enabled: false}, "
        + "container: {type: docker, image: 'reg:5000/web', parameters: {memory: 1g}}, ")
    let devel = try Fixture(yaml: yaml, template: template).load()
    #expect(
      devel.announce == Announcer(primaryPort: "http", portmap: ["admin": .alias("http"), "metrics": .number(9100)]))
    // An alias of the job file's map is the port that it means, as one of the template's.
    #expect(devel.requiredPorts == ["http"])
    #expect(
      devel.lifecycle
        == LifecycleConfiguration(
          port: "http", gracefulShutdownEndpoint: "/quit", shutdownEndpoint: "/now", shutdownWait: .milliseconds(500)))
    #expect(devel.task.finalizationWait == .milliseconds(12_500) && devel.drain == .seconds(7))
    #expect(devel.container == .mesos(image: nil))
    let open = template.replacing(" {{thermos.ports[admin]}}", with: "")
    let prod = try Fixture(yaml: yaml, template: open).load(stage: "prod")
    #expect(prod.announce == nil && prod.lifecycle == nil)
    #expect(
      prod.container
        == .docker(image: "reg:5000/web", parameters: [Container.Parameter(name: "memory", value: "1g")]))
    let image = try load("container: {type: mesos, image: 'reg:5000/web'}")
    #expect(image.container == .mesos(image: .docker(name: "reg:5000/web", tag: "latest")))
  }

  @Test("A job file can set the schedule of a cron job, with its time zone")
  func cron() throws {
    let template = """
      run = Process(name = "run", cmdline = "true {{args.threads}}")
      jobs = [Job(task = Task(processes = [run]), cron_schedule = "0 0 * * *")]
      """
    let sections = "cron: {schedule: \"30 4 * * *\", timezone: Europe/Berlin, collision: CANCEL_NEW}"
    let job = try load(sections, template: template)
    #expect(
      job.cron
        == CronConfiguration(schedule: "30 4 * * *", timeZone: "Europe/Berlin", collisionPolicy: .cancelNew))
    #expect(message(sections).contains("a service runs all the time"))
  }

  @Test(
    "An invalid value of a field is reported with its location and the accepted values",
    arguments: [
      ("update: {batch_size: 0}", "\"batch_size\" of \"update\" is a whole number from 1 to 4000, not \"0\""),
      ("update: {batch_sizes: [1, x]}", "is a list of whole numbers from 1 on"),
      ("update: {batch_sizes: []}", "is a list of whole numbers from 1 on"),
      ("update: {pulse_interval_secs: 5}", "from 60 to 86400"), ("update: {start_first: yes}", "is true or false"),
      ("update: {stratgy: queue}", "did you mean \"strategy\"?"),
      ("update: {strategy: que}", "one of: queue, batch, variable"),
      ("update: {strategy: variable}", "needs batch_sizes"),
      ("update: {strategy: queue, autopause: true}", "a queue has no batches"),
      ("update: {batch_size: 1, batch_sizes: [1]}", "cannot be combined"),
      ("sla: {count: 1}", "\"sla\" has no duration_secs"), ("sla: {duration_secs: 1}", "neither count nor percentage"),
      ("sla: {percentage: 101, duration_secs: 1}", "a number from 0 to 100"),
      ("constraints: {host: \"limit:0\"}", "not \"limit:0\""), ("constraints: [a]", "is a mapping, not a list"),
      ("partition: {delay_secs: -1}", "from 0 to 86400"), ("metadata: {a: [1]}", "is a text, not a list"),
      ("cron: {timezone: UTC}", "\"cron\" has no schedule"), ("update: 3", "is a mapping, not a number"),
      ("announce: {portmap: {a: b, b: a}}", "the port map has a cycle"),
      ("announce: {portmap: [a]}", "is a mapping of names"),
      ("announce: {primary_port: nope}", "the announcer names the port \"nope\", which no process uses"),
      ("announce: {primary_prot: http}", "did you mean \"primary_port\"?"),
      ("lifecycle: {shutdown_endpoint: quit}", "is a path that begins with /, not \"quit\""),
      ("lifecycle: {port: nope}", "the lifecycle names the port \"nope\""),
      ("container: {type: docker}", "a docker container has an image"),
      ("container: {type: podman}", "one of: mesos, docker"),
      ("container: {parameters: {a: b}}", "only a docker container has parameters"),
      ("finalization_wait: soon", "a number of seconds from 0 to 3600"),
      ("health: {timeout_secs: 0}", "from 0.01 to 86400"),
      ("config: {max_task_failures: 0}", "a whole number from 1 on"),
    ])
  func mistakes(sections: String, words: String) {
    let yaml =
      sections.hasPrefix("config") ? Fixture.yaml.replacing("instances: 2", with: "max_task_failures: 0") : Fixture.yaml
    let text = Fixture(
      yaml: sections.hasPrefix("config") ? yaml : yaml.replacing("stages:", with: sections + "\nstages:")
    ).message()
    #expect(text.contains(words) && text.contains("--> jobs/web."), "\(text)")
  }

  @Test("A health section without a health check is an error")
  func noCheck() {
    let template = "jobs = [Service(task = SimpleTask('web', 'sleep {{args.threads}}'))]"
    #expect(message("health: {interval_secs: 1}", template: template).contains("has no health check"))
  }

  @Test("The JSON schema has each field of each section with its limits", arguments: JobSection.allCases)
  func schema(_ section: JobSection) throws {
    let properties = try #require(JobFileSchema.json["properties"]?[section.rawValue]?["properties"]?.object)
    #expect(properties.names == section.fields.map(\.name))
    let stage = JobFileSchema.json["properties"]?["stages"]?["additionalProperties"]?["properties"]
    #expect(stage?[section.rawValue]?["properties"]?.object == properties)
    let page = try FileSystem.readText(
      FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        .appending("docs/jobs.md"))
    for field in section.fields {
      #expect(properties[field.name]?["description"]?.string == field.description)
      #expect(page.contains("`\(field.name)`"), "docs/jobs.md does not have \(field.name) of \(section.rawValue)")
    }
  }
}
