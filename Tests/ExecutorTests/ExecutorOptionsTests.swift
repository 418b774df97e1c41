import Executor
import Testing

struct ExecutorOptionsTests {
  @Test func argumentsAndOptionsAreOneAndTheSame() throws {
    var options = ExecutorOptions(
      taskDirectory: "/var/kilt/t", pexRunner: "/opt/pex-runner", repository: "s3://b/p", controlGroupParent: "/a/b",
      isolation: .bubblewrap, allowsMissingUser: true, readOnly: ["/opt/python"], path: ["/opt/python/bin"],
      sampleInterval: .milliseconds(1500))
    options.trustPolicy = "/etc/kilt/trust.toml"
    #expect(try ExecutorOptions(parsing: Array(options.arguments.dropFirst())) == options)
  }

  @Test(arguments: ["/", "/tmp/x", "/sandbox", "/proc", "/opt/../tmp", "relative"])
  func directoriesThatBelongToTheTaskCannotBeShownToIt(_ path: String) {
    #expect(throws: ExecutorError.self) {
      try ExecutorOptions(parsing: ["--task-directory", "/t", "--read-only", path])
    }
  }

  @Test func whatIsNotUnderstoodIsRefused() {
    for arguments in [
      ["--task-directory"], ["--isolation", "maybe"], ["--unknown", "x"], ["--cgroup-parent", "a/../.."],
    ] {
      #expect(throws: ExecutorError.self) { try ExecutorOptions(parsing: ["--task-directory", "/t"] + arguments) }
    }
    #expect(throws: ExecutorError.self) { try ExecutorOptions(parsing: []) }
  }
}
