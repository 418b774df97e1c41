import JobModel

/// A job file, and a template where one is needed, for a job that is about to exist.
public struct JobDraft: Sendable {
  /// The shape of the job.
  public enum Shape: String, Sendable, CaseIterable {
    /// A server that is called on a port.
    case service = "python_service"
    /// A process that takes work from a queue.
    case worker = "queue_worker"
    /// A process without known traits.
    case process
  }

  /// The way in which a program learns the port that it listens on.
  public enum PortUse: Sendable, Hashable {
    /// An option with the port, such as `--port`.
    case flag(String)
    /// An option with an address and the port, such as gunicorn's `--bind`.
    case addressFlag(String)
    /// A variable of the environment, such as `PORT`.
    case variable(String)
  }

  public var name: String
  public var role: String
  public var buildname: String
  /// The commit that the stages name.
  public var commit: String
  public var shape: Shape
  /// The template, as the job file names it; nil writes one of its own.
  public var template: String?
  /// The way in which the program learns its port.
  public var port: PortUse
  public var healthEndpoint: String

  public init(
    name: String, role: String, buildname: String, commit: String, shape: Shape, template: String? = nil,
    port: PortUse = .flag("--port"), healthEndpoint: String = "/health"
  ) {
    self.name = name
    self.role = role
    self.buildname = buildname
    self.commit = commit
    self.shape = shape
    self.template = template
    self.port = port
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
      let value = "{{thermos.ports[http]}}"
      let argument =
        switch port {
        case .flag(let flag): "flags = {\"\(flag.drop { $0 == "-" })\": \"\(value)\"}"
        case .addressFlag(let flag): "flags = {\"\(flag.drop { $0 == "-" })\": \"127.0.0.1:\(value)\"}"
        case .variable(let name): "environment = {\"\(name)\": \"\(value)\"}"
        }
      return """
        # How \(name) runs: one process from a bundle, on an allotted port, checked by HTTP.
        include("kilt/python_service.aurora")

        jobs = [
            pex_service(
                \(argument),
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
