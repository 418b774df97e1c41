public import JSON

extension HealthCheckConfiguration: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(checker: try fields.object("checker"))
    initialInterval = try fields.optionalDuration("initial_interval") ?? initialInterval
    interval = try fields.optionalDuration("interval") ?? interval
    timeout = try fields.optionalDuration("timeout") ?? timeout
    maxConsecutiveFailures = try fields.optionalInteger("max_consecutive_failures") ?? maxConsecutiveFailures
    minConsecutiveSuccesses = try fields.optionalInteger("min_consecutive_successes") ?? minConsecutiveSuccesses
  }

  public var json: JSONValue {
    .members([
      "checker": checker.json, "initial_interval": .seconds(initialInterval), "interval": .seconds(interval),
      "timeout": .seconds(timeout), "max_consecutive_failures": .integer(maxConsecutiveFailures),
      "min_consecutive_successes": .integer(minConsecutiveSuccesses),
    ])
  }
}

extension HealthChecker: JSONCodable {
  private enum Kind: String, CaseIterable {
    case http, shell, tcp
    case logSilence = "log_silence"
  }

  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    switch try fields.enumeration("kind", Kind.self) {
    case .http: self = .http(try HTTPHealthChecker(json: json))
    case .shell: self = .shell(command: try fields.string("command"))
    case .tcp: self = .tcp(port: try fields.string("port"))
    case .logSilence:
      guard let limit = try fields.optionalDuration("limit") else { throw ModelError(path: "limit", problem: .missing) }
      self = .logSilence(LogSilenceChecker(process: try fields.optionalString("process"), limit: limit))
    }
  }

  public var json: JSONValue {
    switch self {
    case .http(let http):
      .fields([
        "kind": "http", "port": .string(http.port), "endpoint": .string(http.endpoint),
        // Null and absent differ here: null accepts any response, absent is the default.
        "expected_response": .text(http.expectedResponse) ?? .null, "expected_code": .integer(http.expectedCode),
        "base": .text(http.base),
      ])
    case .shell(let command): .members(["kind": "shell", "command": .string(command)])
    case .tcp(let port): .members(["kind": "tcp", "port": .string(port)])
    case .logSilence(let check):
      .fields(["kind": "log_silence", "process": .text(check.process), "limit": .seconds(check.limit)])
    }
  }
}

extension HTTPHealthChecker: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init()
    port = try fields.optionalString("port") ?? port
    endpoint = try fields.optionalString("endpoint") ?? endpoint
    if json["expected_response"] != nil { expectedResponse = try fields.optionalString("expected_response") }
    expectedCode = try fields.optionalInteger("expected_code") ?? expectedCode
    base = try fields.optionalString("base")
  }

  public var json: JSONValue { HealthChecker.http(self).json }
}

extension Announcer: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      primaryPort: try fields.optionalString("primary_port") ?? "http", zkPath: try fields.optionalString("zk_path"))
    guard json["portmap"] != nil else { return }
    portmap = try fields.dictionary("portmap", expected: "a port name or number") { name, value in
      if let alias = value.string { return (name, .alias(alias)) }
      return value.int.flatMap(Int.init(exactly:)).map { (name, .number($0)) }
    }
  }

  public var json: JSONValue {
    .fields([
      "primary_port": .string(primaryPort),
      "portmap": .dictionary(portmap) { target in
        switch target {
        case .alias(let name): .string(name)
        case .number(let number): .integer(number)
        }
      }, "zk_path": .text(zkPath),
    ])
  }
}

extension LifecycleConfiguration: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init()
    port = try fields.optionalString("port") ?? port
    gracefulShutdownEndpoint = try fields.optionalString("graceful_shutdown_endpoint") ?? gracefulShutdownEndpoint
    shutdownEndpoint = try fields.optionalString("shutdown_endpoint") ?? shutdownEndpoint
    gracefulShutdownWait = try fields.optionalDuration("graceful_shutdown_wait") ?? gracefulShutdownWait
    shutdownWait = try fields.optionalDuration("shutdown_wait") ?? shutdownWait
  }

  public var json: JSONValue {
    .members([
      "port": .string(port), "graceful_shutdown_endpoint": .string(gracefulShutdownEndpoint),
      "shutdown_endpoint": .string(shutdownEndpoint), "graceful_shutdown_wait": .seconds(gracefulShutdownWait),
      "shutdown_wait": .seconds(shutdownWait),
    ])
  }
}
