import Artifacts
import Digests
import Glibc
import HTTPClient
import JSON
import JobModel
import SchedulerClient
import SigningKeys
import SystemSupport
import TestServers
import Testing

/// A real scheduler with a trust policy: an artifact is held against it when its job is submitted, and again by the real
/// `pex-runner` when a task fetches it.
@Suite(.serialized) final class ArtifactTrustTests {
  private let scratch: FilePath
  private let repository: Repository
  private let policy: FilePath
  private let main = PrivateKey.generate()
  private let branch = PrivateKey.generate()
  private let fixture: SchedulerFixture

  init() throws {
    scratch = try FileSystem.makeTemporaryDirectory(prefix: "trusted")
    repository = Repository(directory: scratch.appending("repository"))
    policy = scratch.appending("trust.toml")
    let config = scratch.appending("scheduler.toml")
    try FileSystem.write(text: "[policy]\ntrust = \"\(policy)\"\n", to: config)
    try Self.write(policy, main, branch)
    fixture = try SchedulerFixture([
      "--config", config.string, "--repository", scratch.appending("repository").string, "--allow-missing-user",
    ])
  }

  deinit {
    do { try FileSystem.removeTree(scratch) } catch { Issue.record("\(error)") }
  }

  private static func write(
    _ policy: FilePath, _ main: PrivateKey, _ branch: PrivateKey, ofMain more: String = ""
  ) throws {
    try FileSystem.write(
      text: """
        [keys.main]
        public = "\(main.publicKey.text)"
        role = "ci-main"
        \(more)
        [keys.branch]
        public = "\(branch.publicKey.text)"
        role = "ci-branch"
        [rules.production]
        stages = ["prod"]
        branches = ["main"]
        roles = ["ci-main"]
        main = true
        [rules.development]
        stages = ["devel"]
        roles = ["ci-main", "ci-branch"]
        """, to: policy)
  }

  private static func key(_ commit: Character, _ name: String = "web") throws -> ManifestKey {
    ManifestKey(
      name: try ArtifactName(validating: name), commit: try #require(Commit(String(repeating: commit, count: 40))),
      platform: .current)
  }

  /// Publishes a program that sleeps.
  @discardableResult
  private func publish(
    _ commit: Character, _ name: String = "web", signer: PrivateKey?, branch: String = "main"
  ) throws -> Manifest {
    let script = Array("#!/bin/sh\nexec sleep 1000\n".utf8)
    let file = scratch.appending("web.pex")
    try FileSystem.write(script, to: file)
    let manifest = Manifest(
      key: try Self.key(commit, name), size: Int64(script.count),
      segments: [.init(kind: "prefix", name: "prefix", digest: .of(script), size: Int64(script.count))],
      branch: branch, pushed: [branch], isOnMain: branch == "main", created: 1_700_000_000)
    _ = try repository.publish(manifest, file: file, options: PublishOptions(signer: signer))
    return manifest
  }

  private func path(_ commit: Character, _ name: String = "web") -> FilePath {
    FilePath(
      "\(scratch)/repository/artifacts/\(name)/\(String(repeating: commit, count: 40))/\(ArtifactPlatform.current).json"
    )
  }

  private func job(_ manifest: Manifest, stage: String = "prod") -> JobConfiguration {
    var job = fixture.job("web", instances: 1)
    job.key.stage = stage
    job.task.artifacts = [
      TaskArtifact(
        name: "web", version: manifest.key.commit.text, platform: ArtifactPlatform.current.text,
        digest: manifest.digest.hex)
    ]
    job.task.processes[0].cmdline = "./web.pex # \(fixture.mark)"
    job.healthCheck = nil
    return job
  }

  /// The code and the notes with which the API refuses a job; nil if it is accepted.
  private func refusal(_ job: JobConfiguration) throws -> (codes: [String], text: String)? {
    let response = try fixture.request(.post, "/api/jobs", job.json)
    if response.status < 300 { return nil }
    return (try JSONValue(parsing: response.text)["error"]?["codes"]?.strings ?? [], response.text)
  }

