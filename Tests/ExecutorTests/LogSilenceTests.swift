import Glibc
import SystemSupport
import Testing

@testable import Executor

/// How long a log was silent, by the monotonic clock alone.
final class LogSilenceTests {
  private let logs: String

  init() throws {
    var template = Array("/tmp/kilt-silence-test.XXXXXX".utf8CString)
    logs = String(cString: try #require(mkdtemp(&template)))
    try FileSystem.createDirectories(FilePath(logs + "/main/0"))
  }

  deinit {
    do { try FileSystem.removeTree(FilePath(logs)) } catch { Issue.record("cannot clean up: \(error)") }
  }

  /// Writes the log at a time of day, in seconds since 1970.
  private func write(at time: Int) throws {
    let path = logs + "/main/0/stdout"
    try FileSystem.write(text: "line \(time)\n", to: FilePath(path))
    let times = [timespec(tv_sec: time, tv_nsec: 0), timespec(tv_sec: time, tv_nsec: 0)]
    try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
  }

  /// What the check says at each of these moments, in seconds.
  private func problems(_ check: inout LogSilenceCheck, at moments: [Int]) -> [String?] {
    moments.map { check.problem(at: .seconds($0)) }
  }

  @Test("A jump of the time of day by years neither silences nor wakes a check") func clockJumps() throws {
    for start in [1_000_000_000, 2_000_000_000] {
      for jump in [-900_000_000, 0, 900_000_000] {
        var check = LogSilenceCheck(logs: logs, processes: ["main"], limit: .seconds(5), startedAt: .seconds(100))
        try write(at: start)
        let before = problems(&check, at: [101])
        #expect(before == [nil])
        // Output, while somebody sets the clock.
        try write(at: start + jump + 4)
        let after = problems(&check, at: [105, 110, 111])
        #expect(after == [nil, nil, "\"main\" wrote nothing to its log for 6 s, limit 5 s"])
      }
    }
  }

  @Test("The log check does not fail a task that has just started") func justStarted() {
    var check = LogSilenceCheck(logs: logs, processes: ["none"], limit: .seconds(5), startedAt: .seconds(100))
    let found = problems(&check, at: [104, 106])
    #expect(found.map { $0 == nil } == [true, false])
  }
}
