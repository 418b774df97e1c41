import Foundation
import Glibc
import JobModel
import SchedulerCore
import SchedulerStore
import Testing

@Suite struct CrashTests {
  /// A child applies events as fast as it can, notes each that was acknowledged, and is killed with SIGKILL at a moment
  /// that a second thread picks.
  @Test(arguments: [3, 17, 40]) func whatWasAcknowledgedSurvivesSIGKILL(_ count: Int) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "kilt-crash-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: directory) } }
    await #expect(processExitsWith: .signal(SIGKILL)) { [directory = directory as String, count = count as Int] in
      let store = try SchedulerStore(path: directory + "/scheduler.sqlite")
      let acknowledged = open(directory + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
      try store.apply(.hostOffer(offer), at: start)
      for number in 0..<100_000 {
        let name = "job-\(number)"
        try store.apply(.createJob(configuration(name)), at: start + .seconds(number))
        let line = Array("\(name)\n".utf8)
        guard write(acknowledged, line, line.count) == line.count else { exit(9) }
        if number == count {
          // The writer goes on while this thread takes the process down.
          Thread.detachNewThread { kill(getpid(), SIGKILL) }
        }
      }
    }
    let noted = try String(contentsOfFile: directory + "/acknowledged", encoding: .utf8)
      .split(separator: "\n").map(String.init)
    #expect(noted.count > count)

    let store = try SchedulerStore(path: directory + "/scheduler.sqlite")
    let state = store.state
    for name in noted { #expect(state.jobs[configuration(name).key] != nil, "\(name) was acknowledged and is lost") }
    // At most the event in flight is there besides, and each job has all of its tasks.
    #expect(state.jobs.count <= noted.count + 1)
    #expect(state.activeTasks.count == 2 * state.jobs.count)
    #expect(Set(state.activeTasks.flatMap(\.ports.values)).count == state.activeTasks.flatMap(\.ports.values).count)
    try store.close()
  }

  /// A power cut may leave any prefix of the log: each is the state after some event.
  @Test func everyPrefixOfTheLogIsAWholeState() throws {
    try withDirectory { path in
      let store = try SchedulerStore(path: path)
      try store.apply(.hostOffer(offer), at: start)
      for number in 0..<12 { try store.apply(.createJob(configuration("job-\(number)")), at: start) }
      let main = try Data(contentsOf: URL(filePath: path))
      let log = try Data(contentsOf: URL(filePath: path + "-wal"))
      try store.close()
      var counts = Set<Int>()
      for length in stride(from: 0, through: log.count, by: 3001) {
        let copy = path + "-\(length)"
        try main.write(to: URL(filePath: copy))
        try log.prefix(length).write(to: URL(filePath: copy + "-wal"))
        let store = try SchedulerStore(path: copy)
        let state = store.state
        counts.insert(state.jobs.count)
        #expect(state.activeTasks.count == 2 * state.jobs.count)
        for number in 0..<state.jobs.count { #expect(state.jobs[configuration("job-\(number)").key] != nil) }
        try store.close()
      }
      #expect(counts.count > 5)
    }
  }
}
