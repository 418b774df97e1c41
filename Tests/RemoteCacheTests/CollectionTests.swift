import Artifacts
import ContentStore
import Digests
import SystemSupport
import Testing

@testable import RemoteCache

@Suite struct CollectionTests {
  private static let day: Int64 = 86_400
  private static let large = [UInt8](repeating: 7, count: Int(RemoteCache.inlineLimit) + 1)

  private func bucket(_ team: Team) throws -> ObjectBucket { try ObjectBucket(opening: team.remote.string) }

  /// Has objects written so many days ago.
  private func age(_ team: Team, _ prefix: String, days: Int64) throws {
    for object in try team.objects(prefix) {
      try FileSystem.setModificationTime(
        wallClockNanoseconds() - days * Self.day * 1_000_000_000, of: team.path(object))
    }
  }

  private func filled(_ names: [String]) throws -> Team {
    let team = try Team()
    let ci = try team.machine("ci", .write)
    for name in names { try ci.make(name, blobs: [Self.large, Array(name.utf8)]) }
    ci.cache.finish()
    return team
  }

  @Test("A collection removes what is older than the limit, and blobs that nothing needs any longer") func byAge()
    throws
  {
    let team = try filled(["old"])
    try age(team, "", days: 40)
    let ci = try team.machine("other", .write)
    try ci.make("new", blobs: [Array("new".utf8)])
    ci.cache.finish()
    let dry = try RemoteCollection(bucket(team), maximumAge: 30 * Self.day, maximumBytes: nil, isDryRun: true).run()
    #expect(try team.objects("entries/").count == 2 && dry.removedEntries == 1)
    let summary = try RemoteCollection(bucket(team), maximumAge: 30 * Self.day, maximumBytes: nil).run()
    #expect(summary == dry)
    #expect(summary.removedEntries == 1 && summary.removedBlobs == 1 && summary.remainingEntries == 1)
    #expect(try team.objects("blobs/") == [] && team.objects("refs/") == [] && team.objects("clocks/") == [])
    let reader = try team.machine("reader", .read)
    #expect(try reader.find("new") == "value" && reader.find("old") == nil)
  }

  @Test("A collection by size removes the oldest entries first, and keeps blobs that others need") func bySize() throws
  {
    let team = try filled(["a", "b", "c"])
    try age(team, "", days: 3)
    let entries = try team.objects("entries/")
    let (oldest, newest) = (entries[1], entries[2])
    try FileSystem.setModificationTime(
      wallClockNanoseconds() - 9 * Self.day * 1_000_000_000, of: team.path(oldest))
    try FileSystem.setModificationTime(wallClockNanoseconds(), of: team.path(newest))
    let total = try bucket(team).listing("").filter { !$0.key.hasPrefix("refs/") && !$0.key.hasPrefix("inputs/") }
      .reduce(0) { $0 + $1.size }
    let summary = try RemoteCollection(bucket(team), maximumAge: nil, maximumBytes: total - 1).run()
    #expect(summary.removedEntries == 1 && summary.removedBlobs == 0)
    #expect(try !team.objects().contains(oldest) && team.objects("blobs/").count == 1)
    let rest = try RemoteCollection(bucket(team), maximumAge: nil, maximumBytes: 0).run()
    #expect(rest.remainingEntries == 0 && rest.remainingBytes == 0 && rest.removedBlobs == 1)
  }

  @Test("A blob that was just written stays, whether its entry is there yet or not") func concurrent() throws {
    let team = try filled(["a"])
    let entry = try #require(try team.objects("entries/").first)
    // A writer is between its blob and its entry.
    try FileSystem.removeFile(team.path(entry))
    try age(team, "refs/", days: 40)
    let summary = try RemoteCollection(bucket(team), maximumAge: Self.day, maximumBytes: 0).run()
    #expect(summary.removedBlobs == 0)
    #expect(try team.objects("blobs/").count == 1)
  }

