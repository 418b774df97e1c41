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
        .environment, "cannot reach the artifact repository \(repository)", notes: [cause],
        remedies: [
          "check the URL, the network and the server",
          "bundles in the runner cache still run without the artifact repository",
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
        .environment, "cannot list the artifact repository \(repository): the server has no directory index",
        remedies: ["name the commit by all its digits, or use the directory or bucket behind it"])
    case .server(let repository, let reason):
      Diagnostic(.environment, "the repository \(repository) failed", notes: [reason], remedies: ["try again later"])
    case .noCacheDirectory:
      Diagnostic(
        .environment, "cannot locate the runner cache: HOME is not set",
        remedies: ["set KILT_RUNNER_CACHE to a directory"])
    case .missingBucket(let repository):
      Diagnostic(
        .environment, "the bucket of the repository \(repository) does not exist",
        remedies: ["check its name and the endpoint, or create it"])
    case .damagedCache:
      Diagnostic(
        .environment, "the fetched segments do not match the bundle digest in the manifest",
        remedies: [
          "run `kilt artifacts verify`: the manifest in the artifact repository may be damaged",
          "or check the disk of the runner cache",
        ])
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
          "free space on that file system (for the runner cache: `pex-runner cache gc`), then run it again: nothing is half-written"
        ]
      case EACCES, EPERM: ["give this user access to it, or use another directory"]
      case EROFS: ["the file system is read-only: use another directory (KILT_RUNNER_CACHE for the cache)"]
      default: []
      }
    return Diagnostic(.environment, error.description, remedies: remedies)
  }
}
