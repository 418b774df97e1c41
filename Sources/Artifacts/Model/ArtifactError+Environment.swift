import Diagnostics
import DirectoryTrust
import Glibc
import SystemSupport

extension ArtifactError {
  /// The errors that are about the machine, the network or the server.
  var environment: Diagnostic {
    switch self {
    case .unreachable(let repository, let cause):
      Diagnostic(
        .environment, "the repository \(repository) cannot be reached", notes: [cause],
        remedies: [
          "check the URL, the network and the server",
          "what this machine has fetched before still runs without the repository",
        ])
    case .denied(let repository, let reason):
      Diagnostic(
        .environment, "the repository \(repository) refuses access", notes: [reason],
        remedies: repository.hasPrefix("s3:")
          ? [
            "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or ~/.aws/credentials), the bucket's policy and this clock"
          ] : ["check the user name and password for this host (netrc file)"])
    case .readOnly(let repository):
      Diagnostic(
        .input, "the repository \(repository) is read-only: it is an HTTP URL",
        remedies: ["publish to the directory or bucket behind it"])
    case .noListing(let repository):
      Diagnostic(
        .environment, "the repository \(repository) cannot be listed: the server has no directory index",
        remedies: ["name the commit by all its digits, or use the directory or bucket behind it"])
    case .server(let repository, let reason):
      Diagnostic(.environment, "the repository \(repository) failed", notes: [reason], remedies: ["try again later"])
    case .noCacheDirectory:
      Diagnostic(
        .environment, "there is no place for the cache: HOME is not set",
        remedies: ["set KILT_RUNNER_CACHE to a directory"])
    case .missingBucket(let repository):
      Diagnostic(
        .environment, "the bucket of the repository \(repository) does not exist",
        remedies: ["check its name and the endpoint, or create it"])
    case .damagedCache:
      Diagnostic(
        .environment, "the bundle that its fetched segments give is not the one that its manifest names",
        remedies: ["the manifest in the repository is wrong: kilt artifacts verify", "or the cache's disk is failing"])
    case .damagedRecord(let path, let reason):
      Diagnostic(
        .environment, "the runner cache has a damaged file \(quoted(path))", notes: [reason],
        remedies: ["connect to the artifact repository, and start again: Kilt replaces the file"])
    case .untrusted(let error): error.diagnostic
    case .client(let diagnostic): diagnostic
    case .file(let error): file(error)
    default: Diagnostic(.defect, "unexpected: \(self)")
    }
  }

  private func file(_ error: SystemCallError) -> Diagnostic {
    let remedies: [String] =
      switch error.errno.rawValue {
      case ENOSPC, EDQUOT:
        [
          "make room on that file system (for the cache: pex-runner cache gc), then run it again: nothing is half-written"
        ]
      case EACCES, EPERM: ["give this user the right to it, or use another directory"]
      case EROFS: ["the file system is read-only: use another directory (KILT_RUNNER_CACHE for the cache)"]
      default: []
      }
    return Diagnostic(.environment, error.description, remedies: remedies)
  }
}
