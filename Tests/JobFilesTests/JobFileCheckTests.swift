import Diagnostics
import JSON
import JobModel
import Synchronization
import SystemSupport
import Testing

@testable import JobFiles

/// What job files say besides config and args, and the check of many files at once.
@Suite struct JobFileCheckTests {
  private static let extras =
    Fixture.yaml + """

      env: {LANG: C.UTF-8, DEBUG: 1}
      secrets: {db: team/db}
      volumes: [{host: /var/lib/web, at: /data, mode: rw}]
      alerts: {memory: {above: 90%, for: 300, severity: page}, flapping: off}
      drain_secs: 5
      """

  @Test("Environment, secrets, volumes, alerts and drain reach the job, and stages overlay them")
  func extras() throws {
    let yaml = Self.extras.replacing(
      "prod: {githash: 1234567,", with: "prod: {env: {DEBUG: 0}, volumes: [], secrets: {mail: mail}, githash: 1234567,")
    let devel = try Fixture(yaml: yaml).load()
    #expect(devel.task.environment == ["LANG": "C.UTF-8", "DEBUG": "1"])
    #expect(devel.task.secrets == [Secret(name: "db", reference: "team/db")])
    #expect(devel.task.volumes == [Volume(hostPath: "/var/lib/web", containerPath: "/data", mode: .readWrite)])
    #expect(devel.drain == .seconds(5))
    #expect(
      devel.alerts == [
        AlertRule(.flapping, isEnabled: false),
        AlertRule(.memory, period: .seconds(300), threshold: 0.9, severity: .page),
      ])
    let prod = try Fixture(yaml: yaml).load(stage: "prod")
    #expect(prod.task.environment["DEBUG"] == "0" && prod.task.volumes.isEmpty && prod.task.secrets.count == 2)
    #expect(devel.source?.digest?.utf8.count == 64)
  }

  @Test(
    "A wrong value is reported with its location",
    arguments: [
      ("config: {cpu: 0.5, ram: 256MB", "config: {cpu: 0.5, ram: 256", "\"ram\" needs a unit", "256MB or 256GB"),
      ("stages:", "env: {1X: a}\nstages:", "\"1X\" cannot be set", "6"),
      ("stages:", "env: {PATH: a}\nstages:", "\"PATH\" cannot be set", "6"),
      ("stages:", "env: {KILT_X: a}\nstages:", "\"KILT_X\" cannot be set", "6"),
      ("stages:", "secrets: {db: /etc/shadow}\nstages:", "is a path such as team/name", "6"),
      ("stages:", "volumes: [{host: data, at: /x}]\nstages:", "is not absolute", "6"),
      ("stages:", "volumes: [{host: /a/../b, at: /x}]\nstages:", "has \"..\"", "6"),
      ("stages:", "volumes: [{host: /a, at: /etc}]\nstages:", "the sandbox already uses the path", "6"),
      ("stages:", "volumes: [{host: /a}]\nstages:", "a volume has the keys host and at", "6"),
      ("stages:", "alerts: {memroy: on}\nstages:", "did you mean \"memory\"", "6"),
      ("stages:", "alerts: {flapping: {above: 3}}\nstages:", "has no limit to be above", "6"),
      ("stages:", "drain_secs: soon\nstages:", "a number of seconds from 0 to 3600", "6"),
    ])
  func mistakes(from: String, to: String, words: String, more: String) {
    let text = Fixture(yaml: Fixture.yaml.replacing(from, with: to)).message()
    #expect(text.contains(words) && text.contains(more) && text.contains("--> jobs/web.yaml:"), "\(text)")
  }

  @Test(
    "Kilt warns about scalars that other YAML parsers read differently",
    arguments: [
      ("mode: 010", "\"010\" is the number 10 here"), ("mode: no", "\"no\" is the text here"),
      ("mode: On", "\"On\" is the text here"), ("mode: 12:30", "a number of base 60"), ("mode: '010'", nil),
      ("mode: 10", nil), ("mode: false", nil),
    ] as [(String, String?)])
  func traps(_ arg: String, _ warning: String?) throws {
    let warnings = Mutex<[Diagnostic]>([])
    let fixture = Fixture(
      yaml: Fixture.yaml.replacing("args: {threads: 4}", with: "args: {threads: 4, \(arg)}"),
      template: "x = args.get('mode')\n" + Fixture.template)
    var loader = fixture.loader()
    loader.warn = { warning in warnings.withLock { $0.append(warning) } }
    _ = try loader.load("jobs/web.yaml", stage: "devel", artifacts: nil)
    let texts = warnings.withLock { $0.map { DiagnosticRenderer(color: false).render($0, as: .warning) } }
    #expect(texts.count == (warning == nil ? 0 : 1), "\(texts)")
    if let warning { #expect(texts.first?.contains(warning) == true && texts.first?.contains("web.yaml:5:") == true) }
  }

  @Test("Problems of a job file and of its template are reported together")
  func bothFiles() {
    let text = Fixture(
      yaml: Fixture.yaml.replacing("ram: 256MB", with: "ram: 256"),
      template: "p = Process(name = 'p', cmdlin = 'x')\n" + Fixture.template
    ).message()
    #expect(text.contains("jobs/web.yaml:4:") && text.contains("jobs/web.aurora:1:5"), "\(text)")
  }

  @Test("A check covers every stage of every file, in order, and finds two files for one job")
  func manyFiles() {
    var files: [String: String] = [:]
    for index in 0..<40 { files["jobs/w\(index).yaml"] = Fixture.yaml }
    files["jobs/bad.yaml"] = Fixture.yaml.replacing("user: www", with: "usr: www")
    files["jobs/twin.yaml"] = Fixture.yaml.replacing("user: www", with: "user: www\nname: w3")
    let paths = (0..<40).map { "jobs/w\($0).yaml" } + ["jobs/bad.yaml", "jobs/twin.yaml", "jobs/gone.yaml"]
    let checks = Fixture(files).loader().check(paths)
    #expect(checks.map(\.path) == paths)
    #expect(checks[..<40].allSatisfy { $0.jobs.map(\.stage) == ["devel", "prod"] && $0.errors.isEmpty })
    // The template does not use memcache, in one stage.
    #expect(checks[0].warnings.map(\.summary) == ["nothing uses the argument \"memcache\""])
    #expect(checks[40].errors.contains { $0.summary.contains("\"usr\"") })
    #expect(checks[41].errors.count == 2 && checks[41].errors[0].summary.contains("\"jobs/w3.yaml\" both describe"))
    #expect(
      checks[42].errors.map(\.summary) == ["cannot read the job file \"jobs/gone.yaml\": No such file or directory"])
  }

  @Test("The schema knows every key of job files")
  func schema() {
    let properties = JobFileSchema.json["properties"]?.object
    #expect(Set(properties?.names ?? []) == Set(JobFile.fileKeys))
    let stage = properties?["stages"]?["additionalProperties"]?["properties"]?.object
    #expect(Set(stage?.names ?? []) == Set(JobFile.stageKeys))
    let config = properties?["config"]?["properties"]?.object
    #expect(Set(config?.names ?? []) == Set(ConfigKey.allCases.map(\.rawValue)))
  }

  @Test("A draft loads unchanged", arguments: JobDraft.Shape.allCases)
  func drafts(_ shape: JobDraft.Shape) throws {
    let draft = JobDraft(
      name: "web", role: "www", buildname: "web_server", commit: "3f2c9d1e8a7b", shape: shape)
    let job = try Fixture(yaml: draft.jobFile, template: try #require(draft.templateFile)).load()
    #expect(job.isService && job.task.artifacts.map(\.name) == ["web_server"])
    #expect(job.requiredPorts == (shape == .service ? ["http"] : []))
  }

  @Test("A program's packages and options determine the proposed job")
  func traits() {
    let web = ProgramTraits(
      packages: ["flask", "requests"],
      sources: [.init(path: "a.py", text: "parser.add_argument(\"--port\")\n@app.get('/healthz')")])
    #expect(web.shape == .service && web.port == .flag("--port") && web.healthEndpoint == "/healthz")
    #expect(ProgramTraits(packages: ["pika", "flask"], sources: []).shape == .worker)
    let standard = ProgramTraits(packages: [], sources: [.init(path: "a.py", text: "import http.server")])
    #expect(standard.shape == .service)
    #expect(ProgramTraits(packages: ["numpy"], sources: [.init(path: "a.py", text: "print(1)")]).shape == .process)
  }

  @Test("A program that starts a server is a service even if it needs a queue's package")
  func serversWithQueues() {
    let packages = ["celery", "flask", "gunicorn"]
    let web = ProgramTraits(packages: packages, sources: [], script: "gunicorn")
    #expect(web.shape == .service && web.port == .addressFlag("--bind"))
    #expect(ProgramTraits(packages: packages, sources: [], script: "celery").shape == .worker)
    let entry = ProgramTraits.Source(path: "serve.py", text: "uvicorn.run(app, port=int(os.environ['PORT']))")
    let serve = ProgramTraits(packages: packages, sources: [entry], entry: "serve.py")
    #expect(serve.shape == .service && serve.port == .variable("PORT"))
  }

  @Test(
    "A draft passes the port in the form that the program accepts",
    arguments: [
      JobDraft.PortUse.flag("--port"), .addressFlag("--bind"), .variable("PORT"),
    ])
  func portUses(_ port: JobDraft.PortUse) throws {
    let draft = JobDraft(
      name: "web", role: "www", buildname: "web_server", commit: "3f2c9d1e8a7b", shape: .service, port: port)
    let job = try Fixture(yaml: draft.jobFile, template: try #require(draft.templateFile)).load()
    let command = try #require(job.task.processes.first?.cmdline)
    switch port {
    case .flag: #expect(command.contains("--port={{thermos.ports[http]}}"))
    case .addressFlag: #expect(command.contains("--bind=127.0.0.1:{{thermos.ports[http]}}"))
    case .variable: #expect(command.contains("PORT") && command.contains("{{thermos.ports[http]}}"))
    }
  }
}
