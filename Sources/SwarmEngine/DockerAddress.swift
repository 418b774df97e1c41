// SwarmEngine: the part of Docker's Engine API that tasks in a Docker Swarm need. It creates, watches and removes services
// of one replica; who decides about them is SchedulerCore, and who places and supervises containers is Swarm.

public import Diagnostics

/// Where a Docker engine answers: `unix:///var/run/docker.sock`, or `https://HOST:2376` with certificate files.
public struct DockerAddress: Sendable, Hashable {
  /// The files of a TLS connection, in PEM form.
  public struct Certificates: Sendable, Hashable {
    public var authority: String
    public var certificate: String
    public var key: String

    public init(authority: String, certificate: String, key: String) {
      self.authority = authority
      self.certificate = certificate
      self.key = key
    }
  }

  public var text: String
  /// The socket of an engine on this machine; nil for one that is reached by TLS.
  public var socket: String?
  public var certificates: Certificates?

  /// - Throws: ``Diagnostic`` for an address of another kind, and for `https` without certificates.
  public init(_ text: String, certificates: Certificates?) throws(Diagnostic) {
    self.text = text
    self.certificates = certificates
    if text.hasPrefix("unix://") {
      let path = String(text.dropFirst("unix://".count))
      guard path.hasPrefix("/") else {
        throw Diagnostic(
          .input, "invalid --docker \"\(text)\": the path of the socket is not absolute",
          remedies: ["write `--docker unix:///var/run/docker.sock`"])
      }
      guard certificates == nil else {
        throw Diagnostic(
          .input, "--docker \"\(text)\" is a socket and uses no certificates",
          remedies: ["remove the --docker-tls options"])
      }
      socket = path
      return
    }
    let rest = text.dropFirst("https://".count)
    guard text.hasPrefix("https://"), !rest.isEmpty, !rest.contains("/"), !rest.contains("@") else {
      throw Diagnostic(
        .input, "invalid --docker \"\(text)\"",
        remedies: [
          "write `--docker unix:///var/run/docker.sock`",
          "write `--docker https://HOST:2376` with --docker-tls-ca, --docker-tls-certificate and --docker-tls-key",
        ])
    }
    guard certificates != nil else {
      throw Diagnostic(
        .input, "--docker \"\(text)\" needs certificates: whoever reaches a Docker engine controls its machine",
        remedies: ["add --docker-tls-ca, --docker-tls-certificate and --docker-tls-key"])
    }
  }

  /// The beginning of every URL.
  var base: String { socket == nil ? text : "http://docker" }
}
