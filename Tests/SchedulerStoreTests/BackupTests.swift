import Foundation
import JobModel
import SchedulerCore
import SchedulerStore
import Testing

@Suite struct BackupTests {
  @Test("A backup holds the state of its moment, and a restore returns to it") func roundTrip() throws {
    try withDirectory { path in
      let store = try SchedulerStore(path: path)
      try store.apply(.createJob(configuration("one")), at: start)
      let state = store.state
      try store.backup(to: path + ".backup")
      try store.apply(.createJob(configuration("two")), at: start)
      #expect(throws: StoreError.self) { try store.backup(to: path + ".backup") }
      #expect(throws: StoreError.self) { try store.backup(to: "/nowhere/at/all") }
      try store.close()
      try SchedulerStore.check(path + ".backup")

      let former = try SchedulerStore.restore(path + ".backup", to: path, asideAs: path + ".former")
      #expect(former == path + ".former")
      let restored = try SchedulerStore(path: path)
      var expected = state
      expected.prunedAt = restored.state.prunedAt
      #expect(restored.state == expected)
      try restored.close()
      let aside = try SchedulerStore(path: path + ".former")
      #expect(aside.state.jobs.count == 2)
      try aside.close()
    }
  }

  @Test("A damaged or foreign file is not restored, and the database stays") func damaged() throws {
    try withDirectory { path in
      let store = try SchedulerStore(path: path)
      for number in 0..<20 { try store.apply(.createJob(configuration("job-\(number)")), at: start) }
      try store.backup(to: path + ".backup")
      let state = store.state
      try store.close()
      var bytes = try Data(contentsOf: URL(filePath: path + ".backup"))
      bytes.replaceSubrange(bytes.count / 2..<bytes.count / 2 + 8192, with: Data(repeating: 0xa5, count: 8192))
      try bytes.write(to: URL(filePath: path + ".bad"))
      try Data("no database".utf8).write(to: URL(filePath: path + ".text"))
      for suffix in [".bad", ".text", ".missing"] {
        #expect(throws: StoreError.self, "\(suffix)") {
          try SchedulerStore.restore(path + suffix, to: path, asideAs: path + ".former")
        }
      }
      let again = try SchedulerStore(path: path)
      #expect(again.state.jobs == state.jobs)
      try again.close()
    }
  }

  @Test("Events on a full disk are kept, and written when there is room") func waiting() throws {
    try withDirectory { path in
      let store = try SchedulerStore(path: path)
      try store.apply(.hostOffer(offer), at: start)
      try store.apply(.createJob(configuration()), at: start)
      // SQLite's own limit on pages stands for a disk without room.
      try store.limitPages(true)
      #expect(throws: StoreError.diskFull(path: path)) {
        for number in 0..<200 { try store.apply(.createJob(configuration("job-\(number)")), at: start) }
      }
      let jobs = store.state.jobs.count
      var kept = try store.apply([.killJob(key)], at: start, mayWait: true)
      for number in 0..<200 where kept.isStored {
        kept = try store.apply([.createJob(configuration("kept-\(number)"))], at: start, mayWait: true)
      }
      #expect(!kept.isStored && store.isAhead)
      #expect(store.state.jobs[key]?.isEnding == true)
      #expect(store.state.jobs.count >= jobs)
      let state = store.state
      try store.limitPages(false)
      #expect(try store.apply([.tick], at: start, mayWait: true).isStored)
      #expect(!store.isAhead)
      try store.close()
      let again = try SchedulerStore(path: path)
      #expect(again.state.jobs == state.jobs && again.state.tasks == state.tasks)
      try again.close()
    }
  }
}
