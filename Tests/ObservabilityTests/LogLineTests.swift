import JSON
import JobModel
import Testing

@testable import Observability

@Suite struct LogLineTests {
  @Test(
    "The level of a JSON line is read in the forms of common libraries",
    arguments: [
      (#"{"level":"WARN"}"#, LogLevel.warning), (#"{"level": 50, "msg": "x"}"#, .error),
      (#"{"severity":"CRITICAL"}"#, .fatal), (#"  {"levelname": "DEBUG"}"#, .debug), (#"{"log.level":"info"}"#, .info),
      (#"{"log": {"level": "notice"}}"#, .info), (#"{"level": 10}"#, .trace), (#"{"lvl":"eror"}"#, nil),
      (#"{"message": "level"}"#, nil), ("level=warn", nil), ("{", nil), ("", nil), (#"{"level": null}"#, nil),
    ])
  func level(line: String, expected: LogLevel?) { #expect(LogLevel(line: Array(line.utf8)) == expected) }

  @Test("A question and a frame survive a JSON round trip") func json() throws {
    let source = LogSource(instance: 3, task: "t", process: "p", run: 2, stream: "stderr")
    let question = LogQuestion(
      instances: [1, 2], processes: ["p"], streams: ["stderr"], follows: true, tail: 5,
      since: Timestamp(milliseconds: 7), task: "t", isWhole: true, positions: [LogQuestion.Position(source, 9)])
    #expect(try LogQuestion(json: question.json) == question)
    #expect(Set(question.json.object?.names ?? []) == LogQuestion.fields)
    #expect(try LogQuestion(json: [:]) == LogQuestion())
    #expect(throws: ModelError.self) { try LogQuestion(json: ["streams": ["stdin"]]) }
    #expect(throws: ModelError.self) { try LogQuestion(json: ["instances": ["a"]]) }
    for kind: LogFrame.Kind in [
      .end, .alive, .bytes(source, position: 1, time: Timestamp(milliseconds: 2), length: 3),
    ] {
      let frame = LogFrame(kind)
      #expect(frame.header.last == 0x0A && frame.header.count { $0 == 0x0A } == 1)
      #expect(try LogFrame(json: .init(parsing: frame.header.dropLast())) == frame)
    }
  }
}
