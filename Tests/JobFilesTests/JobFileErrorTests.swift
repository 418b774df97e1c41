import JobModel
import Testing

@testable import JobFiles

/// Messages about job files, as people see them.
@Suite struct JobFileErrorTests {
  @Test func withoutAStageTheStagesAreListed() {
    #expect(
      Fixture().message(stage: nil) == """
        error: no stage is named for "jobs/web.yaml"
          note: it has the stages "devel", "prod"
          help: --stage devel
          help: --stage prod

        """)
  }

  @Test func aStageThatIsNotThereIsNamed() {
    #expect(
      Fixture().message(stage: "pord") == """
        error: "jobs/web.yaml" has no stage "pord"
          note: it has the stages "devel", "prod"
          help: did you mean "prod"?

        """)
  }

  @Test func allProblemsOfAFileAreToldTogether() {
    let yaml = """
      file: web.aurora
      users: www
      buildname: web server
      hashtype: gti
      config: {cpu: 0, ram: lots, instnaces: 3}
      stages:
        devel: {githash: main, replicas: 2}
        prod: {githash: 3f2c9}
      """
    #expect(
      Fixture(yaml: yaml).message() == """
        error: a job file has no key "users"
          --> jobs/web.yaml:2:1
           |
         2 | users: www
           | ^^^^^
          note: known are file, user, name, buildname, hashtype, cluster, contact, githash, version, config, args, env, secrets, volumes, alerts, drain_secs, finalization_wait, update, health, announce, lifecycle, cron, sla, partition, container, constraints, metadata, stages
          help: did you mean "user"?
        error: "web server" is not a name for "buildname": letters, digits, "_", "." and "-"
          --> jobs/web.yaml:3:12
           |
         3 | buildname: web server
           |            ^^^^^^^^^^
        error: the key "user" is missing
          --> jobs/web.yaml:1:1
           |
         1 | file: web.aurora
           | ^
          help: "user: NAME" says which role the job runs as
        error: "hashtype" is one of git, version, static, not "gti"
          --> jobs/web.yaml:4:11
           |
         4 | hashtype: gti
           |           ^^^
          help: did you mean "git"?
        error: "config" has no key "instnaces"
          --> jobs/web.yaml:5:29
           |
         5 | config: {cpu: 0, ram: lots, instnaces: 3}
           |                             ^^^^^^^^^
          note: known are cpu, ram, disk, processes, instances, priority, tier, max_task_failures
          help: did you mean "instances"?
        error: "cpu" is a number of cores above 0, such as 0.5
          --> jobs/web.yaml:5:15
           |
         5 | config: {cpu: 0, ram: lots, instnaces: 3}
           |               ^
        error: "ram" is a size such as 256MB or 1GB, not "lots"
          --> jobs/web.yaml:5:23
           |
         5 | config: {cpu: 0, ram: lots, instnaces: 3}
           |                       ^^^^
        error: the stage "devel" has no key "replicas"
          --> jobs/web.yaml:7:26
           |
         7 |   devel: {githash: main, replicas: 2}
           |                          ^^^^^^^^
          note: known are cluster, contact, githash, version, config, args, env, secrets, volumes, alerts, drain_secs, finalization_wait, update, health, announce, lifecycle, cron, sla, partition, container, constraints, metadata
        error: "main" is not a git commit: 7 to 40 hexadecimal digits
          --> jobs/web.yaml:7:20
           |
         7 |   devel: {githash: main, replicas: 2}
           |                    ^^^^
          note: branches and tags move; a job names what it runs
        error: the commit "3f2c9" is too short: 7 hexadecimal digits or more
          --> jobs/web.yaml:8:19
           |
         8 |   prod: {githash: 3f2c9}
           |                   ^^^^^

        """)
  }

  @Test func aStageWithoutACommitIsRefused() {
    let yaml = Fixture.yaml.replacing("devel: {githash: 3f2c9d1e8a7b}", with: "devel:")
    #expect(
      Fixture(yaml: yaml).message() == """
        error: the stage "devel" has no git commit
          --> jobs/web.yaml:7:3
           |
         7 |   devel:
           |   ^^^^^
          help: add "githash: ..." to the stage: what runs is always named

        """)
  }

  @Test(arguments: [
    ("[]", "a job file is a mapping, not a list"), ("", "the key \"file\" is missing"),
    ("{file: x, user: u, buildname: b}", "a job file has stages"),
    ("{file: x, user: u, buildname: b, stages: []}", "\"stages\" is a mapping, not a list"),
    ("{file: [x], user: u, buildname: b, stages: {d: }}", "\"file\" is a text, not a list"),
    ("{file: x, user: u, buildname: b, args: 3, stages: {d: }}", "\"args\" is a mapping, not a number"),
    (
      "{file: x, user: u, buildname: b, version: 1, stages: {d: }}",
      "\"version\" does not go with the hash type \"git\""
    ),
    ("{file: x, user: u, buildname: b, stages: {'a/b': }}", "\"a/b\" is not a stage name"),
    ("{file: x, user: u, user: v}", "the key \"user\" is given twice"),
    ("{file: x, user: u, buildname: b, config: {instances: 0}, stages: {d: }}", "from 1 to 4000"),
    ("{file: x, user: u, buildname: b, config: {tier: gold}, stages: {d: }}", "preferred, preemptible, revocable"),
  ])
  func whatIsNoJobFileIsNamed(yaml: String, words: String) {
    let message = Fixture(yaml: yaml).message()
    #expect(message.contains(words), "\(message)")
  }

  @Test func anArtifactThatIsNotThereIsNamedAtItsCommit() {
    let shelf = Shelf(artifacts: [TaskArtifact(name: "web_server", version: String(repeating: "a", count: 40))])
    #expect(
      Fixture().message(artifacts: shelf) == """
        error: no build of "web_server" at 3f2c9d1e8a7b is in the repository
          --> jobs/web.yaml:7:20
           |
         7 |   devel: {githash: 3f2c9d1e8a7b}
           |                    ^^^^^^^^^^^^
          note: the newest are aaaaaaaaaaaa
          help: kilt publish :web_server

        """)
  }

  @Test func productionTakesOnlyCommitsOfTheMainBranch() throws {
    var artifact = TaskArtifact(
      name: "web_server", version: "1234567" + String(repeating: "0", count: 33), branch: "wip", isOnMainBranch: false)
    #expect(
      Fixture().message(stage: "prod", artifacts: Shelf(artifacts: [artifact])) == """
        error: the stage "prod" accepts only commits of the branch "main", and 123456700000 is not on it
          --> jobs/web.yaml:8:19
           |
         8 |   prod: {githash: 1234567, config: {instances: 12, cpu: 2}, args: {threads: 34, memcache: 'cache:11211'}}
           |                   ^^^^^^^
          note: it was built on the branch "wip"
          help: merge it into "main", publish, and name the commit that is there

        """)
    artifact.isOnMainBranch = nil
    #expect(Fixture().message(stage: "prod", artifacts: Shelf(artifacts: [artifact])).contains("cannot find"))
    artifact.isOnMainBranch = true
    #expect(try Fixture().load(stage: "prod", artifacts: Shelf(artifacts: [artifact])).key.stage == "prod")
  }

  @Test func aFileThatIsNotThereIsNamed() {
    var fixture = Fixture()
    fixture.files["jobs/web.aurora"] = nil
    #expect(
      fixture.message() == """
        error: cannot read the template "jobs/web.aurora": No such file or directory
          --> jobs/web.yaml:1:7
           |
         1 | file: web.aurora
           |       ^^^^^^^^^^

        """)
    fixture.files["jobs/web.yaml"] = nil
    #expect(fixture.message() == "error: cannot read the job file \"jobs/web.yaml\": No such file or directory\n")
  }

  @Test(arguments: ["../../etc/web.aurora", "/etc/web.aurora"])
  func templatesLieInTheWorkspace(path: String) {
    let yaml = Fixture.yaml.replacing("web.aurora", with: path)
    #expect(Fixture(yaml: yaml).message().contains("the template \"\(path)\" is not in the workspace"))
  }
}
