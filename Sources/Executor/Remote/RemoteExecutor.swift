import Diagnostics
import Glibc
import JSON
import JobModel
import SystemSupport

/// `kilt-executor join`: the first process of a task's container. Gets the assignment from the scheduler, runs the task
/// as on the scheduler's own machine, and stays until the scheduler has all that the task left.
struct RemoteExecutor {
  var contact = "/run/secrets/kilt-task"
  var directory = "/kilt/task"

  init(parsing arguments: [String]) throws(ExecutorError) {
    var rest = arguments[...]
    while let option = rest.popFirst() {
      guard let value = rest.popFirst() else { throw .usage("the option \(option) is unknown or lacks its value") }
      switch option {
      case "--contact": contact = value
      case "--task-directory": directory = value
      default: throw .usage("unknown option \"\(option)\" of kilt-executor join")
      }
    }
    guard directory.hasPrefix("/") else { throw .usage("\"\(directory)\" is not an absolute path (--task-directory)") }
  }

  func run() throws(ExecutorError) -> Int32 {
    // The first process of a container gets no signal that it does not handle.
    let signals = try SignalPipe.install([SIGTERM, SIGINT])
    Pipe.setNonBlocking(signals)
    SignalPipe.ignore(SIGPIPE)
    let channel = SchedulerChannel(contact: try readContact())
    let welcome: Welcome
    do throws(SchedulerChannel.Failure) {
      welcome = try greet(channel, signals)
    } catch {
      // Nothing has begun, and nothing is left.
      guard case .dismissed(let message) = error else { return 3 }
      writeText("the scheduler does not want this executor: \(message)\n", to: STDERR_FILENO)
      return 0
    }
    let task = TaskDirectory(directory)
    try task.create(welcome.assignment)
    var options = ExecutorOptions(
      taskDirectory: directory, pexRunner: try pexRunner(), repository: welcome.repository, isolation: .none)
    options.isContained = true
    let reporter = TaskReporter(channel: channel, directory: task)
    let requests = RemoteRequests(channel: channel, reporter: reporter, directory: task)
    guard startThread({ reporter.run() }), startThread({ requests.run() }) else {
      throw .library(call: "pthread_create", code: EAGAIN)
    }
    if let lease = TaskLease(welcome.assignment.configuration) { _ = startThread { Self.keep(lease, reporter) } }
    let result = Result { () throws(ExecutorError) in try ExecutorCommand.runTask(options) }
    reporter.finish()
    while !reporter.isDone { usleep(20_000) }
    return try result.get() == .failed ? 1 : 0
  }

  private func readContact() throws(ExecutorError) -> SchedulerContact {
    guard let bytes = try SmallFile.content(contact) else { throw .system(call: "open", path: contact, code: ENOENT) }
    do {
      return try SchedulerContact(json: JSONValue(parsing: bytes))
    } catch {
      throw .badAssignment(path: contact, problem: "\(error)")
    }
  }

  private func pexRunner() throws(ExecutorError) -> String {
    do throws(SystemCallError) {
      return try executablePath().removingLastComponent().appending("pex-runner").string
    } catch {
      throw ExecutorError(error, path: "/proc/self/exe")
    }
  }

  // MARK: The beginning

  private struct Welcome {
    var assignment: TaskAssignment
    var repository: String?
  }

  /// Asks for the assignment until there is an answer.
  private func greet(_ channel: SchedulerChannel, _ signals: Int32) throws(SchedulerChannel.Failure) -> Welcome {
    let name = Self.randomName()
    var lastProblem = ""
    while true {
      do throws(SchedulerChannel.Failure) {
        let answer = try channel.post("hello", JSONValue.members(["executor": .string(name)]).bytes())
        do {
          let value = try JSONValue(parsing: answer)
          return Welcome(
            assignment: try TaskAssignment(json: value["assignment"] ?? .null), repository: value["repository"]?.string)
        } catch {
          throw .later("the assignment cannot be read: \(error)")
        }
      } catch .later(let problem) {
        if problem != lastProblem { writeText("\(problem)\n", to: STDERR_FILENO) }
        lastProblem = problem
        if Pipe.readAvailable(signals)?.isEmpty == false { throw .dismissed("it was ended before it began") }
        sleep(1)
      }
    }
  }

  /// Tells two executors of one task apart: 128 random bits.
  private static func randomName() -> String {
    var generator = SystemRandomNumberGenerator()
    return String(generator.next(), radix: 16) + String(generator.next(), radix: 16)
  }

  // MARK: The lease

  /// Ends the task when the scheduler has not answered for the time of the lease: its replacement starts after that.
  private static func keep(_ lease: TaskLease, _ reporter: TaskReporter) {
    var isAsked = false
    while !reporter.isDone {
      let silence = Monotonic.now() - reporter.answeredAt
      // The end of a container's first process is the end of all others.
      if silence > lease.end { _exit(1) }
      if silence > lease.duration, !isAsked {
        isAsked = true
        kill(getpid(), SIGTERM)
      }
      usleep(100_000)
    }
  }
}
