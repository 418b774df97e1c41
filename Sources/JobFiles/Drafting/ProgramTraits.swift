/// The traits of a program, from its entry point, its own code and its packages.
public struct ProgramTraits: Sendable {
  public var shape: JobDraft.Shape
  public var port = JobDraft.PortUse.flag("--port")
  public var healthEndpoint: String?
  /// The reason for each guess, one fact per line.
  public var reasons: [String] = []

  /// A Python file of the program.
  public struct Source: Sendable {
    public var path: String
    public var text: String

    public init(path: String, text: String) {
      self.path = path
      self.text = text
    }
  }

  private static let servers: Set<String> = [
    "aiohttp", "bottle", "cherrypy", "daphne", "django", "falcon", "fastapi", "flask", "granian", "gunicorn",
    "hypercorn", "quart", "sanic", "starlette", "tornado", "uvicorn", "waitress", "werkzeug", "grpcio",
  ]
  private static let queues: Set<String> = [
    "aio-pika", "aiokafka", "amqp", "celery", "confluent-kafka", "dramatiq", "huey", "kafka-python", "kombu",
    "nats-py", "pika", "rq",
  ]
  /// Console scripts of servers, with the option for their port.
  private static let serverScripts: [String: JobDraft.PortUse] = [
    "daphne": .flag("--port"), "fastapi": .flag("--port"), "flask": .flag("--port"), "granian": .flag("--port"),
    "gunicorn": .addressFlag("--bind"), "hypercorn": .addressFlag("--bind"), "uvicorn": .flag("--port"),
    "waitress-serve": .flag("--port"),
  ]
  private static let queueScripts: Set<String> = ["celery", "dramatiq", "huey_consumer", "rq"]
  /// Calls in an entry module that serve, and that take work from a queue.
  private static let servingCalls = [
    "uvicorn.run(", "app.run(", "waitress.serve(", "web.run_app(", "serve_forever(", "hypercorn", "make_server(",
  ]
  private static let queueCalls = ["worker_main(", "celery.start(", "app.start(", "start_consuming(", "Worker("]

  /// - Parameters:
  ///   - packages: normalized names of the packages that the program needs.
  ///   - sources: the program's own Python files.
  ///   - script: the console script that the program starts; nil when it starts a module.
  ///   - entry: the path of the module that the program starts.
  public init(packages: [String], sources: [Source], script: String? = nil, entry: String? = nil) {
    let serving = packages.filter(Self.servers.contains).sorted()
    let queueing = packages.filter(Self.queues.contains).sorted()
    let start = sources.first { $0.path == entry }
    let standard = sources.first { $0.text.contains("http.server") || $0.text.contains("wsgiref") }
    if let script, let port = Self.serverScripts[script] {
      shape = .service
      reasons.append("a service: it starts \(script)")
      self.port = port
      reasons.append("the port is passed as \(port.spelling), an option of \(script)")
    } else if let script, Self.queueScripts.contains(script) {
      shape = .worker
      reasons.append("a queue worker: it starts \(script)")
    } else if let start, let call = Self.servingCalls.first(where: start.text.contains) {
      shape = .service
      reasons.append("a service: \(start.path) has \(call)")
    } else if let start, !queueing.isEmpty, let call = Self.queueCalls.first(where: start.text.contains) {
      shape = .worker
      reasons.append("a queue worker: \(start.path) has \(call)")
    } else if !queueing.isEmpty {
      shape = .worker
      reasons.append("a queue worker: it needs \(queueing.joined(separator: ", "))")
    } else if !serving.isEmpty {
      shape = .service
      reasons.append("a service: it needs \(serving.joined(separator: ", "))")
    } else if let standard {
      shape = .service
      reasons.append("a service: \(standard.path) uses Python's own HTTP server")
    } else {
      shape = .process
      reasons.append("a plain process: it has no web framework and no queue")
    }
    guard shape == .service else { return }
    if script.flatMap({ Self.serverScripts[$0] }) == nil { findPort(in: sources) }
    findHealth(in: sources)
  }

  private mutating func findPort(in sources: [Source]) {
    for flag in ["--http-port", "--port", "--listen-port"] {
      if let source = sources.first(where: { $0.quotes(flag) }) {
        port = .flag(flag)
        reasons.append("the port is passed as \(flag): \(source.path) has that option")
        return
      }
    }
    for variable in ["PORT", "HTTP_PORT"] {
      if let source = sources.first(where: { $0.text.contains("environ") && $0.quotes(variable) }) {
        port = .variable(variable)
        reasons.append("the port is passed as the variable \(variable): \(source.path) reads it")
        return
      }
    }
    reasons.append("the port is passed as --port, which the code does not have: check the template")
  }

  private mutating func findHealth(in sources: [Source]) {
    for endpoint in ["/health", "/healthz", "/ping", "/status"] {
      // Django writes its routes without the first slash.
      let route = "path(\"\(endpoint.dropFirst())\""
      if let source = sources.first(where: { $0.quotes(endpoint) || $0.text.contains(route) }) {
        healthEndpoint = endpoint
        reasons.append("health is asked at \(endpoint): \(source.path) has that path")
        return
      }
    }
    reasons.append("health is asked at /health, which the code does not have: check the template")
  }
}

extension ProgramTraits.Source {
  /// Whether the source contains the text as a string literal.
  fileprivate func quotes(_ literal: String) -> Bool {
    text.contains("\"\(literal)\"") || text.contains("'\(literal)'")
  }
}

extension JobDraft.PortUse {
  fileprivate var spelling: String {
    switch self {
    case .flag(let name), .addressFlag(let name), .variable(let name): name
    }
  }
}
