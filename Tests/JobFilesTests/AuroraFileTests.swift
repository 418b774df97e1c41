import Diagnostics
import JobModel
import SystemSupport
import Testing

@testable import JobFiles

/// Files that Aurora's client would load: several jobs, classes, imports, containers, policies.
@Suite struct AuroraFileTests {
  private func loader(_ files: [String: String], user: String? = "ann") -> JobLoader {
    var loader = JobLoader { path in
      guard let text = files[path] else { throw SystemCallError("openat", FilePath(path), .noSuchFileOrDirectory) }
      return Array(text.utf8)
    }
    loader.owner = user
    return loader
  }

  private static let file = """
    import getpass
    from os.path import join as joined

    class Defaults(Struct):
      role = Default(String, getpass.getuser())
      cmd = Default(String, 'cp server.py .')
      gpu = Default(Integer, 0)
      count = Default(Integer, 1)

    Heavy = Defaults(gpu = 1, count = '3')
    setup = Process(name = 'setup', cmdline = '{{profile.cmd}}')
    serve = Process(name = 'serve', cmdline = joined('bin', 'serve') + ' {{thermos.ports[http]}} {{thermos.ports[alias]}}')
    task = SequentialTask(
      name = 'web', processes = [setup, serve],
      resources = Resources(cpu = 0.5, ram = 32*MB, disk = 64*MB, gpu = '{{profile.gpu}}'))
    base = Service(
      cluster = 'here', role = '{{profile.role}}', environment = 'test', contact = '{{role}}@localhost', task = task,
      instances = '{{profile.count}}', announce = Announcer(portmap = {'alias': 'http'}))
    volumes = [Volume(container_path = 'etc/x', host_path = '/etc/x', mode = Mode('RO'))]

    jobs = [
      base(name = 'plain', health_check_config = HealthCheckConfig(health_checker = HealthCheckerConfig(
        shell = ShellHealthChecker(shell_command = 'true')))).bind(profile = Defaults()),
      base(name = 'heavy', tier = 'revocable').bind(profile = Heavy),
      base(name = 'docker', container = Docker(image = '{{docker.image[web][latest]}}')).bind(profile = Defaults(cmd = 'true')),
      base(name = 'image', container = Mesos(image = AppcImage(name = 'x', image_id = '{{appc_id}}'), volumes = volumes),
           partition_policy = PartitionPolicy(delay_secs = 60 * 60),
           update_config = UpdateConfig(update_strategy = VariableBatchUpdateStrategy(batch_sizes = [1, 2])),
           sla_policy = PercentageSlaPolicy(percentage = 50, duration_secs = 60),
           constraints = {'host': 'limit:1'}).bind(profile = Defaults()),
    ]
    """

