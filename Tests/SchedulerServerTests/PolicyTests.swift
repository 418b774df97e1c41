import Artifacts
import Diagnostics
import Digests
import Glibc
import HTTPClient
import JSON
import JobFiles
import JobModel
import SchedulerClient
import SchedulerCore
import SystemSupport
import TestServers
import Testing

@testable import SchedulerServer

/// A client that lies: every rule is tried through the API of a real scheduler, which knows better.
@Suite(.serialized) struct LyingClientTests {
  private static let commit = String(repeating: "3f2c9d1e8a", count: 4)
  private static let other = String(repeating: "00ff00ff00", count: 4)

  /// A scheduler with a policy, an artifact repository and a mirror of a git repository.
  private final class Cluster {
    let scratch: FilePath
    let fixture: SchedulerFixture
    let digest: String
    private(set) var head = ""

    init(_ more: String = "") throws {
      scratch = try FileSystem.makeTemporaryDirectory(prefix: "policy")
      digest = TreeDigest([.init(digest: SHA256Digest.of("bundle"), size: 6)]).digest.hex
      try Cluster.publish(in: scratch, commit: LyingClientTests.commit, isOnMain: true)
      try Cluster.publish(in: scratch, commit: LyingClientTests.other, isOnMain: false)
      let config = scratch.appending("scheduler.toml")
      try FileSystem.write(
        text: """
          [policy]
          production_stages = ["prod", "live-*"]
          stages = ["devel", "prod", "Prod", "live-*"]
          artifacts = "production"
          \(more.replacing("MIRROR", with: scratch.appending("work/.git").string))

          [policy.roles]
          "prod" = ["\(SchedulerFixture.user)"]
          "devel" = ["\(SchedulerFixture.user)"]
          "live-*" = ["nobody-else"]

          [policy.volumes."/var/lib/igor"]
          roles = ["\(SchedulerFixture.user)"]
          mode = "ro"

          [policy.attributes]
          rack = "r1"
          """, to: config)
      fixture = try SchedulerFixture([
        "--config", config.string, "--repository", scratch.appending("repository").string, "--allow-missing-user",
      ])
    }

    deinit {
      do { try FileSystem.removeTree(scratch) } catch { Issue.record("\(error)") }
    }

    static func publish(in scratch: FilePath, commit: String, isOnMain: Bool) throws {
      let segment = SHA256Digest.of("bundle")
      let digest = TreeDigest([.init(digest: segment, size: 6)]).digest
      let name = try ArtifactName(validating: "web")
      let key = ManifestKey(name: name, commit: try #require(Commit(commit)), platform: .current)
      let manifest = Manifest(
        key: key, digest: digest, size: 6, segments: [.init(kind: "code", name: "code", digest: segment, size: 6)],
        branch: isOnMain ? "main" : "topic", isOnMain: isOnMain, created: 1)
      let directory = scratch.appending("repository/artifacts/web/\(commit)")
      try FileSystem.createDirectories(directory)
      try FileSystem.write(text: manifest.json.text(), to: directory.appending("\(ArtifactPlatform.current.text).json"))
    }

    func git(_ arguments: String...) throws -> String {
      let outcome = try Subprocess(
        "git",
        ["-c", "user.name=ann", "-c", "user.email=ann@acme.example", "-C", scratch.appending("work").string] + arguments
      ).run()
      try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
      return outcome.text
    }

    /// Commits a job file and its template in the repository that the scheduler mirrors.
    func commitFiles(_ yaml: String, _ template: String) throws {
      let jobs = scratch.appending("work/jobs")
      if !FileSystem.exists(scratch.appending("work")) {
        try FileSystem.createDirectories(jobs)
        _ = try git("init", "--quiet", "--initial-branch", "main")
      }
      try FileSystem.write(text: yaml, to: jobs.appending("web.yaml"))
      try FileSystem.write(text: template, to: jobs.appending("web.aurora"))
      _ = try git("add", "-A")
      _ = try git("commit", "--quiet", "-m", "jobs")
      head = try git("rev-parse", "HEAD")
    }

    /// The codes with which the API refuses a job; empty if it is accepted.
    func codes(_ change: (inout JobConfiguration) -> Void) throws -> [String] {
      var job = fixture.job("web", instances: 1)
      job.key.stage = "prod"
      job.task.artifacts = [
        TaskArtifact(
          name: "web", version: LyingClientTests.commit, platform: ArtifactPlatform.current.text, digest: digest,
          branch: "main", isOnMainBranch: true)
      ]
      change(&job)
      let response = try fixture.request(.post, "/api/jobs", job.json)
      let body = try JSONValue(parsing: response.text)
      if response.status < 300 { return [] }
      #expect(response.status == 422 || response.status == 409, "\(response.text)")
      #expect(body["error"]?["remedy"]?.string?.isEmpty == false, "\(response.text)")
      return body["error"]?["codes"]?.strings ?? ["no code: \(response.text)"]
    }
  }