  @Test("Writers, readers and collections at once never bring a wrong result") func together() throws {
    let team = try filled(["x"])
    try age(team, "", days: 40)
    performInParallel(count: 12, threads: 12) { index in
      do {
        if index % 4 == 0 {
          _ = try RemoteCollection(bucket(team), maximumAge: 30 * Self.day, maximumBytes: nil).run()
          return
        }
        let machine = try team.machine("machine\(index)", .write)
        for name in ["x", "y"] {
          if let value = try machine.find(name) {
            #expect(value == "value" && machine.store.contains(.of(Self.large)))
          } else {
            try machine.make(name, blobs: [Self.large, Array(name.utf8)])
          }
        }
        machine.cache.finish()
      } catch {
        Issue.record(error)
      }
    }
  }

  @Test("Twenty writers of the same results at once leave each result whole, without a note") func writers()
    throws
  {
    let team = try Team()
    let names = (0..<10).map { "result\($0)" }
    performInParallel(count: 20, threads: 20) { index in
      do {
        let machine = try team.machine("writer\(index)", .write)
        // The same keys with the same blobs, and one result that only this writer has.
        for name in names + ["own\(index)"] {
          try machine.make(name, value: "value of \(name)", blobs: [Self.large, Array(name.utf8)])
        }
        machine.cache.finish()
        #expect(machine.notes == [], "writer \(index)")
      } catch {
        Issue.record(error)
      }
    }
    #expect(try team.objects("entries/").count == 30 && team.objects("blobs/").count == 1)
    let reader = try team.machine("reader", .read)
    for name in names + (0..<20).map({ "own\($0)" }) {
      #expect(try reader.find(name) == "value of \(name)")
      #expect(reader.store.contains(.of(Self.large)) && reader.store.contains(.of(Array(name.utf8))))
    }
    #expect(reader.notes == [])
  }

  @Test(
    "A writer whose clock is wrong writes old blobs again, and fresh ones not, by the clock of the storage",
    arguments: [-400, -1, 1, 400])
  func skewedClock(days: Int64) throws {
    let team = try filled(["a"])
    let blob = team.path(try #require(try team.objects("blobs/").first))
    func write(_ name: String) throws {
      let settings = RemoteCacheSettings(address: team.remote.string, base: team.folder, mode: .write)
      let machine = try Machine(
        settings, store: ContentStore(root: team.folder.appending(name)),
        clock: { wallClockNanoseconds() / 1_000_000_000 + days * Self.day })
      try machine.make(name, blobs: [Self.large])
      machine.cache.finish()
      #expect(machine.notes == [])
    }
    let fresh = wallClockNanoseconds() - 3_600_000_000_000
    try FileSystem.setModificationTime(fresh, of: blob)
    try write("soon")
    #expect(try FileSystem.status(of: blob).modificationTime == fresh)
    // As old as the clock is wrong, a day at least: by such a clock it could be new.
    let old = wallClockNanoseconds() - max(1, abs(days)) * Self.day * 1_000_000_000
    try FileSystem.setModificationTime(old, of: blob)
    try write("late")
    #expect(try FileSystem.status(of: blob).modificationTime > fresh)
    let summary = try RemoteCollection(bucket(team), maximumAge: Self.day, maximumBytes: nil).run()
    #expect(summary.removedEntries == 0 && summary.removedBlobs == 0)
    let reader = try team.machine("reader", .read)
    #expect(try reader.find("late") == "value" && reader.store.contains(.of(Self.large)))
  }

  @Test("A cache behind HTTP cannot be collected") func readOnly() throws {
    let bucket = try ObjectBucket(
      opening: "http://127.0.0.1:9/cache", relativeTo: nil, silence: 1000, whole: 1000)
    #expect(throws: ArtifactError.self) {
      try RemoteCollection(bucket, maximumAge: 1, maximumBytes: nil).run()
    }
  }
}
