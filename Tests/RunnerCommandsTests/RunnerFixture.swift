import Artifacts
import Digests
import SystemSupport
import Testing

/// The built `pex-runner` with a cache and a repository of its own.
final class RunnerFixture: Sendable {
  let scratch: FilePath
  let executable: FilePath

  var repositoryPath: FilePath { scratch.appending("repository") }
  var cachePath: FilePath { scratch.appending("cache") }
  var repository: Repository { Repository(directory: repositoryPath) }

  init() throws {
    scratch = try FileSystem.makeTemporaryDirectory(prefix: "runner")
    // The package's products are beside the test executable.
    executable = try executablePath().removingLastComponent().appending("pex-runner")
    try #require(FileSystem.isExecutable(executable), "\(executable) is not built: swift build --product pex-runner")
  }

  deinit {
    do { try FileSystem.removeTree(scratch) } catch { Issue.record("the scratch folder stays: \(error)") }
  }

  /// Publishes a bundle whose program is a shell script.
  @discardableResult
  func publish(
    _ name: String = "igor", _ commit: Character = "a", script: String = "echo \"args: $*\"\nexit 7\n",
    wheel: [UInt8] = Array(repeating: 0x55, count: 100_000), created: Int64 = 1_700_000_000,
    pushed: [String] = [], signer: (any ManifestSigner)? = nil
  ) throws -> Manifest {
    let prefix = Array("#!/bin/sh\n\(script)exit 0\n".utf8)
    let key = ManifestKey(
      name: try #require(ArtifactName(name)), commit: try #require(Commit(String(repeating: commit, count: 40))),
      platform: .current)
    let file = scratch.appending(key.fileName)
    try FileSystem.write(prefix + wheel, to: file)
    let manifest = Manifest(
      key: key, size: Int64(prefix.count + wheel.count),
      segments: [
        Manifest.Segment(kind: "prefix", name: "prefix", digest: .of(prefix), size: Int64(prefix.count)),
        Manifest.Segment(kind: "wheel", name: "some.whl", digest: .of(wheel), size: Int64(wheel.count)),
      ], pushed: pushed, created: created)
    _ = try repository.publish(manifest, file: file, options: PublishOptions(signer: signer))
    return manifest
  }

  /// The environment of a run: nothing of the machine's own configuration is in it.
  var environment: [String] {
    [
      "PATH=/usr/local/bin:/usr/bin:/bin", "HOME=\(scratch)", "KILT_RUNNER_CACHE=\(cachePath)",
      "KILT_REPOSITORY=\(repositoryPath)", "PEX_RUNNER=\(executable)",
    ]
  }

  func run(_ arguments: String..., environment changes: [String] = []) throws -> Subprocess.Outcome {
    let names = changes.map { $0.prefix { $0 != "=" } }
    let kept = environment.filter { entry in !names.contains(entry.prefix { $0 != "=" }) }
    return try Subprocess(
      executable.string, arguments, environment: kept + changes, workingDirectory: scratch,
      deadlineMilliseconds: 60_000
    ).run()
  }
}
