import Diagnostics
import JobFiles
import JobModel
import SystemSupport
import Testing
import Workspace

@testable import KiltCommands

/// Which files of a job differ from the commit, from the client's own git repository.
@Suite struct JobProvenanceTests {
  private let scratch: FilePath
  private var root: FilePath { scratch.appending("work") }

  init() throws { scratch = try FileSystem.makeTemporaryDirectory(prefix: "provenance") }

  private func git(_ directory: FilePath, _ arguments: String...) throws {
    let identity = ["-c", "user.name=ann", "-c", "user.email=ann@acme.example", "-c", "protocol.file.allow=always"]
    let outcome = try Subprocess("git", identity + ["-C", directory.string] + arguments).run()
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
  }

  private func write(_ path: String, _ text: String) throws {
    let file = FilePath("\(scratch)/\(path)")
    try FileSystem.createDirectories(file.removingLastComponent())
    try FileSystem.write(text: text, to: file)
  }

  /// The job as the client would submit it, and the files that differ.
  private func submitted() throws -> (job: JobConfiguration, differing: [String]) {
    let provenance = JobProvenance(root: root)
    let loader = JobLoader(cluster: "devcluster", read: provenance.read)
    let job = try loader.load("jobs/web.yaml", stage: "prod", artifacts: nil)
    let (complete, differing) = provenance.add(to: job, try Workspace.find(from: root))
    return (complete, differing)
  }

  @Test("A dirty include, and one of a dirty or moved submodule, make a job not committed") func dirtyIncludes() throws
  {
    defer { do { try FileSystem.removeTree(scratch) } catch { Issue.record("\(error)") } }
    try write("library/base.aurora", "command = 'sleep 600'\n")
    try git(scratch.appending("library"), "init", "--quiet")
    try git(scratch.appending("library"), "add", "-A")
    try git(scratch.appending("library"), "commit", "--quiet", "-m", "library")
    try write("work/kilt.toml", "")
    try write(
      "work/jobs/web.yaml",
      "file: web.aurora\nuser: nobody\nbuildname: web\nconfig: {cpu: 0.1, ram: 64MB, disk: 64MB}\n"
        + "stages: {prod: {githash: 3f2c9d1e8a3f}}\n")
    try write(
      "work/jobs/web.aurora",
      "include('size.aurora')\ninclude('//shared/base.aurora')\n"
        + "jobs = [Service(task = SimpleTask('web', command + suffix))]\n")
    try write("work/jobs/size.aurora", "suffix = ' '\n")
    try git(root, "init", "--quiet", "--initial-branch", "main")
    try git(root, "submodule", "--quiet", "add", scratch.appending("library").string, "shared")
    try git(root, "add", "-A")
    try git(root, "commit", "--quiet", "-m", "jobs")
    #expect(try submitted().job.source?.isCommitted == true)
    // A file that the job does not read may differ.
    try write("work/README", "new\n")
    #expect(try submitted().differing.isEmpty)
    try write("work/jobs/size.aurora", "suffix = '  '\n")
    let include = try submitted()
    #expect(include.differing == ["jobs/size.aurora"] && include.job.source?.isCommitted == false)
    #expect(JobProvenance.warning(include.differing, include.job).summary.contains("\"jobs/size.aurora\" differs"))
    try git(root, "checkout", "--quiet", "--", "jobs/size.aurora")
    // Changed inside of the submodule, and at another commit of it.
    try write("work/shared/base.aurora", "command = 'sleep 601'\n")
    let dirty = try submitted()
    #expect(dirty.differing == ["shared/base.aurora"] && dirty.job.source?.isCommitted == false)
    try git(root.appending("shared"), "commit", "--quiet", "-a", "-m", "another")
    #expect(try submitted().differing == ["shared/base.aurora"])
    try git(root, "add", "shared")
    try git(root, "commit", "--quiet", "-m", "the submodule's new commit")
    #expect(try submitted().differing.isEmpty)
  }
}
