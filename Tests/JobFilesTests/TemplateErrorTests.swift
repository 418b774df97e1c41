import Diagnostics
import JobModel
import Synchronization
import Testing

@testable import JobFiles

/// Messages about templates, as people see them.
@Suite struct TemplateErrorTests {
  private func message(_ template: String, _ more: [String: String] = [:]) -> String {
    Fixture(template: template, more).message()
  }

  @Test func anUnboundVariableIsShownWhereItStands() {
    let template = """
      run = Process(
          name = "run",
          cmdline = "serve --threads={{args.thread}}",
      )
      jobs = [Service(task = Task(processes = [run]))]
      """
    #expect(
      message(template) == """
        error: unbound variable {{args.thread}}
          --> jobs/web.aurora:3:32
           |
         3 |     cmdline = "serve --threads={{args.thread}}",
           |                                ^^^^^^^^^^^^^^^
          note: in the field "cmdline" of Process "run"
          note: the stage "devel" of "jobs/web.yaml" has no such entry in args
          help: did you mean "args.threads"?

        """)
  }

  @Test func allUnboundVariablesAreToldTogether() {
    let text = message(
      """
      jobs = [Service(task = SimpleTask("run", "{{a}} {{b.c}} {{mesos.rle}} {{thermos.ports}}"), contact = "{{d}}")]
      """)
    for name in ["{{a}}", "{{b.c}}", "{{mesos.rle}}", "{{thermos.ports}}", "{{d}}"] {
      #expect(text.contains("error: unbound variable \(name)\n"), "\(text)")
    }
  }

  @Test func aFieldThatDoesNotExistIsNamedAtTheCall() {
    #expect(
      message("run = Process(name = \"run\", cmdlin = \"x\")\n") == """
        error: Process has no field "cmdlin"
          --> jobs/web.aurora:1:7
           |
         1 | run = Process(name = "run", cmdlin = "x")
           |       ^^^^^^^
          help: did you mean "cmdline"?
        error: the template "jobs/web.aurora" defines no "jobs"
          --> jobs/web.yaml:1:7
           |
         1 | file: web.aurora
           |       ^^^^^^^^^^
          help: end the template with jobs = [Service(...)]

        """)
  }

  @Test("An unknown argument of the library is reported at its caller, with the accepted arguments")
  func libraryArgument() {
    let text = message("include('kilt/python_service.aurora')\njobs = [pex_service(\n    instancs = 3)]\n")
    #expect(
      text.contains("pex_service: unknown argument \"instancs\"")
        && text.contains("its arguments are flags, arguments,"), "\(text)")
    #expect(text.contains("and the fields of Job: name, role,") && text.contains("--> jobs/web.aurora:2:9"), "\(text)")
    let other = message(
      "include('kilt/health.aurora')\njobs = [Service(health_check_config = http_health(prot = 'x'))]\n")
    #expect(other.contains("unexpected keyword argument \"prot\"") || other.contains("prot"), "\(other)")
    #expect(other.contains("port, endpoint, expected"), "\(other)")
  }

  @Test func anErrorInAnIncludedFileTellsWhoIncludesIt() {
    let text = message("include('lib.aurora')\n", ["jobs/lib.aurora": "x = 1\ny = x.z\n"])
    #expect(text.contains("--> jobs/lib.aurora:2:"), "\(text)")
    #expect(text.contains("note: called from jobs/web.aurora:1:"), "\(text)")
  }

  @Test func includesInACircleAreNamed() {
    let text = message("include('a.aurora')\n", ["jobs/a.aurora": "include('web.aurora')\n"])
    #expect(
      text.contains("\"jobs/web.aurora\" includes itself: jobs/web.aurora -> jobs/a.aurora -> jobs/web.aurora"),
      "\(text)")
    #expect(message("include('gone.aurora')\n").contains("cannot read the template \"jobs/gone.aurora\""))
    #expect(message("include('kilt/helth.aurora')\n").contains("did you mean \"kilt/health.aurora\""))
  }

  @Test func theRoleTheStageAndTheClusterAreNotTheTemplates() {
    #expect(
      message(
        "jobs = [Service(task = SimpleTask('run', 'x'), role = 'root', environment = 'prod', cluster = 'local')]\n")
          == """
          error: the template says role "root", and "jobs/web.yaml" says "www"
            --> jobs/web.aurora:1:9
             |
           1 | jobs = [Service(task = SimpleTask('run', 'x'), role = 'root', environment = 'prod', cluster = 'local')]
             |         ^^^^^^^
            help: leave role out of the template
          error: the template says environment "prod", and --stage says "devel"
            --> jobs/web.aurora:1:9
             |
           1 | jobs = [Service(task = SimpleTask('run', 'x'), role = 'root', environment = 'prod', cluster = 'local')]
             |         ^^^^^^^
            help: leave environment out of the template

          """)
  }

  @Test func aHealthCheckNeedsItsPort() {
    #expect(
      message(
        "jobs = [Service(task = SimpleTask('run', '{{thermos.ports[http]}}'), health_check_config = HealthCheckConfig())]\n"
      ) == """
        error: the health check names the port "health", which no process uses
          --> jobs/web.aurora:1:9
           |
         1 | jobs = [Service(task = SimpleTask('run', '{{thermos.ports[http]}}'), health_check_config = HealthCheckConfig())]
           |         ^^^^^^^
          note: ports in use are http
          help: a process uses a port by {{thermos.ports[health]}} in its cmdline

        """)
  }

  @Test(arguments: [
    ("x = 1", "defines no \"jobs\""), ("jobs = 3", "is not a list of jobs"), ("jobs = [3]", "is not a list of jobs"),
    ("jobs = [Process(name = 'a')]", "is not a list of jobs"), ("jobs = []", "creates 0 jobs"),
    ("j = Job(task = SimpleTask('a', 'b'))\njobs = [j, j]", "creates 2 jobs"),
    ("jobs = [Job()]", "the job has no task"), ("jobs = [Job(task = Task(processes = []))]", "has no processes"),
    ("jobs = [Job(task = SimpleTask('a b', 'c'))]", "\"a b\" is not a process name"),
    (
      "p = Process(name = 'a', cmdline = 'b')\njobs = [Job(task = Task(processes = [p, p]))]",
      "two processes are named \"a\""
    ),
    ("jobs = [Job(task = Task(processes = [Process(name = 'a')]))]", "a process has a name and a cmdline"),
    (
      "a = Process(name = 'a', cmdline = 'b')\njobs = [Job(task = Task(processes = [a], constraints = order(a, 'b')))]",
      "the order names the process \"b\""
    ),
    (
      "p = [Process(name = n, cmdline = n) for n in ['a', 'b']]\njobs = [Job(task = Task(processes = p, constraints = order('a', 'b') + order('b', 'a')))]",
      "is a cycle: a -> b -> a"
    ),
    (
      "p = [Process(name = n, cmdline = n, final = n == 'b') for n in ['a', 'b']]\njobs = [Job(task = Task(processes = p, constraints = order('a', 'b')))]",
      "cannot be ordered"
    ),
    ("jobs = [Job(task = SimpleTask('a', 'b'), instances = 0)]", "1 to 4000 instances"),
    ("jobs = [Job(task = SimpleTask('a', 'b'), instances = '{{args.threads}}x')]", "is a whole number, not \"4x\""),
    ("jobs = [Job(task = SimpleTask('a', 'b'), tier = 'best')]", "one of preferred, preemptible, revocable"),
    ("jobs = [Job(task = SimpleTask('a', 'b'), name = 'a/b')]", "key is not usable"),
    ("jobs = [Service(task = SimpleTask('a', 'b'), cron_schedule = '* * * * *')]", "it has no cron_schedule"),
    ("jobs = [Job(task = SimpleTask('a', 'b')(user = 'root'))]", "the task says user \"root\""),
    (
      "jobs = [Job(task = SimpleTask('a', 'b'), container = 'x')]",
      "\"container\" of Job is Container or Docker or Mesos, not the string"
    ),
    ("jobs = [Job(task = SimpleTask('a', 'b'), instances = [1])]", "is a whole number, not list"),
    ("jobs = [Job(task = 3)]", "the field \"task\" of Job is Task, not int"),
    ("jobs = [Job(task = SimpleTask('a', '{{args}}'))]", "the variable {{args}} is a Profile, which has no text"),
    ("jobs = [Job(task = SimpleTask('a', '{{x}}')).bind(x = '{{x}}')]", "the variable {{x}} refers to itself"),
    (
      "jobs = [Job(task = SimpleTask('a', 'b'), update_config = UpdateConfig(batch_size = 0))]",
      "each batch of an update has 1 instance or more"
    ),
    ("x = undefined_name", "undefined_name"), ("def f(:", "jobs/web.aurora:1:"), ("x = 1 // 0", "jobs/web.aurora:1:"),
    ("x = [i for i in range(100000000)]", "jobs/web.aurora:1:"), ("Process('run', 'x')", "fields are given by name"),
    ("import sys", "cannot import the module \"sys\""), ("load('x', 'y')", "jobs/web.aurora:1:"),
  ])
  func whatCannotRunIsNamed(template: String, words: String) {
    let text = message(template + "\n")
    #expect(text.contains(words), "\(text)")
    #expect(text.contains("--> jobs/web."), "\(text)")
  }

  @Test func variablesThatGrowAreStopped() {
    let text = message(
      """
      binds = {"x0": "0123456789"}
      for n in range(1, 30):
          binds["x%d" % n] = "{{x%d}}{{x%d}}" % (n - 1, n - 1)
      jobs = [Job(task = SimpleTask("run", "{{x29}}")).bind(**binds)]
      """)
    #expect(text.contains("the variables expand to more than 1048576 bytes"), "\(text)")
  }

  @Test func anArgumentThatNothingUsesIsAWarning() throws {
    let warnings = Mutex<[Diagnostic]>([])
    let template = """
      threads = args.threads
      jobs = [Job(task = SimpleTask("run", "{{args.b}}" + str("c" in args) + args.get("d", "")))]
      """
    let yaml = Fixture.yaml.replacing("{threads: 4}", with: "{threads: 4, b: 1, c: 2, d: x, thraeds: 5}")
    var loader = Fixture(yaml: yaml, template: template).loader()
    loader.warn = { warning in warnings.withLock { $0.append(warning) } }
    _ = try loader.load("jobs/web.yaml", stage: "devel", artifacts: nil)
    let texts = warnings.withLock { $0.map { DiagnosticRenderer(color: false).render($0, as: .warning) } }
    #expect(
      texts == [
        """
        warning: nothing uses the argument "thraeds"
          --> jobs/web.yaml:5:38
           |
         5 | args: {threads: 4, b: 1, c: 2, d: x, thraeds: 5}
           |                                      ^^^^^^^
          note: the template "jobs/web.aurora" and what it includes do not ask for it

        """
      ])
  }
}
