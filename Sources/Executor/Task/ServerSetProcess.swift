import CSystemShims
import Glibc
import JSON
import SystemSupport

/// The program `kilt-zookeeper` of one task: it keeps the task's node in ZooKeeper. Restarted when it ends.
///
/// It receives lines of JSON and ends with its input, and so with the executor, however that ends.
final class ServerSetProcess {
  private let program: String
  private let arguments: [String]
  private let log: String
  private let children: ChildProcesses
  private var input: Int32 = -1
  /// The program's process ID; 0 while it does not run.
  private(set) var id: Int32 = 0
  private var content: JSONValue?
  /// The time of its restart, after an unrequested end.
  private(set) var restartAt: Duration?

  /// - Parameter log: The file for the program's output.
  init(program: String, settings: String, path: String, log: String, children: ChildProcesses) {
    self.program = program
    self.children = children
    arguments = ["announce", "--settings", settings, "--path", path]
    self.log = log
  }

  /// Has the node hold this; nil removes the node.
  func announce(_ content: JSONValue?, at now: Duration) {
    self.content = content
    if id == 0 {
      if content != nil { start(at: now) }
    } else {
      tell()
    }
  }

  private func ended() {
    closeInput()
    id = 0
    if content != nil { restartAt = Monotonic.now() + .seconds(1) }
  }

  func restartIfDue(at now: Duration) {
    guard let restartAt, now >= restartAt else { return }
    self.restartAt = nil
    if id == 0, content != nil { start(at: now) }
  }

  /// Ends the program: it removes the node first.
  func end() {
    content = nil
    restartAt = nil
    closeInput()
  }

  private func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  private func start(at now: Duration) {
    do throws(SystemCallError) {
      let pipe = try makePipe()
      defer { FileSystem.close(pipe.reading) }
      let output = try FileSystem.open(
        FilePath(log), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
      defer { FileSystem.close(output) }
      do throws(SystemCallError) {
        id = try spawnAttached(
          FilePath(program), arguments, input: pipe.reading, output: output, error: output, newSession: false)
      } catch {
        FileSystem.close(pipe.writing)
        throw error
      }
      input = pipe.writing.rawValue
      children.adopt(id) { [unowned self] _ in ended() }
      // A program that does not read must not hold up the task.
      _ = fcntl(input, F_SETFL, O_NONBLOCK)
      tell()
    } catch {
      restartAt = now + .seconds(5)
    }
  }

  private func tell() {
    guard input >= 0 else { return }
    let line = content.map { JSONValue.members(["announce": $0]) } ?? ["withdraw": true]
    let bytes = line.bytes(.compact) + [UInt8(ascii: "\n")]
    // A line is shorter than the atomic size of a pipe; a full pipe belongs to a hanging program.
    if write(input, bytes, bytes.count) != bytes.count { closeInput() }
  }
}
