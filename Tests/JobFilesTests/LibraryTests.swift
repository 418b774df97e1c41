import JobModel
import SystemSupport
import Testing

@testable import JobFiles

/// The templates that come with Kilt.
@Suite struct LibraryTests {
  private func load(_ template: String) throws -> JobConfiguration { try Fixture(template: template).load() }

  @Test func flagsAreWordsOfAShell() throws {
    let job = try load(
      """
      include("kilt/python_service.aurora")
      flags = {"port_name": 8, "debug": True, "off": False, "none": None, "empty": "", "zero": 0, "tag": ["a", "b c"],
               "quote": "it's"}
      jobs = [Job(task = SimpleTask("run", " ".join(command_line_flags(flags))))]
      """)
    #expect(
      job.task.processes[0].cmdline == "--port-name=8 --debug --zero=0 --tag=a '--tag=b c' '--quote=it'\\''s'")
  }

  @Test func whatRunsBeforeAndBesideAServiceIsOrdered() throws {
    let job = try load(
      """
      include("kilt/python_service.aurora")
      include("kilt/installers.aurora")
      proxy = Process(name = "proxy", cmdline = "proxy {{thermos.ports[public]}} {{thermos.ports[http]}}")
      jobs = [pex_service(
          flags = {"port": "{{thermos.ports[http]}}"}, environment = {"MODE": "a b"},
          before = [install_tar("site.tar.gz", "site"), install_text("etc/web.conf", "threads={{args.threads}}")],
          beside = [proxy], port = "public", health = http_health(port = "http", expected = ""), instances = 1)]
      """)
    #expect(job.task.processes.map(\.name) == ["install_site.tar.gz", "write_etc_web.conf", "web_server", "proxy"])
    #expect(
      job.task.constraints.map(\.order) == [
        ["install_site.tar.gz", "write_etc_web.conf", "web_server"],
        ["install_site.tar.gz", "write_etc_web.conf", "proxy"],
      ])
    #expect(job.task.processes[1].cmdline.contains("\nthreads=4\n"))
    #expect(
      job.task.processes[2].cmdline
        == "export MODE='a b'\nexec ./web_server.pex --port={{thermos.ports[http]}}")
    #expect(job.announce?.primaryPort == "public" && job.instances == 1)
    #expect(job.healthCheck?.checker == .http(HTTPHealthChecker(port: "http", expectedResponse: nil)))
  }

  /// What the installers make is run by a real shell.
  @Test func installersDoWhatTheySay() throws {
    let job = try load(
      """
      include("kilt/installers.aurora")
      jobs = [Job(task = SequentialTask(processes = [
          install_text("a dir/it's.txt", "one $HOME {{args.threads}}\\n  two\\n", mode = "600"),
          install_tar("x.tgz", "out dir", strip = 1), install_gzip("y.gz", "plain"),
      ]))]
      """)
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "installers")
    defer { try? FileSystem.removeTree(directory) }
    let unpack = "\"${KILT_RUNNER:?this host has no pex-runner}\" unpack"
    #expect(job.task.processes[1].cmdline == "\(unpack) --strip=1 x.tgz 'out dir'")
    #expect(job.task.processes[2].cmdline == "\(unpack) --file y.gz plain")
    for process in job.task.processes.prefix(1) {
      var shell = Subprocess("/bin/sh", ["-c", process.cmdline])
      shell.workingDirectory = directory
      let outcome = try shell.run()
      #expect(outcome.termination.isSuccess, "\(process.cmdline): \(outcome.errorText)")
    }
    #expect(try FileSystem.readText(directory.appending("a dir/it's.txt")) == "one $HOME 4\n  two\n")
    #expect(try FileSystem.status(of: directory.appending("a dir/it's.txt")).permissions & 0o777 == 0o600)
  }

  @Test func aJVMGetsItsHeapFromTheLimit() throws {
    let job = try load(
      """
      include("kilt/jvm.aurora")
      jobs = [Job(task = Task(processes = [java_process("app.jar", jmx = True, arguments = ["--x", "a b"])]))]
      """)
    let cmdline = job.task.processes[0].cmdline
    #expect(cmdline.hasPrefix("exec java -Xmx192m -Dcom.sun") && cmdline.hasSuffix("-jar app.jar --x 'a b'"))
    #expect(job.requiredPorts == ["jmx"])
  }

  @Test func everyHealthCheckOfTheLibraryLoads() throws {
    let checks = [
      ("http_health()", HealthChecker.http(HTTPHealthChecker(port: "http", expectedResponse: nil))),
      (
        "http_health(expected = 'ok', code = 201)",
        .http(HTTPHealthChecker(port: "http", expectedResponse: "ok", expectedCode: 201))
      ),
      ("log_silence_health(60)", .logSilence(LogSilenceChecker(limit: .seconds(60)))),
      (
        "service_health('http://other:80')",
        .http(HTTPHealthChecker(expectedResponse: nil, base: "http://other:80"))
      ), ("tcp_health()", .tcp(port: "http")),
      ("shell_health('true')", .shell(command: "true")),
      (
        "fresh_file_health('log/out', 90)",
        .shell(command: "test -n \"$(find log/out -mmin -2 2>/dev/null)\"")
      ),
    ]
    for (call, checker) in checks {
      let job = try load(
        "include('kilt/health.aurora')\n"
          + "jobs = [Service(task = SimpleTask('run', '{{thermos.ports[http]}}'), health_check_config = \(call))]\n")
      #expect(job.healthCheck?.checker == checker)
    }
  }

  @Test("An unknown argument of a library function is reported with the accepted arguments")
  func unknownArguments() {
    for (path, source) in TemplateLibrary.files.sorted(by: { $0.key < $1.key }) {
      for function in LibraryReference.functions(of: source) {
        let inside = function.signature.dropFirst(function.name.count + 1).dropLast()
        let parameters = inside.split(separator: ", ").map { $0.split(separator: " = ").map(String.init) }
        let names = parameters.map { $0[0] }.filter { !$0.hasPrefix("**") && !$0.contains("}") && !$0.contains("]") }
        let required = parameters.filter { $0.count == 1 && !$0[0].hasPrefix("**") }.map { "\($0[0]) = \"a\"" }
        let call = (required + ["no_such_argument = 1"]).joined(separator: ", ")
        let text = Fixture(template: "include(\"\(path)\")\nx = \(function.name)(\(call))\njobs = []\n").message()
        #expect(text.contains("no_such_argument"), "\(function.name): \(text)")
        // Functions that pass fields on name the fields of the object too.
        let isProcess = function.name.hasSuffix("_process") && function.signature.contains("**")
        let expected = isProcess ? ["max_failures", "daemon", "final"] : names
        for name in expected { #expect(text.contains(name), "\(function.name) does not name \(name): \(text)") }
      }
    }
  }

  @Test func workersAreUpdatedAQuarterAtATime() throws {
    let template = "include('kilt/queue_worker.aurora')\njobs = [queue_worker(health = shell_health('true'))]\n"
    let job = try Fixture(template: template).load(stage: "prod")
    #expect(job.update.batchSize == 3 && job.announce == nil && job.isService)
  }

  @Test("A JVM service has a heap, JMX and an announced port")
  func jvmService() throws {
    let job = try load(
      """
      include("kilt/jvm.aurora")
      jobs = [jvm_service("app.jar", arguments = ["--port={{thermos.ports[http]}}"])]
      """)
    #expect(job.requiredPorts == ["http", "jmx"] && job.announce?.primaryPort == "http" && job.isService)
    #expect(job.task.processes[0].cmdline.contains("-jar app.jar --port={{thermos.ports[http]}}"))
  }

  @Test("A configuration file is rendered and checked before the task continues")
  func configFile() throws {
    let template = """
      # {{! a comment }}
      name={{name}}
      {{#hosts}}
      host={{.}}
      {{/hosts}}
      {{^debug}}
      quiet
      {{/debug}}
      {{#db}}db={{user}}@{{host}}{{/db}} {{mesos.instance}}
      """
    let job = try Fixture(
      template: """
        include("kilt/installers.aurora")
        jobs = [Job(task = SequentialTask(processes = [
            config_file("out/app.ini", source = "app.ini.mustache", check = "grep -q host=b out/app.ini", values = {
                "name": "web", "hosts": ["a", "b"], "debug": False, "db": {"user": "u", "host": "h"}}),
        ]))]
        """, ["jobs/app.ini.mustache": template]
    ).load()
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "config")
    defer { try? FileSystem.removeTree(directory) }
    var shell = Subprocess("/bin/sh", ["-c", job.task.processes[0].cmdline])
    shell.workingDirectory = directory
    #expect(try shell.run().termination.isSuccess)
    #expect(
      try FileSystem.readText(directory.appending("out/app.ini"))
        == "# \nname=web\nhost=a\nhost=b\nquiet\ndb=u@h {{mesos.instance}}\n")
    #expect(
      Fixture(
        template: "include('kilt/installers.aurora')\nx = config_file('a', text = '{{nope}}')\n"
      ).message().contains("the template has no value for {{nope}}"))
    #expect(
      Fixture(
        template: "include('kilt/installers.aurora')\nx = config_file('a', text = '{{#x}}')\n"
      ).message().contains("opens {{#x}} and does not close it"))
  }

  @Test("Shared resources of the stage override the shared resources of all stages")
  func sharedResources() throws {
    let shared = """
      all: {memcache: 'cache:11211', db: {host: localhost, port: 5432}}
      prod: {db: {host: db1.acme.example, port: 5432}}
      """
    let fixture = Fixture(
      template: """
        shared = shared_resources("//jobs/shared.yaml")
        jobs = [Job(task = SimpleTask("a", "%s {{shared.db.host}}:{{shared.db.port}} {{shared.memcache}}" % shared.db.host)).bind(shared = shared)]
        """, ["jobs/shared.yaml": shared])
    #expect(try fixture.load().task.processes[0].cmdline == "localhost localhost:5432 cache:11211")
    #expect(
      try fixture.load(stage: "prod").task.processes[0].cmdline
        == "db1.acme.example db1.acme.example:5432 cache:11211")
  }

  @Test(
    "Installers, proxies, shippers and check processes load",
    arguments: [
      "install_pex('tool.pex')", "install_jar('a.jar')", "auth_proxy('proxy.pex')",
      "log_shipper('a.log', 'logger -t x')",
      "health_process('true')",
    ])
  func processes(_ call: String) throws {
    let job = try load(
      "include('kilt/installers.aurora')\ninclude('kilt/health.aurora')\njobs = [Job(task = Task(processes = [\(call)]))]\n"
    )
    #expect(job.task.processes.count == 1)
  }

  @Test("Every function of the library has a description and an example that loads")
  func reference() throws {
    for (path, source) in TemplateLibrary.files {
      let functions = LibraryReference.functions(of: source)
      #expect(!functions.isEmpty, "\(path)")
      for function in functions {
        #expect(!function.text.isEmpty && !function.example.isEmpty, "\(path): \(function.name)")
        #expect(function.example.contains(function.name + "("), "\(path): \(function.name)")
        #expect(function.signature.hasPrefix(function.name + "(") && function.signature.hasSuffix(")"))
        let template = """
          include("\(path)")
          \(function.example)
          jobs = [Job(task = SimpleTask("a", "b"))]
          """
        let yaml = Fixture.yaml.replacing("args: {threads: 4}", with: "args: {threads: 4, queue: q, db: localhost}")
        _ = try Fixture(yaml: yaml, template: template).load()
      }
    }
  }

  @Test("docs/job-library.md matches the sources")
  func page() throws {
    let path = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
      .appending("docs/job-library.md")
    if environmentVariable("KILT_RECORD") != nil { try FileSystem.write(text: LibraryReference.markdown, to: path) }
    #expect(try FileSystem.readText(path) == LibraryReference.markdown, "record it with KILT_RECORD=1")
  }
}
