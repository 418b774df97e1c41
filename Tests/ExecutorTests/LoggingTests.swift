import Executor
import JobModel
import SystemSupport
import Testing

/// What processes print, and where it is kept.
@Suite(.serialized) struct LoggingTests {
  typealias Fixture = TaskFixture

  @Test func eachRunHasItsOwnFiles() throws {
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task([
        Fixture.process("p", "echo out; echo err >&2; test -e again || { touch again; exit 1; }", maxFailures: 2)
      ]))
    #expect(event.status == .finished)
    for run in 0...1 {
      #expect(try fixture.log("p", run, "stdout") == "out\n")
      #expect(try fixture.log("p", run, "stderr") == "err\n")
    }
  }

  @Test func rotatedLogsKeepWholeLinesInOrderAndTheNewestOfThem() throws {
    let fixture = try Fixture()
    let logger = LoggerConfiguration(mode: .rotate, logSize: 10_000, backups: 3)
    let event = try fixture.run(Fixture.task([Fixture.process("p", "seq 100000 199999", logger: logger)]))
    #expect(event.status == .finished)
    let path = fixture.directory.paths.log(process: "p", run: 0, stream: "stdout")
    var kept = ""
    for name in ["\(path).3", "\(path).2", "\(path).1", path] {
      let text = try FileSystem.readText(FilePath(name))
      #expect(text.utf8.count <= 10_000)
      #expect(text.hasSuffix("\n"))
      kept += text
    }
    let lines = kept.split(separator: "\n").compactMap { Int($0) }
    #expect(lines.last == 199_999)
    #expect(lines == Array((199_999 - lines.count + 1)...199_999))
    // Three full files and what is in the current one.
    #expect(lines.count >= 3 * 10_000 / 7 - 3)
    #expect(throws: (any Error).self) { try FileSystem.readText(FilePath("\(path).4")) }
  }

  @Test func onlyTheLastHundredRunsKeepTheirLogs() throws {
    let fixture = try Fixture()
    let event = try fixture.run(
      Fixture.task([Fixture.process("p", "echo >> runs; test $(wc -l < runs) -ge 105", maxFailures: 0)]))
    #expect(event.status == .finished)
    let runs = try FileSystem.list(FilePath(fixture.directory.paths.logs + "/p")).compactMap { Int($0.name) }.sorted()
    #expect(runs == Array(5...104))
  }

  @Test func outputMayBeThrownAway() throws {
    let fixture = try Fixture()
    let logger = LoggerConfiguration(destination: .none)
    #expect(try fixture.run(Fixture.task([Fixture.process("p", "echo x", logger: logger)])).status == .finished)
    #expect(throws: (any Error).self) { try fixture.log("p") }
  }

  @Test func outputMayGoToTheFileAndToTheExecutorsOwnOutput() throws {
    let fixture = try Fixture()
    let logger = LoggerConfiguration(destination: .both)
    #expect(try fixture.run(Fixture.task([Fixture.process("p", "echo x", logger: logger)])).status == .finished)
    #expect(try fixture.log("p") == "x\n")
  }
}
