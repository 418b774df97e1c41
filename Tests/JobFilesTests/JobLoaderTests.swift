import Diagnostics
import JobModel
import Testing

@testable import JobFiles

@Suite struct JobLoaderTests {
  @Test func aJobFileAndItsTemplateMakeAConfiguration() throws {
    let job = try Fixture().load()
    #expect(job.key == JobKey(cluster: "local", role: "www", stage: "devel", name: "web"))
    #expect(job.isService)
    #expect(job.instances == 2)
    #expect(job.task.name == "run")
    #expect(job.task.processes.map(\.cmdline) == ["./web_server.pex --port={{thermos.ports[http]}} --threads=4"])
    #expect(job.task.resources == Resources(cpu: 0.5, ram: 256 << 20, disk: 1 << 30))
    #expect(job.requiredPorts == ["http"])
    #expect(job.task.artifacts.map(\.version) == ["3f2c9d1e8a7b"])
    #expect(job.healthCheck == nil && job.lifecycle == nil)
    #expect(job.source?.path == "jobs/web.yaml" && job.source?.template == "jobs/web.aurora")
  }

  @Test func aStageOverlaysConfigAndArgsKeyByKey() throws {
    let job = try Fixture().load(stage: "prod")
    #expect(job.instances == 12)
    #expect(job.task.resources == Resources(cpu: 2, ram: 256 << 20, disk: 1 << 30))
    #expect(job.task.processes[0].cmdline.hasSuffix("--threads=34"))
    // A commit of digits only is not a number.
    #expect(job.task.artifacts[0].version == "1234567")
  }

  @Test func theStagesAreListed() throws {
    #expect(try Fixture().loader().stages(of: "jobs/web.yaml") == ["devel", "prod"])
  }

  @Test func theRepositorySaysWhichCommitAndDigest() throws {
    let full = "3f2c9d1e8a7b" + String(repeating: "0", count: 28)
    let shelf = Shelf(artifacts: [
      TaskArtifact(name: "web_server", version: full, digest: "d", size: 9, isOnMainBranch: true)
    ])
    let template = Fixture.template.replacing("--threads={{args.threads}}", with: "{{build.commit}}")
    let job = try Fixture(template: template).load(artifacts: shelf)
    #expect(job.task.artifacts.first?.version == full)
    #expect(job.task.artifacts.first?.digest == "d")
    #expect(job.task.processes[0].cmdline.hasSuffix(full))
  }

  @Test func aCommitFromTheCommandLineReplacesTheFiles() throws {
    #expect(try Fixture().load(version: "ABCDEF012").task.artifacts[0].version == "abcdef012")
    #expect(Fixture().message(version: "main").contains("\"main\" is not a git commit"))
  }

  @Test func theTemplateDigestCoversIncludesButNotTheJobFile() throws {
    let template = "include('shared.aurora')\n" + Fixture.template
    let first = try Fixture(template: template, ["jobs/shared.aurora": "a = 1\n"]).load()
    let same = try Fixture(yaml: Fixture.yaml + "\n# more\n", template: template, ["jobs/shared.aurora": "a = 1\n"])
      .load()
    let other = try Fixture(template: template, ["jobs/shared.aurora": "a = 2\n"]).load()
    #expect(first.source?.templateDigest?.count == 64)
    #expect(first.source?.templateDigest == same.source?.templateDigest)
    #expect(first.source?.templateDigest != other.source?.templateDigest)
  }

  @Test func versionsOfJarsAreTextsToo() throws {
    let yaml = """
      {file: web.aurora, user: www, buildname: web_server, hashtype: version, config: {cpu: 1, ram: 1GB, disk: 1GB},
       args: {threads: 1}, stages: {devel: {version: 1.10}}}
      """
    let artifact = try Fixture(yaml: yaml).load().task.artifacts[0]
    #expect(artifact.version == "1.10")
    #expect(artifact.hashType == .version && artifact.commit == nil)
  }
}
