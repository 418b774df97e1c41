import Executor
import Glibc
import JobModel
import SystemSupport
import Testing

/// Environment, directories of the host, and secrets, as a task sees them.
@Suite(.serialized) struct VolumeAndSecretTests {
  private func task(_ cmdline: String, _ change: (inout TaskConfiguration) -> Void) -> TaskConfiguration {
    var task = TaskFixture.task([TaskFixture.process("main", cmdline)])
    change(&task)
    return task
  }

  private func output(_ fixture: TaskFixture) throws -> String {
    try FileSystem.readText(FilePath(fixture.directory.paths.log(process: "main", run: 0, stream: "stdout")))
  }

  /// A directory of secrets that its owner alone can read.
  private func secrets(_ fixture: TaskFixture, _ files: [String: String]) throws -> String {
    let directory = FilePath(fixture.root).appending("secrets")
    for (name, text) in files {
      let file = directory.appending(name)
      try FileSystem.createDirectories(file.removingLastComponent(), permissions: 0o700)
      try FileSystem.write(text: text, to: file, permissions: 0o600)
    }
    chmod(directory.string, 0o700)
    return directory.string
  }

  @Test("A task has the variables of its job, with the host's values filled in")
  func environment() throws {
    let fixture = try TaskFixture()
    try fixture.start(
      task("echo \"$GREETING $LANG $HOME\"") {
        $0.environment = ["GREETING": "hello {{mesos.instance}} at {{thermos.ports[x]}}", "LANG": "C"]
      }, ports: ["x": 7])
    #expect(try fixture.finish().status == .finished)
    #expect(try output(fixture) == "hello 3 at 7 C /sandbox\n")
  }

  @Test("A volume appears at its path, and can be written only if its mode allows it")
  func volumes() throws {
    let fixture = try TaskFixture()
    let host = FilePath(fixture.root).appending("host")
    try FileSystem.createDirectories(host, permissions: 0o777)
    chmod(fixture.root, 0o755)
    chmod(host.string, 0o777)
    try FileSystem.write(text: "here", to: host.appending("file"), permissions: 0o644)
    try fixture.start(
      task("cat /data/file /var/lib/x/file; echo new > /data/new && echo no > /var/lib/x/no; test ! -e /var/lib/x/no") {
        $0.volumes = [
          Volume(hostPath: host.string, containerPath: "data", mode: .readWrite),
          Volume(hostPath: host.string, containerPath: "/var/lib/x"),
        ]
      })
    #expect(try fixture.finish().status == .finished)
    #expect(try output(fixture) == "herehere")
    #expect(try FileSystem.readText(host.appending("new")) == "new\n")
  }

  @Test("A secret is a file in memory that only its task sees, and is removed with the task")
  func secretFiles() throws {
    let fixture = try TaskFixture()
    let directory = try secrets(fixture, ["team/db": "the-password"])
    try fixture.start(
      task(
        "stat -c '%a %U' $KILT_SECRETS/db; cat $KILT_SECRETS/db; df --output=fstype $KILT_SECRETS/db | tail -1; sleep 600"
      ) {
        $0.secrets = [Secret(name: "db", reference: "team/db")]
      }
    ) { $0.secretsDirectory = directory }
    try fixture.waitUntilRunning()
    try waitForOutput(fixture, "tmpfs")
    let text = try output(fixture)
    #expect(text.hasPrefix("400 ") && text.contains("the-password"))
    // Nowhere else: no argument or environment of any process, no file of the task's record.
    let record = try Subprocess(
      "grep", ["-rlI", "the-password", fixture.directory.paths.directory], environment: environmentStrings()
    ).run().text
    #expect(record.split(separator: "\n").allSatisfy { $0.hasSuffix("/stdout") }, "\(record)")
    let processes = try Subprocess(
      "sh", ["-c", "grep -l the-passwor[d] /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | grep -v self"],
      environment: environmentStrings()
    ).run().text
    #expect(processes.isEmpty, "\(processes)")
    let memory = "/dev/shm/kilt-secrets" + (getuid() == 0 ? "" : "-\(getuid())")
    let id = try fixture.directory.assignment().taskID.rawValue
    #expect(FileSystem.exists(FilePath(memory + "/" + id)))
    #expect(try fixture.directory.requestStop())
    #expect(try fixture.finish().status == .killed)
    #expect(!FileSystem.exists(FilePath(memory + "/" + id)))
  }

  @Test("A command of the host prints a secret by its reference")
  func secretCommand() throws {
    let fixture = try TaskFixture()
    try fixture.start(
      task("cat $KILT_SECRETS/db") { $0.secrets = [Secret(name: "db", reference: "team/db")] }
    ) { $0.secretsCommand = ["/bin/echo", "value of"] }
    #expect(try fixture.finish().status == .finished)
    #expect(try output(fixture) == "value of team/db\n")
  }

  @Test("A secret that is missing, or that others can read, fails the task with the reason")
  func badSecrets() throws {
    func failure(_ prepare: (String) throws -> Void, reference: String = "db") throws -> String {
      let fixture = try TaskFixture()
      let directory = try secrets(fixture, ["db": "x"])
      try prepare(directory)
      try fixture.start(task("true") { $0.secrets = [Secret(name: "db", reference: reference)] }) {
        $0.secretsDirectory = directory
      }
      let event = try fixture.finish()
      #expect(event.status == .failed)
      return event.message ?? ""
    }
    #expect(try failure({ _ in }, reference: "gone").contains("gone"))
    #expect(try failure { chmod($0 + "/db", 0o644) }.contains("can be read or changed by others"))
    #expect(try failure { chmod($0, 0o755) }.contains("can be read or changed by others"))
    #expect(
      try failure { path in
        unlink(path + "/db")
        symlink("/etc/passwd", path + "/db")
      }.contains("db"))
    let fixture = try TaskFixture()
    try fixture.start(task("true") { $0.secrets = [Secret(name: "db", reference: "db")] })
    #expect(try fixture.finish().message?.contains("this host has none to give") == true)
  }

  private func waitForOutput(_ fixture: TaskFixture, _ words: String) throws {
    for _ in 0..<2000 {
      if try output(fixture).contains(words) { return }
      usleep(10_000)
    }
    Issue.record("no \"\(words)\" in the log")
  }
}
