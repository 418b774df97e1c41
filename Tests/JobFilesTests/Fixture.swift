import Diagnostics
import JobModel
import Synchronization
import SystemSupport
import Testing

@testable import JobFiles

/// Files of a workspace in memory.
struct Fixture: Sendable {
  var files: [String: String]

  /// A workspace with one job file, one template, and whatever else.
  init(yaml: String = Fixture.yaml, template: String = Fixture.template, _ more: [String: String] = [:]) {
    files = more
    files["jobs/web.yaml"] = yaml
    files["jobs/web.aurora"] = template
  }

  init(_ files: [String: String]) {
    self.files = files
    self.files["jobs/web.aurora"] = Fixture.template
  }

  static let yaml = """
    file: web.aurora
    user: www
    buildname: web_server
    config: {cpu: 0.5, ram: 256MB, disk: 1GB, instances: 2}
    args: {threads: 4}
    stages:
      devel: {githash: 3f2c9d1e8a7b}
      prod: {githash: 1234567, config: {instances: 12, cpu: 2}, args: {threads: 34, memcache: 'cache:11211'}}
    """

  static let template = """
    run = Process(name = "run", cmdline = "./{{build.file}} --port={{thermos.ports[http]}} --threads={{args.threads}}")
    jobs = [Service(task = Task(processes = [run]))]
    """

  func loader(_ policy: JobLoader.Policy = JobLoader.Policy(), platform: String? = nil) -> JobLoader {
    let files = files
    return JobLoader(cluster: "local", platform: platform, policy: policy) { path in
      guard let text = files[path] else { throw SystemCallError("openat", FilePath(path), .noSuchFileOrDirectory) }
      return Array(text.utf8)
    }
  }

  func load(stage: String? = "devel", version: String? = nil, artifacts: (any ArtifactLookup)? = nil) throws
    -> JobConfiguration
  {
    try loader().load("jobs/web.yaml", stage: stage, version: version, artifacts: artifacts)
  }

  /// The message for a job that must be refused.
  func message(stage: String? = "devel", version: String? = nil, artifacts: (any ArtifactLookup)? = nil) -> String {
    do {
      _ = try load(stage: stage, version: version, artifacts: artifacts)
      Issue.record("the job was accepted")
      return ""
    } catch {
      #expect(DiagnosticRenderer.exitCode(for: error) != 70, "a defect, not a message: \(error)")
      return DiagnosticRenderer(color: false).render(error)
    }
  }
}

/// A repository with some artifacts.
struct Shelf: ArtifactLookup {
  var artifacts: [TaskArtifact]

  func artifact(for request: ArtifactRequest) throws -> TaskArtifact {
    for var artifact in artifacts where artifact.name == request.name && artifact.version.hasPrefix(request.version) {
      artifact.platform = request.platform
      return artifact
    }
    throw Diagnostic(
      .input, "no build of \"\(request.name)\" at \(request.version) is in the repository",
      notes: ["the newest are \(artifacts.map { String($0.version.prefix(12)) }.joined(separator: ", "))"],
      remedies: ["kilt publish :\(request.name)"])
  }
}