  @Test("An artifact that the trust policy refuses is refused at submission, with the rule")
  func submission() throws {
    func expect(_ job: JobConfiguration, _ code: String, _ reason: String) throws {
      let found = try #require(try refusal(job), "accepted: \(reason)")
      #expect(found.codes == [code], "\(found.text)")
      #expect(found.text.contains(reason), "\(found.text)")
    }
    let refused = "artifact-refused"
    try expect(job(try publish("a", signer: nil)), refused, "rule \\\"production\\\": the manifest is not signed")
    try expect(job(try publish("b", signer: .generate())), refused, "no trusted key signed the manifest as it is")
    let topic = try publish("c", signer: main, branch: "topic")
    try expect(job(topic), refused, "rule \\\"production\\\": it is not for branch \\\"topic\\\"")
    // A key with rights for another stage.
    let byBranch = try publish("d", signer: branch)
    try expect(job(byBranch), refused, "of role ci-branch does not count for it")
    #expect(try refusal(job(byBranch, stage: "devel")) == nil)
    // A changed manifest.
    let changed = try publish("e", signer: main)
    let text = try FileSystem.readText(path("e"))
    try FileSystem.write(text: text.replacing("\"pushed\":[\"main\"]", with: "\"pushed\":[\"mail\"]"), to: path("e"))
    try expect(job(changed), refused, "no trusted key signed the manifest as it is")
    try FileSystem.write(text: String(text.dropLast(9)), to: path("e"))
    try expect(job(changed), "artifact-damaged", "cannot use the manifest")
    // The manifest of another artifact, copied to this name.
    try publish("f", "other", signer: main)
    try FileSystem.createDirectories(path("f").removingLastComponent())
    try FileSystem.copyFile(path("f", "other"), to: path("f"), permissions: 0o644)
    try expect(job(try publish("9", signer: main)).with(commit: "f"), "artifact-damaged", "its \\\"name\\\" is not")
    // A revoked key, without a restart.
    let good = try publish("8", signer: main)
    try Self.write(policy, main, branch, ofMain: "revoked = true")
    try expect(job(good), refused, "the key \\\"main\\\" is revoked")
    // A policy that cannot be read admits nothing.
    try FileSystem.write(text: "[rules", to: policy)
    #expect(try refusal(job(good)) != nil)
    try Self.write(policy, main, branch)
    #expect(try refusal(job(good)) == nil)
  }

  @Test("A commit published before its push is admitted once the main branch's CI has published it")
  func laterPublication() throws {
    let unsigned = try publish("a", signer: nil, branch: "topic")
    #expect(try refusal(job(unsigned))?.codes == ["artifact-refused"])
    try publish("a", signer: main)
    #expect(try refusal(job(unsigned)) == nil)
    let recorded = try #require(try fixture.client().job(job(unsigned).key)).configuration.task.artifacts[0]
    #expect(recorded.branch == "main" && recorded.isOnMainBranch == true)
  }

  @Test("A task is refused at its fetch if the policy no longer admits the artifact")
  func fetch() throws {
    let job = job(try publish("a", signer: main))
    #expect(try refusal(job) == nil)
    let running = try fixture.waitForInstances(job.key, "the task runs") { instances in
      instances.first?.status == .running && instances.first?.pids.isEmpty == false
    }
    try Self.write(policy, main, branch, ofMain: "revoked = true")
    for id in running[0].pids { kill(id, SIGKILL) }
    // The first task failed because its process was killed; the second one is refused before it starts.
    try waitUntil("the next task is refused") {
      try fixture.tasks().contains { task in
        let checkpoint = task.appending("checkpoint")
        guard FileSystem.exists(checkpoint) else { return false }
        return try FileSystem.readText(checkpoint).contains("the key \\\"main\\\" is revoked")
      }
    }
  }

  @Test("A file by version needs its digest, and a signature that the policy admits") func versions() throws {
    let file = scratch.appending("web")
    try FileSystem.write(text: "#!/bin/sh\nexec sleep 1000\n", to: file)
    let (digest, size) = try SHA256Digest.ofFile(file)
    func put(_ version: String, signer: PrivateKey?) throws -> JobConfiguration {
      var release = Release(
        name: try ArtifactName(validating: "web"), version: try ReleaseVersion(validating: version, kind: .version),
        files: [.init(name: try ArtifactName(validating: "web"), digest: digest, size: size)], builder: "kilt",
        created: 1_700_000_000)
      if let signer { try release.sign(with: signer) }
      _ = try repository.put(release, files: [file])
      var job = fixture.job("web", instances: 1)
      job.task.artifacts = [
        TaskArtifact(name: "web", hashType: .version, version: version, digest: digest.hex)
      ]
      return job
    }
    #expect(try refusal(try put("1.0.0", signer: nil))?.codes == ["artifact-refused"])
    var signed = try put("1.1.0", signer: branch)
    signed.task.artifacts[0].digest = SHA256Digest.of("another").hex
    #expect(try refusal(signed)?.codes == ["artifact-digest"])
    signed.task.artifacts[0].digest = digest.hex
    signed.task.artifacts[0].version = "1.2.0"
    #expect(try refusal(signed)?.codes == ["artifact-missing"])
    signed.task.artifacts[0].version = "^1"
    #expect(try refusal(signed)?.codes == ["artifact-missing"])
    signed.task.artifacts[0].version = "1.1.0"
    #expect(try refusal(signed) == nil)
  }
}

extension JobConfiguration {
  /// The job with another commit of its artifact.
  fileprivate func with(commit: Character) -> JobConfiguration {
    var job = self
    job.task.artifacts[0].version = String(repeating: commit, count: 40)
    return job
  }
}
