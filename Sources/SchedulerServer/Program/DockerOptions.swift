internal import ArgumentParser
internal import Diagnostics
internal import SwarmEngine

/// Where tasks run.
enum EngineName: String, ExpressibleByArgument, CaseIterable {
  case local, swarm
}

/// How a scheduler reaches a Docker Swarm, and is reached from its nodes.
struct DockerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Docker engine of a manager of the swarm: unix:///PATH or https://HOST:2376. Default: "
        + "unix:///var/run/docker.sock.", valueName: "address"))
  var docker: String?

  @Option(
    help: ArgumentHelp("Certificates that the Docker engine's must be signed by, in PEM form.", valueName: "path"))
  var dockerTlsCa: String?

  @Option(help: ArgumentHelp("Certificate of this client for the Docker engine, in PEM form.", valueName: "path"))
  var dockerTlsCertificate: String?

  @Option(help: ArgumentHelp("Private key of that certificate, in PEM form.", valueName: "path"))
  var dockerTlsKey: String?

  @Option(
    help: ArgumentHelp(
      "Image of tasks in a swarm, made by `kilt cluster image`. Every node must have it.", valueName: "reference"))
  var image: String?

  @Option(
    help: ArgumentHelp(
      "Address at which the nodes of a swarm reach this scheduler: http(s)://HOST:PORT.", valueName: "url"))
  var advertise: String?

  /// - Returns: nil for tasks on this machine.
  func settings(for engine: EngineName) throws -> SwarmSettings? {
    let given = [docker, dockerTlsCa, dockerTlsCertificate, dockerTlsKey, image, advertise].contains { $0 != nil }
    guard engine == .swarm else {
      if given {
        throw Diagnostic(
          .input, "the options of a Docker Swarm were given without --engine swarm",
          remedies: ["add `--engine swarm`, or remove --docker, --image and --advertise"])
      }
      return nil
    }
    guard let image, let advertise else {
      throw Diagnostic(
        .input, "--engine swarm needs --image and --advertise",
        remedies: [
          "make an image with `kilt cluster image`, load it on every node, and name it with `--image`",
          "name the address at which the nodes reach this scheduler: `--advertise https://HOST:8081`",
        ])
    }
    var certificates: DockerAddress.Certificates?
    switch (dockerTlsCa, dockerTlsCertificate, dockerTlsKey) {
    case (let authority?, let certificate?, let key?):
      certificates = DockerAddress.Certificates(authority: authority, certificate: certificate, key: key)
    case (nil, nil, nil): break
    default:
      throw Diagnostic(
        .input, "--docker-tls-ca, --docker-tls-certificate and --docker-tls-key must be given together")
    }
    let address = try DockerAddress(docker ?? "unix:///var/run/docker.sock", certificates: certificates)
    return SwarmSettings(docker: address, image: image, advertise: try Self.checked(advertise))
  }

  /// The address without a slash at its end.
  private static func checked(_ text: String) throws -> String {
    let rest = text.hasPrefix("https://") ? text.dropFirst(8) : text.hasPrefix("http://") ? text.dropFirst(7) : ""
    let address = text.hasSuffix("/") ? String(text.dropLast()) : text
    guard !rest.isEmpty, !rest.dropLast(rest.hasSuffix("/") ? 1 : 0).contains("/"), !rest.contains("@") else {
      throw Diagnostic(
        .input, "invalid --advertise \"\(text)\"", remedies: ["write `--advertise https://HOST:PORT`"])
    }
    return address
  }
}