  @Test("A file with several jobs lists them all by their keys")
  func listing() throws {
    let jobs = try loader(["x.aurora": Self.file]).auroraJobs("x.aurora")
    #expect(
      jobs.map(\.key) == ["here/ann/test/plain", "here/ann/test/heavy", "here/ann/test/docker", "here/ann/test/image"])
    #expect(jobs.map(\.unbound) == [[], [], [], ["appc_id"]])
    #expect(jobs.allSatisfy { $0.problems.isEmpty })
  }

  @Test("A name or key chooses one of several jobs, and bindings fill open variables")
  func choosing() throws {
    let loader = loader(["x.aurora": Self.file])
    let heavy = try loader.loadAurora("x.aurora", job: "heavy", artifacts: nil)
    #expect(heavy.instances == 3 && heavy.task.resources.gpu == 1 && heavy.tier == .revocable)
    #expect(heavy.contact == "ann@localhost" && heavy.source?.path == "x.aurora")
    // An alias of a port is that port.
    #expect(heavy.requiredPorts == ["http"])
    #expect(heavy.task.processes[1].cmdline == "bin/serve {{thermos.ports[http]}} {{thermos.ports[http]}}")
    let image = try loader.loadAurora(
      "x.aurora", job: "here/ann/test/image", bindings: [TemplateBinding(name: "appc_id", value: "sha512-1")],
      artifacts: nil)
    #expect(image.container == .mesos(image: .appc(name: "x", imageID: "sha512-1")))
    #expect(image.task.volumes == [Volume(hostPath: "/etc/x", containerPath: "etc/x")])
    #expect(image.partitionPolicy == PartitionPolicy(delay: .seconds(3600)))
    #expect(image.update.strategy == .variableBatch(batchSizes: [1, 2], autopause: false))
    #expect(image.slaPolicy == .percentage(50, duration: .seconds(60)))
    #expect(image.constraints == [PlacementConstraint(attribute: "host", rule: .limit(1))])
    #expect(image.source?.bindings == ["appc_id": "sha512-1"])
    let bound = try loader.loadAurora(
      "x.aurora", job: "plain", bindings: [TemplateBinding(name: "profile.cmd", value: "echo")], artifacts: nil)
    #expect(bound.task.processes[0].cmdline == "echo")
  }

  @Test("Without --job, an error lists the jobs of the file; a wrong name suggests the nearest")
  func ambiguous() throws {
    let loader = loader(["x.aurora": Self.file])
    func message(_ job: String?) -> String {
      do {
        _ = try loader.loadAurora("x.aurora", job: job, artifacts: nil)
        return ""
      } catch { return DiagnosticRenderer(color: false).render(error) }
    }
    #expect(message(nil).contains("\"x.aurora\" has 4 jobs"))
    #expect(message(nil).contains("here/ann/test/heavy"))
    #expect(message("haevy").contains("did you mean \"heavy\"?"))
    #expect(message("image").contains("unbound variable {{appc_id}}"))
    #expect(message("image").contains("--bind appc_id=VALUE"))
  }

  @Test("Types check given values, and calls read fields")
  func types() throws {
    let file = """
      class Inner(Struct):
        hosts = List(String)
        limits = Map(String, Integer)
        mode = Default(Enum('fast', 'slow'), 'slow')
      class Outer(Struct):
        inner = Default(Inner, Inner(hosts = ['a', '{{zone}}']))
        name = Required(String)
        ratio = Float
      o = Outer(name = 'n-{{zone}}', ratio = 2).bind(zone = 'eu')
      hosts = [str(h) for h in o.inner().hosts()]
      p = Process(name = 'p', cmdline = '%s %s %s %s %s %s' % (
        o.name(), o.name().get(), ','.join(hosts), o.ratio(), o.inner().mode(), o.has_ratio()))
      empty = o.inner().limits() is Empty
      jobs = [Job(cluster = 'c', role = 'r', environment = 'e', contact = str(empty), name = p.name().get(),
                  task = Tasks.combine(SimpleTask('a', 'x'), Task(name = 'both', processes = [p], finalization_wait = 40)))]
      """
    let job = try loader(["x.aurora": file]).loadAurora("x.aurora", job: nil, artifacts: nil)
    #expect(job.task.processes.map(\.cmdline) == ["x", "n-eu n-eu a,eu 2.0 slow True"])
    #expect(job.contact == "True" && job.key.name == "p" && job.task.finalizationWait == .seconds(40))
    #expect(job.task.resources.cpu == 1 && job.task.resources.ram == 1 << 30)
  }

  @Test(
    "An error names each mistake of an Aurora file",
    arguments: [
      ("import sys", "cannot import the module \"sys\""), ("from os import system", "has no \"system\" here"),
      ("class A(3):\n  x = String", "a class here is a configuration object"),
      ("class A(Struct):\n  x = Default(Integer, 'many')", "Default: the value is a whole number"),
      ("class A(Struct):\n  x = Integer\nA(y = 1)\njobs = []", "A has no field \"y\""),
      ("Enum('a', 'b')('c')", "takes one of \"a\", \"b\", not \"c\""),
      ("jobs = [Job(task = SimpleTask('a', 'b'), role = 'r')]", "the job has no cluster"),
      (
        "jobs = [Job(task = SimpleTask('a', 'b'), announce = Announcer(portmap = {'a': 'b', 'b': 'a'}))]",
        "the port map has a cycle"
      ),
      (
        "jobs = [Job(task = SimpleTask('a', 'b'), update_config = UpdateConfig(batch_size = 2, update_strategy = QueueUpdateStrategy()))]",
        "batch_size and update_strategy cannot be combined"
      ),
    ])
  func refusals(file: String, words: String) {
    do {
      let jobs = try loader(["x.aurora": file + "\n"]).auroraJobs("x.aurora")
      let text = jobs.flatMap(\.problems).map { DiagnosticRenderer(color: false).render($0) }.joined()
      #expect(text.contains(words), "\(text)")
    } catch {
      let text = DiagnosticRenderer(color: false).render(error)
      #expect(text.contains(words), "\(text)")
      #expect(text.contains("--> x.aurora:"), "\(text)")
    }
  }

  @Test("All wrong fields of a file are reported together")
  func together() {
    let file = """
      a = Process(name = 'a', cmdlin = 'x')
      b = Process(name = 'b', cmdline = 'x', max_failures = 'many')
      jobs = [Job(cluster = 'c', role = 'r', environment = 'e', task = Task(processes = [a, b]), instances = [1])]
      """
    do {
      _ = try loader(["x.aurora": file]).loadAurora("x.aurora", job: nil, artifacts: nil)
      Issue.record("the file was accepted")
    } catch {
      let text = DiagnosticRenderer(color: false).render(error)
      for words in [
        "x.aurora:1:5", "x.aurora:2:5", "x.aurora:3:9", "no field \"cmdlin\"", "\"max_failures\" of Process",
      ] {
        #expect(text.contains(words), "\(text)")
      }
    }
  }
}
