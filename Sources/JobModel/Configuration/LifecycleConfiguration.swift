/// Asking a task to end over HTTP before it is signalled: POST to the graceful endpoint, wait, POST to the other, wait,
/// then SIGTERM, `finalizationWait`, SIGKILL.
public struct LifecycleConfiguration: Sendable, Hashable {
  /// A port name; if the task has no such port, no request is sent.
  public var port: String
  public var gracefulShutdownEndpoint: String
  public var shutdownEndpoint: String
  public var gracefulShutdownWait: Duration
  public var shutdownWait: Duration

  public init(
    port: String = "health", gracefulShutdownEndpoint: String = "/quitquitquit",
    shutdownEndpoint: String = "/abortabortabort", gracefulShutdownWait: Duration = .seconds(5),
    shutdownWait: Duration = .seconds(5)
  ) {
    self.port = port
    self.gracefulShutdownEndpoint = gracefulShutdownEndpoint
    self.shutdownEndpoint = shutdownEndpoint
    self.gracefulShutdownWait = gracefulShutdownWait
    self.shutdownWait = shutdownWait
  }
}