  @Test("A tightened policy starts no task of a job that it forbids") func tightened() throws {
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "policy")
    defer { do { try FileSystem.removeTree(scratch) } catch { Issue.record("\(error)") } }
    let (config, data) = (scratch.appending("scheduler.toml"), scratch.appending("data"))
    try FileSystem.createDirectories(data)
    try FileSystem.setPermissions(0o777, of: data)
    try FileSystem.setPermissions(0o755, of: scratch)
    func allow(_ roles: String) throws {
      try FileSystem.write(
        text: "[policy.volumes.\"\(data)\"]\nroles = [\"\(roles)\"]\nmode = \"rw\"\n", to: config)
    }
    try allow(SchedulerFixture.user)
    let fixture = try SchedulerFixture(["--config", config.string])
    let (client, key) = (try fixture.client(), SchedulerFixture.key())
    var job = fixture.job(instances: 1)
    job.task.volumes = [Volume(hostPath: data.string, containerPath: "/data", mode: .readWrite)]
    job.task.processes[0].cmdline = "touch /data/seen; " + job.task.processes[0].cmdline
    try client.create(job)
    let before = try fixture.waitUntilRunning(key, 1)
    #expect(FileSystem.exists(data.appending("seen")))
    // A second release without the volume, so that there is one to return to.
    fixture.endScheduler(SIGTERM)
    try allow("somebody-else")
    try fixture.start()
    func refused(_ path: String, _ body: JSONValue) throws -> Bool {
      let answer = try fixture.request(.post, "/api/jobs/\(key)\(path)", body)
      return try answer.status == 422
        && JSONValue(parsing: answer.body)["error"]?["codes"]?.strings == ["volume-not-allowed"]
    }
    #expect(try refused("/restart", [:]) && refused("/restart", ["at_once": true]) && refused("/scale", ["count": 2]))
    // What runs is left alone, and what takes its place does not start.
    #expect(try fixture.client().job(key)?.instances.map(\.taskID) == before.map(\.taskID))
    try FileSystem.removeFile(data.appending("seen"))
    #expect(kill(try fixture.server(of: before[0]), SIGKILL) == 0)
    try waitUntil("a new task was refused") {
      try fixture.client().job(key)?.json.text().contains("cannot write to") == true
    }
    #expect(!FileSystem.exists(data.appending("seen")))
    // A rollback to the release with the volume is refused as well.
    var plain = fixture.job(instances: 1)
    plain.task.processes[0].cmdline += " plain"
    let update = try fixture.request(
      .post, "/api/jobs/\(key)/update", ["configuration": plain.json, "instances": [0]])
    #expect(update.status == 202, "\(update.text)")
    try waitUntil("the update has ended") {
      try fixture.client().latestUpdate(of: key)?.summary.status.isTerminal == true
    }
    #expect(try refused("/rollback", ["release": 1]))
  }

