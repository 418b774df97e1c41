internal import Digests
internal import SystemSupport

/// The Python that runs tests and writes coverage reports: real files that are part of this executable.
enum RunnerScripts {
  static let runnerName = "kilt_test_runner.py"
  static let coverageName = "kilt_coverage.py"

  /// The digest of the scripts that run tests.
  static let digest = SHA256Digest.of(PackageResources.kilt_test_runner_py)

  /// Writes the scripts into a directory.
  static func write(to folder: FilePath) throws(SystemCallError) {
    try FileSystem.write(PackageResources.kilt_test_runner_py, to: folder.appending(runnerName))
    try FileSystem.write(PackageResources.kilt_coverage_py, to: folder.appending(coverageName))
  }
}
