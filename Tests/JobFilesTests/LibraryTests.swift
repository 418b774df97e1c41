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
        == "export KILT_COMMIT=3f2c9d1e8a7b MODE='a b'\nexec ./web_server.pex --port={{thermos.ports[http]}}")
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
          Process(name = "pack", cmdline = "tar -czf x.tgz 'a dir' && gzip -c 'a dir/it'\\"'\\"'s.txt' > y.gz"),
          install_tar("x.tgz", "out"), install_gzip("y.gz", "plain"),
      ]))]
      """)
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "installers")
    defer { try? FileSystem.removeTree(directory) }
    for process in job.task.processes {
      var shell = Subprocess("/bin/sh", ["-c", process.cmdline])
      shell.workingDirectory = directory
      let outcome = try shell.run()
      #expect(outcome.termination.isSuccess, "\(process.cmdline): \(outcome.errorText)")
    }
    #expect(try FileSystem.readText(directory.appending("out/a dir/it's.txt")) == "one $HOME 4\n  two\n")
    #expect(try FileSystem.readText(directory.appending("plain")) == "one $HOME 4\n  two\n")
    #expect(try FileSystem.status(of: directory.appending("a dir/it's.txt")).permissions & 0o777 == 0o600)
  }

  @Test func aJVMGetsItsHeapFromTheLimit() throws {
    let job = try load(
      """
      include("kilt/installers.aurora")
      jobs = [Job(task = Task(processes = [java_process("app.jar", jmx = True, arguments = ["--x", "a b"])]))]
      """)
    let cmdline = job.task.processes[0].cmdline
    #expect(cmdline.hasPrefix("exec java -Xmx192m -Dcom.sun") && cmdline.hasSuffix("-jar app.jar --x 'a b'"))
    #expect(job.requiredPorts == ["jmx"])
  }

  @Test func everyHealthCheckOfTheLibraryLoads() throws {
    let checks = [
      ("http_health()", HealthChecker.http(HTTPHealthChecker(port: "http"))), ("tcp_health()", .tcp(port: "http")),
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

  @Test func workersAreUpdatedAQuarterAtATime() throws {
    let template = "include('kilt/queue_worker.aurora')\njobs = [queue_worker(health = shell_health('true'))]\n"
    let job = try Fixture(template: template).load(stage: "prod")
    #expect(job.update.batchSize == 3 && job.announce == nil && job.isService)
  }
}
