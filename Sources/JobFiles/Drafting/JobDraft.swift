import JobModel

/// A job file, and a template where one is needed, for a job that is about to exist.
public struct JobDraft: Sendable {
  /// How the job runs.
  public enum Shape: String, Sendable, CaseIterable {
    /// A server that is called on a port.
    case service = "python_service"
    /// A process that takes work from a queue.
    case worker = "queue_worker"
    /// A process about which nothing is known.
    case process
  }

  public var name: String
  public var role: String
  public var buildname: String
  /// The commit that the stages name.
  public var commit: String
  public var shape: Shape
  /// The template, as the job file names it; nil writes one of its own.
  public var template: String?
  /// The option that takes the port; nil where the program has none.
  public var portFlag: String?
  public var healthEndpoint: String

  public init(
    name: String, role: String, buildname: String, commit: String, shape: Shape, template: String? = nil,
    portFlag: String? = nil, healthEndpoint: String = "/health"
  ) {
    self.name = name
    self.role = role
    self.buildname = buildname
    self.commit = commit
    self.shape = shape
    self.template = template
    self.portFlag = portFlag
    self.healthEndpoint = healthEndpoint
  }

  /// The text of `NAME.yaml`.
  public var jobFile: String {
    """
    # yaml-language-server: $schema=schema.json
    file: \(template ?? name + ".aurora")
    user: \(role)
    buildname: \(buildname)
    hashtype: git
    config: {cpu: 0.5, ram: 256MB, disk: 1GB, instances: 1}
    args: {}
    stages:
      devel:
        githash: \(commit)

    """
  }

  /// The text of `NAME.aurora`; nil when the job uses a template that exists.
  public var templateFile: String? {
    guard template == nil else { return nil }
    switch shape {
    case .service:
      let flag = (portFlag ?? "--port").drop { $0 == "-" }
      return """
        # How \(name) runs: one process from a bundle, on an allotted port, checked by HTTP.
        include("kilt/python_service.aurora")

        jobs = [
            pex_service(
                flags = {"\(flag)": "{{thermos.ports[http]}}"},
                health = http_health(port = "http", endpoint = "\(healthEndpoint)"),
            ),
        ]

        """
    case .worker:
      return """
        # How \(name) runs: one process from a bundle, replaced when it logs nothing for five minutes.
        include("kilt/queue_worker.aurora")

        jobs = [
            queue_worker(health = log_silence_health(seconds = 300)),
        ]

        """
    case .process:
      return """
        # How \(name) runs: one process from a bundle.
        include("kilt/python_service.aurora")

        jobs = [
            Service(task = SequentialTask(processes = [pex_process()])),
        ]

        """
    }
  }
}

/// What a program's own code and packages say about how it runs.
public struct ProgramTraits: Sendable {
  public var shape: JobDraft.Shape
  public var portFlag: String?
  public var healthEndpoint: String?
  /// Why, one fact a line.
  public var reasons: [String]

  private static let servers: Set<String> = [
    "aiohttp", "bottle", "cherrypy", "django", "falcon", "fastapi", "flask", "gunicorn", "hypercorn", "quart", "sanic",
    "starlette", "tornado", "uvicorn", "waitress", "werkzeug", "grpcio",
  ]
  private static let queues: Set<String> = [
    "aio-pika", "aiokafka", "amqp", "celery", "confluent-kafka", "dramatiq", "huey", "kafka-python", "kombu",
    "nats-py", "pika", "rq",
  ]

  /// - Parameters:
  ///   - packages: normalized names of the packages that the program needs.
  ///   - sources: the program's own Python files, by path.
  public init(packages: [String], sources: [(path: String, text: String)]) {
    reasons = []
    let serving = packages.filter(Self.servers.contains)
    let queueing = packages.filter(Self.queues.contains)
    let standard = sources.filter { $0.text.contains("http.server") || $0.text.contains("wsgiref") }
    if !queueing.isEmpty {
      shape = .worker
      reasons.append("a queue worker: it needs \(queueing.sorted().joined(separator: ", "))")
    } else if !serving.isEmpty {
      shape = .service
      reasons.append("a service: it needs \(serving.sorted().joined(separator: ", "))")
    } else if let source = standard.first {
      shape = .service
      reasons.append("a service: \(source.path) uses Python's own HTTP server")
    } else {
      shape = .process
      reasons.append("a plain process: no web framework and no queue was found")
    }
    guard shape == .service else { return }
    for flag in ["--http-port", "--port", "--listen-port"] {
      if let source = sources.first(where: { $0.text.contains("\"\(flag)\"") || $0.text.contains("'\(flag)'") }) {
        portFlag = flag
        reasons.append("the port is passed as \(flag): \(source.path) has that option")
        break
      }
    }
    if portFlag == nil {
      reasons.append("the port is passed as --port, which was not found in the code: check the template")
    }
    for endpoint in ["/health", "/healthz", "/ping", "/status"] {
      if let source = sources.first(where: { $0.text.contains("\"\(endpoint)\"") || $0.text.contains("'\(endpoint)'") })
      {
        healthEndpoint = endpoint
        reasons.append("health is asked at \(endpoint): \(source.path) has that path")
        break
      }
    }
    if healthEndpoint == nil {
      reasons.append("health is asked at /health, which was not found in the code: check the template")
    }
  }
}
