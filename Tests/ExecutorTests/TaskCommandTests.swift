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
}
