import JSON
import JobModel
import SystemSupport
import Testing

@testable import Executor

/// The copy of a task's directory that a scheduler keeps of a task on another machine.
@Suite final class MirrorTests {
  private let folder: FilePath
  private let directory: TaskDirectory

  init() throws {
    folder = try FileSystem.makeTemporaryDirectory(prefix: "mirror")
    directory = TaskDirectory(folder.appending("task").string)
    let key = JobKey(cluster: "c", role: "r", stage: "s", name: "n")
    let logger = LoggerConfiguration(mode: .rotate, logSize: 16, backups: 2)
    var process = ProcessConfiguration(name: "p", cmdline: "true")
    process.logger = logger
    let configuration = JobConfiguration(
      key: key,
      task: TaskConfiguration(
        name: "n", processes: [process], resources: Resources(cpu: 1, ram: 1 << 20, disk: 1 << 20)))
    try directory.create(
      TaskAssignment(taskID: TaskID("t-1"), instance: 0, configuration: configuration, ports: [:], hostname: "n1"))
  }

  deinit { do { try FileSystem.removeTree(folder) } catch { Issue.record("\(error)") } }

  private func lines(_ sequences: some Sequence<Int>) -> [UInt8] {
    sequences.flatMap { number in
      CheckpointRecord(
        sequence: number, time: Timestamp(milliseconds: Int64(number)), kind: .taskState(.running, message: nil)
      ).line
    }
  }

  private func recorded() throws -> [Int] { try directory.checkpoint()?.records.map(\.sequence) ?? [] }

  @Test("Records that come twice are kept once, and the answer names the next that is missing")
  func repeatedRecords() throws {
    let mirror = try TaskMirror(directory)
    #expect(try mirror.take(records: []) == 0)
    #expect(try mirror.take(records: lines(0...2)) == 3)
    #expect(try mirror.take(records: lines(1...3)) == 4)
    #expect(try recorded() == [0, 1, 2, 3])
  }

  @Test("Records after a gap wait for those before them")
  func recordsAfterGap() throws {
    let mirror = try TaskMirror(directory)
    #expect(try mirror.take(records: lines(0...1)) == 2)
    #expect(try mirror.take(records: lines(5...6)) == 2)
    #expect(try recorded() == [0, 1])
  }

  @Test("Records that the executor has thinned out follow the first of them that joins on")
  func thinnedRecords() throws {
    let mirror = try TaskMirror(directory)
    _ = try mirror.take(records: lines(0...1))
    #expect(try mirror.take(records: lines([1, 4, 7])) == 8)
    #expect(try recorded() == [0, 1, 4, 7])
  }

  @Test("A later scheduler goes on where the last one was, for records and logs")
  func reopened() throws {
    do {
      let mirror = try TaskMirror(directory)
      _ = try mirror.take(records: lines(0...4))
      #expect(try take(mirror, "0123456789\nabcdefghij\n", at: 0) == 22)
    }
    let mirror = try TaskMirror(directory)
    #expect(try mirror.take(records: []) == 5)
    #expect(try take(mirror, "", at: 0) == 22)
    #expect(try take(mirror, "ij\nkl\n", at: 19) == 25)
    #expect(try content() == "0123456789\nabcdefghij\nkl\n")
  }

  @Test("A report that is no whole record is refused, and nothing of it is kept")
  func badRecords() throws {
    let mirror = try TaskMirror(directory)
    #expect(throws: ExecutorError.self) { try mirror.take(records: Array("{\"sequence\": 0".utf8)) }
    #expect(throws: ExecutorError.self) { try mirror.take(records: Array("nothing\n".utf8) + lines([0])) }
    #expect(try mirror.take(records: []) == 0)
  }

  private func take(
    _ mirror: TaskMirror, _ text: String, at position: Int64, isOldest: Bool = false, process: String = "p"
  ) throws -> Int64 {
    try mirror.take(
      log: Array(text.utf8), process: process, run: 0, stream: "stdout", position: position, isOldest: isOldest)
  }

  private func content() throws -> String {
    var reader = LogReader(path: directory.paths.log(process: "p", run: 0, stream: "stdout"))
    return String(decoding: try reader.rest(limit: 1 << 20), as: UTF8.self)
  }

  @Test("Bytes of a log that come twice, or overlap, are kept once")
  func repeatedLog() throws {
    let mirror = try TaskMirror(directory)
    #expect(try take(mirror, "one\n", at: 0) == 4)
    #expect(try take(mirror, "one\n", at: 0) == 4)
    #expect(try take(mirror, "e\ntwo\n", at: 2) == 8)
    #expect(try content() == "one\ntwo\n")
  }

  @Test("Bytes after a gap are asked for again, unless those before them are gone where they were written")
  func logAfterGap() throws {
    let mirror = try TaskMirror(directory)
    #expect(try take(mirror, "one\n", at: 0) == 4)
    #expect(try take(mirror, "nine\n", at: 100) == 4)
    #expect(try take(mirror, "nine\n", at: 100, isOldest: true) == 105)
    #expect(try take(mirror, "ten\n", at: 105) == 109)
    let extent = try LogReader(path: directory.paths.log(process: "p", run: 0, stream: "stdout")).extent()
    #expect(extent.end == 109)
  }

  @Test(
    "A report about a log that the task cannot have is refused",
    arguments: ["q", "../p", "", "p/../../x"])
  func foreignLog(process: String) throws {
    let mirror = try TaskMirror(directory)
    #expect(throws: ExecutorError.self) { try take(mirror, "x", at: 0, process: process) }
  }

  @Test("A request of a scheduler is read back as it was written")
  func requests() throws {
    for kind: RemoteRequest.Kind in [
      .stop(hastens: true), .stop(hastens: false), .checkHealth, .file(path: "a/b", offset: 7),
      .exec(session: "s", command: ["ls", "-l"], columns: 80, rows: 24),
      .exec(session: "s", command: ["ls"], columns: nil, rows: nil),
    ] {
      let request = RemoteRequest(number: 3, kind: kind)
      #expect(try RemoteRequest(json: JSONValue(parsing: request.json.text(.compact))) == request)
    }
  }

  @Test("Frames of a command are read back, and one that is torn ends them")
  func frames() {
    let bytes =
      ExecSession.Frame.output([1, 2]).bytes + ExecSession.Frame.error([]).bytes + ExecSession.Frame.end(3).bytes
    let frames = ExecSession.Frame.parse(bytes + [1, 0, 0])
    #expect(frames.count == 3)
    if case .end(let code)? = frames.last { #expect(code == 3) } else { Issue.record("no end") }
  }
}
