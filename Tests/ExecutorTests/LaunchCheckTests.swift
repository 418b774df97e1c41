import Diagnostics
import Executor
import JobModel
import Testing

/// What is refused at submission, because no task of it could ever start.
struct LaunchCheckTests {
  private func job(_ change: (inout JobConfiguration) -> Void = { _ in }) -> JobConfiguration {
    var job = JobConfiguration(
      key: JobKey(cluster: "test", role: "www", stage: "prod", name: "web"),
      task: TaskConfiguration(
        name: "web", processes: [ProcessConfiguration(name: "main", cmdline: "exec server")],
        resources: Resources(cpu: 1, ram: 1 << 20, disk: 1 << 20)))
    change(&job)
    return job
  }

  private func problem(readOnly: [String] = [], _ change: (inout JobConfiguration) -> Void) -> String? {
    do throws(ExecutorError) {
      try LaunchCheck.check(job(change), readOnly: readOnly)
      return nil
    } catch {
      return error.diagnostic.summary
    }
  }

  @Test("A sound job is accepted") func soundJob() {
    #expect(problem { _ in } == nil)
    #expect(problem { $0.task.processes[0].cmdline = String(repeating: "x", count: 100_000) } == nil)
    #expect(problem(readOnly: ["/usr/share"]) { _ in } == nil)
  }

  @Test("A command line that the system cannot execute is refused") func longLines() {
    let long = String(repeating: "x", count: 131_072)
    #expect(
      problem { $0.task.processes[0].cmdline = long }
        == "the command line of process \"main\" has 131072 bytes: the system executes at most 126976")
    #expect(problem { $0.task.environment["A"] = long }?.hasPrefix("the variable \"A\" has 131074 bytes") == true)
    #expect(
      problem { $0.healthCheck = HealthCheckConfiguration(checker: .shell(command: long)) }?
        .hasPrefix("the command of the health check has 131072 bytes") == true)
  }

  @Test("A name that cannot be a directory name is refused") func longNames() {
    #expect(
      problem { $0.key.name = String(repeating: "n", count: 200) }?
        .hasPrefix("the role, stage and name of job ") == true)
    #expect(
      problem { $0.task.processes[0].name = String(repeating: "n", count: 256) }?.hasSuffix("is not a valid file name")
        == true)
    #expect(problem { $0.task.processes[0].name = "a/b" } != nil)
    #expect(problem { $0.task.processes[0].name = ".." } != nil)
  }

  @Test("A NUL byte is refused in every field") func zeroBytes() {
    #expect(
      problem { $0.task.processes[0].cmdline = "a\0b" }
        == "the command line of process \"main\" contains a NUL byte")
    #expect(problem { $0.task.user = "a\0" } == "a name of job test/www/prod/web contains a NUL byte")
    #expect(problem { $0.task.environment["A\0"] = "b" } == "the variable \"A\" is not a variable of an environment")
    #expect(problem { $0.task.environment["A=B"] = "b" } != nil)
    #expect(problem { $0.task.environment["A"] = "b\0" } != nil)
    #expect(problem { $0.healthCheck = HealthCheckConfiguration(checker: .shell(command: "\0")) } != nil)
  }

  @Test("A directory that tasks cannot see is refused") func unusableDirectories() {
    #expect(
      problem(readOnly: ["/no/such/directory"]) { _ in }
        == "open of \"/no/such/directory\" failed: No such file or directory")
    for path in ["relative", "/tmp", "/proc/x", "/sandbox", "/usr/../etc"] {
      #expect(problem(readOnly: [path]) { _ in } != nil, "\(path)")
    }
  }

  @Test("Constraints that no order satisfies are refused") func cycles() {
    #expect(
      problem {
        $0.task.processes.append(ProcessConfiguration(name: "other", cmdline: "true"))
        $0.task.constraints = [OrderConstraint(order: ["main", "other", "main"])]
      }?.contains("cycle") == true)
  }
}
