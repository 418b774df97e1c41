import Executor
import JobModel
import SystemSupport
import Testing

/// Commands run beside a task.
@Suite(.serialized) struct TaskCommandTests {
  typealias Fixture = TaskFixture

  private func exec(_ fixture: TaskFixture, _ command: [String]) throws -> Subprocess.Outcome {
    try Subprocess(
      TaskFixture.executorPath(), ["exec", "--task-directory", fixture.directory.paths.directory, "--"] + command,
      environment: environmentStrings()
    ).run()
  }

  @Test func aCommandRunsInTheTasksDirectoriesWithItsEnvironmentAndLimits() throws {
    for isolation in [Isolation.bubblewrap, .none] {
      let fixture = try Fixture()
      try fixture.start(
        Fixture.task([Fixture.process("main", "echo hello > file; touch ready; exec sleep 600")])
      ) { $0.isolation = isolation }
      try fixture.waitForFile("ready")
      let outcome = try exec(
        fixture, ["sh", "-c", "cat file; echo $INSTANCE \"$1\"; id -un; cat >&2", "sh", "it's one"])
      #expect(outcome.termination == .exited(0), "\(outcome.errorText)")
      #expect(outcome.text.hasPrefix("hello\n3 it's one\n"))
      let groups = try fixture.controlGroups().compactMap { $0.split(separator: "/").last }
      let own = try exec(fixture, ["sh", "-c", "cat /proc/self/cgroup; exit 7"])
      #expect(own.termination == .exited(7))
      // In a namespace of its own the group's path is its root.
      if isolation == .none { #expect(groups.allSatisfy { own.text.contains($0) }) }
      try fixture.directory.requestStop()
      #expect(try fixture.finish().status == .killed)
      let late = try exec(fixture, ["true"])
      #expect(late.termination == .exited(2))
      #expect(late.errorText.contains("does not run"))
    }
  }

  @Test("A command beside a task can have its own terminal") func terminal() throws {
    let fixture = try Fixture()
    try fixture.start(Fixture.task([Fixture.process("main", "touch ready; exec sleep 600")]))
    try fixture.waitForFile("ready")
    let outcome = try Subprocess(
      TaskFixture.executorPath(),
      [
        "exec", "--terminal", "--task-directory", fixture.directory.paths.directory, "--", "bash", "-c",
        "test -t 0 && test -t 1 && echo terminal; stty size; : < /dev/tty && echo controlled; read line; echo got $line; exit 5",
      ], environment: environmentStrings(), input: Array("words\n".utf8)
    ).run()
    #expect(outcome.termination == .exited(5), "\(outcome.errorText)")
    for word in ["terminal", "24 80", "controlled", "got words"] {
      #expect(outcome.text.contains(word), "\(outcome.text)")
    }
    // A caller that goes away takes the command along.
    try fixture.directory.requestStop()
    #expect(try fixture.finish().status == .killed)
  }

  @Test("Help fits into 80 columns and names every option") func help() throws {
    let outcome = try Subprocess(TaskFixture.executorPath(), ["--help"], environment: []).run()
    #expect(outcome.termination == .exited(0))
    #expect(outcome.text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    var options = ExecutorOptions(taskDirectory: "/task", repository: "/r", allowsMissingUser: true)
    options.allowedRoots = ["root"]
    options.portRange = 1...2
    options.readOnly = ["/opt"]
    options.path = ["/opt/bin"]
    for option in options.arguments where option.hasPrefix("--") { #expect(outcome.text.contains(option), "\(option)") }
  }
}