  @Test("Every rule of the policy holds against a client that lies")
  func rules() throws {
    let cluster = try Cluster()
    let user = SchedulerFixture.user
    // The stage is named, and known.
    #expect(try cluster.codes { $0.key.stage = "canary" } == ["stage-not-allowed"])
    // The role is allowed in the stage, and the task's own user is no way around it.
    #expect(try cluster.codes { $0.key.stage = "live-eu" } == ["role-not-allowed"])
    #expect(try cluster.codes { $0.task.user = "daemon" }.contains("role-mismatch"))
    #expect(try !cluster.codes { $0.task.user = "root" }.isEmpty)
    // A commit in full, an artifact that exists, for this host, with its digest.
    #expect(try cluster.codes { $0.task.artifacts[0].version = "3f2c9d1e8a7b" } == ["artifact-missing"])
    #expect(
      try cluster.codes { $0.task.artifacts[0].version = String(repeating: "a", count: 40) } == ["artifact-missing"])
    #expect(try cluster.codes { $0.task.artifacts[0].name = "ghost" } == ["artifact-missing"])
    #expect(try cluster.codes { $0.task.artifacts[0].digest = SHA256Digest.of("other").hex } == ["artifact-digest"])
    #expect(try cluster.codes { $0.task.artifacts[0].digest = nil } == ["artifact-digest"])
    #expect(try cluster.codes { $0.task.artifacts[0].platform = "trusty-x86_64" } == ["artifact-platform"])
    // Production takes commits of the main branch, whatever the client says of the commit or calls the stage.
    for stage in ["prod", "Prod", "live-eu"] {
      let codes = try cluster.codes {
        $0.key.stage = stage
        $0.task.artifacts[0].version = Self.other
        $0.task.artifacts[0].branch = "main"
        $0.task.artifacts[0].isOnMainBranch = true
      }
      #expect(codes.contains("off-main"), "\(stage): \(codes)")
    }
    #expect(try cluster.codes { $0.task.artifacts = [] } == ["artifact-required"])
    // What one host cannot do.
    #expect(try cluster.codes { $0.task.resources.ram = 1 << 50 } == ["too-large"])
    #expect(try cluster.codes { $0.task.resources.milliCPU = 1_000_000 } == ["too-large"])
    #expect(try cluster.codes { $0.task.resources.disk = 1 << 55 } == ["too-large"])
    #expect(try cluster.codes { $0.task.resources.gpu = 1 } == ["unsupported"])
    #expect(try cluster.codes { $0.container = .docker(image: "x", parameters: []) } == ["unsupported"])
    // Directories of the host, secrets, places.
    func volume(_ path: String, _ mode: Volume.Mode = .readOnly) throws -> [String] {
      try cluster.codes { $0.task.volumes = [Volume(hostPath: path, containerPath: "/data", mode: mode)] }
    }
    for path in ["/etc", "/", "/var/lib/igor/../../../etc", "var/lib/igor", "/var/lib/igor2", "/var/lib"] {
      #expect(try volume(path) == ["volume-not-allowed"], "\(path)")
    }
    #expect(try volume("/var/lib/igor", .readWrite) == ["volume-not-allowed"])
    #expect(try cluster.codes { $0.task.secrets = [Secret(name: "db", reference: "db")] } == ["secrets-not-offered"])
    #expect(
      try cluster.codes {
        $0.constraints = [PlacementConstraint(attribute: "rack", rule: .values(["r2"], isNegated: false))]
      }
        == ["constraint-not-met"])
    // Names and variables.
    #expect(try cluster.codes { $0.task.processes[0].cmdline += " {{nope}}" } == ["unbound"])
    #expect(try cluster.codes { $0.task.processes.append($0.task.processes[0]) } == ["cannot-start"])
    #expect(try cluster.codes { $0.announce = Announcer(primaryPort: "gone") }.contains("bad-names"))
    #expect(try cluster.codes { $0.key.cluster = "elsewhere" } == ["other-cluster"])
    // Several at once are told together.
    #expect(
      try cluster.codes {
        $0.key.stage = "canary"
        $0.task.artifacts[0].digest = nil
      } == ["stage-not-allowed", "artifact-digest"])
    // The truth is accepted, and recorded as the scheduler saw it.
    #expect(try cluster.codes { $0.task.artifacts[0].branch = "made-up" } == [])
    let key = JobKey(cluster: "devcluster", role: user, stage: "prod", name: "web")
    let recorded = try #require(try cluster.fixture.client().job(key)).configuration.task.artifacts[0]
    #expect(recorded.branch == "main" && recorded.isOnMainBranch == true && recorded.size == 6)
    // The audit trail has who asked for what, with the artifacts and why it was refused.
    let records = try cluster.fixture.client().audit(job: "\(key)", user: nil, since: nil, limit: 1000)
    #expect(records.contains { $0["codes"]?.strings == ["artifact-digest"] })
    #expect(records.last?["artifacts"]?.strings == ["web@\(Self.commit)"] && records.last?["codes"] == nil)
    // Outside of production neither artifact nor main branch is asked for.
    #expect(
      try cluster.codes {
        $0.key.stage = "devel"
        $0.task.artifacts[0].version = Self.other
      } == [])
  }

  @Test("Files by version are searched in the repository, and the policy fixes quotas")
  func releasesAndQuotas() throws {
    let user = SchedulerFixture.user
    let cluster = try Cluster("[policy.quotas]\n\"\(user)/devel\" = {cpu = 0.5, ram = \"1GB\", disk = \"1GB\"}")
    func version(_ text: String, _ digest: String, _ type: TaskArtifact.HashType = .version) throws
      -> [String]
    {
      try cluster.codes {
        $0.task.artifacts[0] = TaskArtifact(name: "jar", hashType: type, version: text, digest: digest)
      }
    }
    let bytes = Array("jar".utf8)
    let file = cluster.scratch.appending("tool.jar")
    try FileSystem.write(bytes, to: file)
    let digest = SHA256Digest.of(bytes)
    let release = Release(
      name: try ArtifactName(validating: "jar"), version: try #require(ReleaseVersion("1.2.3", kind: .version)),
      files: [Release.File(name: try ArtifactName(validating: "tool.jar"), digest: digest, size: 3)], builder: "test",
      created: 1)
    _ = try Repository(directory: cluster.scratch.appending("repository")).put(release, files: [file])
    #expect(try version("1.2.4", digest.hex) == ["artifact-missing"])
    #expect(try version("^1.2", digest.hex) == ["artifact-missing"])
    #expect(try version("1.2.3", digest.hex, .static) == ["artifact-missing"])
    #expect(try version("1.2.3", SHA256Digest.of("other").hex) == ["artifact-digest"])
    #expect(try version("../../artifacts/web", digest.hex) == ["artifact-missing"])
    #expect(try version("1.2.3", digest.hex) == [])
    // The quota of the configuration holds, and the API cannot raise it.
    #expect(
      try cluster.codes {
        $0.key.stage = "devel"
        $0.tier = .preferred
        $0.instances = 100
      } == ["over-quota"])
    let raise = try cluster.fixture.request(
      .put, "/api/quotas/\(user)/devel", Resources(cpu: 100, ram: 1 << 40, disk: 1 << 40).json)
    #expect(try JSONValue(parsing: raise.text)["error"]?["code"]?.string == "quota-fixed", "\(raise.text)")
    #expect(try cluster.fixture.request(.delete, "/api/quotas/\(user)/devel").status == 422)
  }

  @Test("An override does not copy the client's claim into the record")
  func overriddenFacts() throws {
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "policy")
    defer { do { try FileSystem.removeTree(scratch) } catch { Issue.record("\(error)") } }
    try Cluster.publish(in: scratch, commit: Self.other, isOnMain: false)
    var options = SchedulerOptions(stateDirectory: "/tmp", executor: "/bin/false", pexRunner: "/bin/false")
    options.allowsMissingUser = true
    options.repository = scratch.appending("repository").string
    options.clusterPolicy.overridable = ["off-main"]
    let task = TaskConfiguration(
      name: "t", processes: [ProcessConfiguration(name: "p", cmdline: "true")],
      resources: Resources(cpu: 0.1, ram: 1 << 20, disk: 1 << 20),
      artifacts: [
        TaskArtifact(
          name: "web", version: Self.other,
          digest: TreeDigest([.init(digest: SHA256Digest.of("bundle"), size: 6)]).digest.hex, branch: "main",
          isOnMainBranch: true)
      ])
    let job = JobConfiguration(
      key: JobKey(cluster: "devcluster", role: SchedulerFixture.user, stage: "prod", name: "n"), task: task)
    #expect(throws: SubmissionRefusals.self) { try SubmissionCheck(options).verified(job) }
    let recorded = try SubmissionCheck(options).verified(job, reason: "the database burns").task.artifacts[0]
    #expect(recorded.isOnMainBranch == false && recorded.branch == "topic" && recorded.size == 6)
  }

  @Test("Each code of a refusal has a remedy and is documented")
  func documentedCodes() throws {
    let page = try FileSystem.readText(
      FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        .appending("docs/operations.md"))
    for code in RefusalCode.allCases {
      #expect(!code.remedy.isEmpty)
      #expect(page.contains("`\(code.rawValue)`"), "docs/operations.md does not explain \(code.rawValue)")
    }
  }

  @Test("A job that differs from its committed files is refused")
  func committedFiles() throws {
    let cluster = try Cluster("committed_files = \"production\"\ngit = \"MIRROR\"")
    let user = SchedulerFixture.user
    let yaml = """
      file: web.aurora
      user: \(user)
      buildname: web
      config: {cpu: 0.1, ram: 64MB, disk: 64MB}
      stages: {prod: {githash: 3f2c9d1e8a3f}}
      """
    let template = "jobs = [Service(task = SimpleTask('web', 'sleep {{args.seconds}}'))]\n"
    let withArgs = yaml.replacing("stages:", with: "args: {seconds: 600}\nstages:")
    try cluster.commitFiles(withArgs, template)
    let texts = ["jobs/web.yaml": withArgs, "jobs/web.aurora": template]
    let loader = JobLoader(cluster: "devcluster", platform: ArtifactPlatform.current.text) { path in
      guard let text = texts[path] else { throw SystemCallError("open", FilePath(path), .noSuchFileOrDirectory) }
      return Array(text.utf8)
    }
    var described = try loader.load("jobs/web.yaml", stage: "prod", version: Self.commit, artifacts: nil)
    described.task.artifacts[0].digest = cluster.digest
    described.source?.commit = cluster.head
    func codes(_ change: (inout JobConfiguration) -> Void) throws -> [String] {
      try cluster.codes { job in
        job = described
        change(&job)
      }
    }
    #expect(try codes { $0.source = nil } == ["files-not-committed"])
    #expect(try codes { $0.source?.commit = nil } == ["files-not-committed"])
    #expect(try codes { $0.source?.commit = Self.commit } == ["files-not-committed"])
    #expect(try codes { $0.source?.commit = "HEAD" } == ["files-not-committed"])
    #expect(try codes { $0.source?.path = "jobs/gone.yaml" } == ["files-differ"])
    #expect(try codes { $0.source?.path = "../../etc/passwd" } == ["files-differ"])
    #expect(try codes { $0.task.processes[0].cmdline = "sleep 1" } == ["files-differ"])
    #expect(try codes { $0.instances = 3 } == ["files-differ"])
    #expect(try codes { $0.task.environment = ["X": "1"] } == ["files-differ"])
    #expect(try codes { $0.source?.path = "jobs/web.yaml\nHEAD" } == ["files-differ"])
    #expect(try codes { $0.source?.path = "/etc/passwd" } == ["files-differ"])
    // A commit that never reached the main branch.
    _ = try cluster.git("checkout", "--quiet", "-b", "topic")
    try cluster.commitFiles(withArgs + "\n# changed\n", template)
    #expect(try codes { $0.source?.commit = cluster.head } == ["files-not-committed"])
    #expect(try codes { _ in } == [])
    // A mirror that cannot be read says nothing about the files.
    let mirror = cluster.scratch.appending("work/.git")
    try FileSystem.rename(mirror.appending("HEAD"), to: mirror.appending("GONE"))
    var job = described
    job.key.name = "other"
    let answer = try cluster.fixture.request(.post, "/api/jobs", job.json)
    #expect(answer.status == 503, "\(answer.status) \(answer.text)")
  }

  @Test("A template's include that differs from the commit, or is in a submodule, is refused in production")
  func includes() throws {
    let cluster = try Cluster("committed_files = \"production\"\ngit = \"MIRROR\"")
    let yaml = """
      file: web.aurora
      user: \(SchedulerFixture.user)
      buildname: web
      config: {cpu: 0.1, ram: 64MB, disk: 64MB}
      stages: {prod: {githash: 3f2c9d1e8a3f}}
      """
    let library = cluster.scratch.appending("library")
    let command = "command = 'sleep 600'\n"
    try FileSystem.createDirectories(library)
    try FileSystem.write(text: command, to: library.appending("base.aurora"))
    for arguments in [["init", "--quiet"], ["add", "-A"], ["commit", "--quiet", "-m", "library"]] {
      let identity = ["-c", "user.name=ann", "-c", "user.email=ann@acme.example", "-C", library.string]
      #expect(try Subprocess("git", identity + arguments).run().termination.isSuccess)
    }
    func template(_ include: String) -> String {
      "include('\(include)')\njobs = [Service(task = SimpleTask('web', command))]\n"
    }
    try cluster.commitFiles(yaml, template("base.aurora"))
    try FileSystem.write(text: command, to: cluster.scratch.appending("work/jobs/base.aurora"))
    _ = try cluster.git(
      "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.string, "shared")
    try cluster.commitFiles(yaml, template("base.aurora"))
    /// The answer to a client that evaluates the job from its own work tree.
    func answer() throws -> HTTPResponse {
      let work = cluster.scratch.appending("work")
      let loader = JobLoader(cluster: "devcluster", platform: ArtifactPlatform.current.text) { path in
        try FileSystem.read(work.appending(path))
      }
      var job = try loader.load("jobs/web.yaml", stage: "prod", version: Self.commit, artifacts: nil)
      job.task.artifacts[0].digest = cluster.digest
      job.source?.commit = cluster.head
      // A lie: the scheduler looks itself.
      job.source?.isCommitted = true
      return try cluster.fixture.request(.post, "/api/jobs", job.json)
    }
    func codes(_ response: HTTPResponse) throws -> [String]? {
      try JSONValue(parsing: response.text)["error"]?["codes"]?.strings
    }
    // A dirty include.
    try FileSystem.write(text: "command = 'sleep 601'\n", to: cluster.scratch.appending("work/jobs/base.aurora"))
    let dirty = try answer()
    #expect(try codes(dirty) == ["files-differ"] && dirty.text.contains("fields that differ: task"), "\(dirty.text)")
    _ = try cluster.git("checkout", "--quiet", "--", "jobs/base.aurora")
    // An include of a submodule, dirty or not.
    try cluster.commitFiles(yaml, template("//shared/base.aurora"))
    for text in [command, "command = 'sleep 602'\n"] {
      try FileSystem.write(text: text, to: cluster.scratch.appending("work/shared/base.aurora"))
      let refused = try answer()
      #expect(try codes(refused) == ["files-differ"], "\(refused.text)")
      #expect(refused.text.contains("is in the submodule \\\"shared\\\""), "\(refused.text)")
      #expect(refused.text.contains("move the file from the submodule"), "\(refused.text)")
    }
    _ = try cluster.git("-C", "shared", "checkout", "--quiet", "--", ".")
    try cluster.commitFiles(yaml, template("base.aurora"))
    let accepted = try answer()
    #expect(accepted.status == 201, "\(accepted.text)")
  }

  @Test(
    "A policy that cannot be read is an error, and never counts as absent",
    arguments: [
      ("[policy]\nprodction_stages = []", "unknown key \"prodction_stages\""), ("[polcy]", "unknown table \"polcy\""),
      ("[policy]\nartifacts = \"maybe\"", "\"artifacts\" is one of: never, production, always"),
      ("[policy]\ncommitted_files = \"always\"", "needs \"git\""), ("[policy]\ngit = \"x\"", "not an absolute path"),
      ("[policy]\noverridable = [\"too-large\"]", "cannot be overridden"), ("policy = 3", "\"policy\" is not a table"),
      ("[policy.volumes.\"../x\"]", "is not absolute"), ("[policy\n", "cannot read the configuration"),
      ("[policy.volumes.\"/x\"]\nmode = \"rwx\"", "is ro or rw"),
      ("[policy.quotas]\nwww = {cpu = 1}", "has no disk, ram"),
      ("[policy.quotas]\n\"a/b/c\" = {cpu = 1}", "is not of ROLE or ROLE/STAGE"),
      ("[policy.quotas]\nwww = {cpu = 1, ram = 5, disk = \"1GB\"}", "is not a size"),
    ])
  func badPolicy(text: String, words: String) throws {
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "policy")
    defer { do { try FileSystem.removeTree(scratch) } catch { Issue.record("\(error)") } }
    let path = scratch.appending("scheduler.toml")
    try FileSystem.write(text: text, to: path)
    do {
      _ = try ClusterPolicy(reading: path)
      Issue.record("the policy was accepted")
    } catch let error as any DiagnosableError {
      #expect(error.diagnostic.summary.contains(words), "\(error.diagnostic.summary)")
    }
  }

  @Test("A reason overrides only the refusals that the policy lists")
  func overrides() throws {
    var options = SchedulerOptions(stateDirectory: "/tmp", executor: "/bin/false", pexRunner: "/bin/false")
    options.allowsMissingUser = true
    options.clusterPolicy.overridable = ["artifact-required"]
    options.clusterPolicy.stages = ["prod"]
    let task = TaskConfiguration(
      name: "t", processes: [ProcessConfiguration(name: "p", cmdline: "true")],
      resources: Resources(cpu: 0.1, ram: 1 << 20, disk: 1 << 20))
    var job = JobConfiguration(
      key: JobKey(cluster: "devcluster", role: SchedulerFixture.user, stage: "prod", name: "n"), task: task)
    let check = SubmissionCheck(options)
    #expect(throws: SubmissionRefusals.self) { try check.verified(job) }
    #expect(throws: SubmissionRefusals.self) { try check.verified(job, reason: "") }
    #expect(try check.verified(job, reason: "the database burns") == job)
    job.key.stage = "devel"
    #expect(throws: SubmissionRefusals.self) { try check.verified(job, reason: "the database burns") }
  }
}
