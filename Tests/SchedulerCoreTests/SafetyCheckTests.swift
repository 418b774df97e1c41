import Diagnostics
import JobModel
import SchedulerCore
import Testing

@Suite struct SafetyCheckTests {
  private let artifact = TaskArtifact(
    name: "eightball", version: String(repeating: "3f2c9d1e8a", count: 4),
    digest: String(repeating: "ab", count: 32), isOnMainBranch: false)

  private func problems(_ change: (inout JobConfiguration) -> Void) -> [String] {
    SafetyCheck().problems(of: configuration(change: change)).map(\.summary)
  }

  @Test func aSoundConfigurationHasNoProblem() {
    #expect(problems { _ in } == [])
    #expect(problems { $0.task.artifacts = [artifact] } == [])
  }

  @Test func aStageMustBeNamed() {
    #expect(
      problems { $0.key.stage = "" } == ["its stage \"\" is not an identifier (letters, digits, \"_\", \".\", \"-\")"])
  }

  @Test func aTaskRunsAsItsRoleOnly() {
    #expect(problems { $0.task.user = "root" } == ["its task runs as \"root\", but its role is \"cbe\""])
    #expect(problems { $0.task.user = "cbe" } == [])
  }

  @Test("A number that would overflow a sum of the scheduler is refused") func ranges() {
    let time = Duration.seconds(1_000_000_000)
    func health(_ change: (inout HealthCheckConfiguration) -> Void) -> [String] {
      problems { job in
        var check = HealthCheckConfiguration(checker: .shell(command: "true"))
        change(&check)
        job.healthCheck = check
      }
    }
    #expect(health { _ in } == [])
    #expect(
      health { $0.maxConsecutiveFailures = 1 << 60 } == [
        "the failures of its health check is 1152921504606846976; it is at most 1000000"
      ])
    #expect(health { $0.minConsecutiveSuccesses = .max }.count == 1)
    #expect(
      health { $0.interval = time } == ["the interval of its health check is 1000000000 s; it is at most 366 days"])
    #expect(health { $0.timeout = time }.count == 1 && health { $0.initialInterval = time }.count == 1)
    #expect(problems { $0.task.resources.ram = .max }.count == 1)
    #expect(problems { $0.task.resources.disk = .max }.count == 1)
    #expect(problems { $0.task.resources.milliCPU = .max }.count == 1)
    #expect(problems { $0.priority = .max }.count == 1 && problems { $0.priority = .min }.count == 1)
    #expect(problems { $0.task.maxFailures = .max }.count == 1 && problems { $0.task.maxFailures = -1 }.count == 1)
    #expect(problems { $0.task.finalizationWait = time }.count == 1)
    #expect(problems { $0.drain = time }.count == 1 && problems { $0.drain = .seconds(-1) }.count == 1)
    #expect(problems { $0.update.watch = time }.count == 1 && problems { $0.update.pulseInterval = time }.count == 1)
    #expect(problems { $0.update.strategy = .queue(batchSize: .max) }.count == 1)
    #expect(problems { $0.update.maxTotalFailures = .max }.count == 1)
    #expect(problems { $0.task.processes[0].minDuration = time }.count == 1)
    #expect(problems { $0.task.processes[0].logger = LoggerConfiguration(backups: .max) }.count == 1)
    #expect(problems { $0.slaPolicy = .count(.max, duration: time) }.count == 2)
  }

  @Test func aGitArtifactNamesAFullCommitAndWasFound() {
    #expect(
      problems { job in
        job.task.artifacts = [artifact]
        job.task.artifacts[0].version = "3f2c9d1"
        job.task.artifacts[0].digest = nil
      } == [
        "artifact \"eightball\" does not name a full git commit (\"3f2c9d1\")",
        "artifact \"eightball\" has no digest: it was not found in the artifact repository",
      ])
  }

  @Test func portsThatNothingUsesAreRefused() {
    #expect(
      problems { $0.healthCheck = HealthCheckConfiguration(checker: .http(HTTPHealthChecker())) }
        == ["its health check names port \"health\", which no process uses"])
    #expect(problems { $0.announce = Announcer() } == [])
  }

  @Test func unboundVariablesAreRefused() {
    #expect(problems { $0.task.processes[0].cmdline += " {{profile.x}}" } == ["variable {{profile.x}} is unbound"])
  }

  @Test func ordersMustMakeSense() {
    let other = ProcessConfiguration(name: "b", cmdline: "true")
    #expect(
      problems { job in
        job.task.processes.append(other)
        job.task.constraints = [OrderConstraint(order: ["run", "b"]), OrderConstraint(order: ["b", "run", "c"])]
      } == [
        "an order names process \"c\", which the task does not have",
        "the orders of its processes form a cycle through \"b\"",
      ])
    #expect(
      problems { job in
        job.task.processes.append(other)
        job.task.processes[1].final = true
        job.task.constraints = [OrderConstraint(order: ["run", "b"])]
      } == ["an order connects \"run\" and \"b\", but only one of them is final"])
    #expect(
      problems { job in
        job.task.processes += [other, ProcessConfiguration(name: "c", cmdline: "true")]
        job.task.constraints = [OrderConstraint(order: ["run", "b", "c"]), OrderConstraint(order: ["run", "c"])]
      } == [])
  }

  @Test func numbersMustBeInRange() {
    #expect(problems { $0.instances = 0 } == ["it asks for 0 instances"])
    #expect(problems { $0.task.resources.ram = 0 } == ["its RAM is not positive"])
    #expect(problems { $0.update.batchSize = 0 } == ["its update batch size is not positive"])
    #expect(problems { $0.task.processes.append($0.task.processes[0]) } == ["process \"run\" is defined twice"])
  }

  @Test func aRefusalSaysAllThatIsWrongAndWhatToDo() throws {
    var bench = try Bench()
    let error = #expect(throws: SchedulerError.self) {
      try bench.send(
        .createJob(
          configuration {
            $0.task.user = "root"
            $0.instances = 0
          }))
    }
    #expect(
      error?.diagnostic.summary
        == "job \(key) is refused: its task runs as \"root\", but its role is \"cbe\"; it asks for 0 instances")
    #expect(error?.diagnostic.remedies.first == "name the user once, as `user:` in the job file")
    #expect(bench.scheduler.state.jobs.isEmpty)
  }

  @Test("A requirement that one machine cannot meet is refused with the reason")
  func unsupported() {
    func codes(_ change: (inout JobConfiguration) -> Void) -> [RefusalCode] {
      SafetyCheck().problems(of: configuration(change: change)).map(\.code)
    }
    #expect(codes { $0.container = .docker(image: "python:3", parameters: []) } == [.unsupported])
    #expect(codes { $0.container = .mesos(image: .appc(name: "a", imageID: "b")) } == [.unsupported])
    #expect(codes { $0.container = .mesos(image: nil) } == [])
    #expect(codes { $0.task.resources.gpu = 1 } == [.unsupported])
    #expect(codes { $0.executor = ExecutorReference(name: "other") } == [.unsupported])
    #expect(codes { $0.executor = ExecutorReference() } == [])
    #expect(
      codes {
        $0.update.strategy = .variableBatch(batchSizes: [1, 2], autopause: true)
        $0.update.pulseInterval = .seconds(60)
        $0.update.slaAware = true
        $0.update.startFirst = true
      } == [])
    #expect(codes { $0.slaPolicy = .coordinator(url: "http://a/", statusKey: "drain") } == [.unsupported])
  }
}
