internal import SwarmEngine
internal import SystemSupport

/// How tasks run in a Docker Swarm.
struct SwarmSettings: Sendable {
  var docker: DockerAddress
  /// The image with the executor, by a name that the manager's engine knows.
  var image: String
  /// Where the nodes reach this scheduler: `http://HOST:PORT` or `https://HOST:PORT`.
  var advertise: String
  /// How long a node that managers do not hear from, with an executor that does not report, is waited for before its
  /// tasks count as lost.
  var patience = Duration.seconds(12)
}
