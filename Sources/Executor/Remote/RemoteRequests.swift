import Digests
import Glibc
import JSON
import JobModel
import SystemSupport

/// Does what a scheduler on another machine asks of a task's executor.
struct RemoteRequests: Sendable {
  let channel: SchedulerChannel
  let reporter: TaskReporter
  let directory: TaskDirectory
  /// How long the scheduler holds a question until there is something to do, in seconds.
  static let wait = 20

  /// Asks and does, until all has been reported.
  func run() {
    var done = 0
    var isStopping = false
    while !reporter.isDone {
      do {
        let moment = Monotonic.now()
        let answer = try channel.get("requests?after=\(done)&wait=\(Self.wait)", seconds: Self.wait + 15)
        reporter.answered(moment)
        for value in try JSONValue(parsing: answer)["requests"]?.array ?? [] {
          let request = try RemoteRequest(json: value)
          guard request.number > done else { continue }
          done = request.number
          if case .stop(let hastens) = request.kind {
            if hastens || !isStopping { kill(getpid(), SIGTERM) }
            isStopping = true
          } else {
            begin(request)
          }
        }
      } catch {
        // The scheduler is away, or it is a later one that asks for more than this executor knows.
        sleep(1)
      }
    }
  }

  private func begin(_ request: RemoteRequest) {
    switch request.kind {
    case .stop: break
    case .checkHealth: kill(getpid(), SIGUSR1)
    case .file(let path, let offset):
      _ = startThread { answer(request.number, file: path, offset) }
    case .exec(let session, let command, let columns, let rows):
      let size: (Int, Int)? = if let columns, let rows { (columns, rows) } else { nil }
      _ = startThread { RemoteCommand(channel: channel, session: session).run(command, in: directory, size: size) }
    }
  }

  // MARK: Files

  private static let piece = 1 << 20

  private func answer(_ number: Int, file path: String, _ offset: Int64) {
    let answer = Self.answer(SandboxFiles(root: directory.paths.sandbox), path, offset)
    // Nobody waits for it after a while.
    do throws(SchedulerChannel.Failure) { _ = try channel.post("answers/\(number)", answer) } catch {}
  }

  /// Returns a directory's entries, or a piece of a file. The first byte says which: `d` or `f`; `-` if there is neither, and
  /// `e` before the reason why the system does not say.
  static func answer(_ files: SandboxFiles, _ path: String, _ offset: Int64) -> [UInt8] {
    do throws(SystemCallError) {
      switch try files.content(at: path) {
      case .directory(let entries):
        let list = entries.map { entry in
          JSONValue.members([
            "name": .string(entry.name), "directory": .bool(entry.isDirectory), "size": .int(entry.size),
          ])
        }
        return [UInt8(ascii: "d")] + JSONValue.array(list).bytes(.compact)
      case .file(let file): return [UInt8(ascii: "f")] + (try file.read(at: offset, limit: Self.piece))
      case nil: return [UInt8(ascii: "-")]
      }
    } catch {
      return [UInt8(ascii: "e")] + Array("\(error.errno)".utf8)
    }
  }
}

/// A command beside the task, whose client is at the scheduler.
struct RemoteCommand {
  let channel: SchedulerChannel
  let session: String

  /// Runs the command, and relays until it has ended or its client has left.
  func run(_ command: [String], in directory: TaskDirectory, size: (columns: Int, rows: Int)?) {
    do {
      let running = try ExecSession(
        executor: try executablePath(), task: FilePath(directory.paths.directory), command: command, size: size)
      defer { running.end() }
      try relay(running)
    } catch {
      let text = Array("kilt-executor: \((error as? ExecutorError).map(TaskRunner.text) ?? "\(error)")\n".utf8)
      let frames = ExecSession.Frame.error(text).bytes + ExecSession.Frame.end(126).bytes
      do throws(SchedulerChannel.Failure) { _ = try channel.post("exec/\(session)?part=1", frames) } catch {}
    }
  }

  private func relay(_ running: ExecSession) throws {
    var pause: UInt32 = 2000
    var input: [UInt8] = []
    var closesInput = false
    var failures = 0
    var part = 0
    var lastCall = Monotonic.now() - .seconds(1)
    while true {
      let frames = running.read()
      let hasEnded = frames.contains { if case .end = $0 { true } else { false } }
      // Without output, the client's input is asked for 20 times a second.
      if !frames.isEmpty || Monotonic.now() - lastCall >= .milliseconds(50) {
        lastCall = Monotonic.now()
        let body = frames.flatMap(\.bytes)
        // Numbered: a part whose answer was lost is sent again, and taken once.
        part += 1
        while true {
          do throws(SchedulerChannel.Failure) {
            let answer = try channel.post("exec/\(session)?part=\(part)", body)
            failures = 0
            let value = try? JSONValue(parsing: answer)
            if value?["closed"]?.bool == true || hasEnded { return }
            if let text = value?["input"]?.string { input += Base64.decode(text) ?? [] }
            if value?["end"]?.bool == true { closesInput = true }
            if let columns = value?["columns"]?.int, let rows = value?["rows"]?.int {
              running.resize(columns: Int(columns), rows: Int(rows))
            }
            break
          } catch .dismissed {
            return
          } catch {
            // A command without its client for a while ends, as one whose client has left.
            failures += 1
            if failures > 30 { return }
            sleep(1)
          }
        }
      }
      if !input.isEmpty { input.removeFirst(running.write(input)) }
      if input.isEmpty, closesInput {
        running.closeInput()
        closesInput = false
      }
      pause = frames.isEmpty ? min(pause * 2, 20_000) : 2000
      if frames.isEmpty { usleep(pause) }
    }
  }
}
