import ContentStore
import Digests
import HTTPClient
import SystemSupport
import Testing

@testable import Artifacts
@testable import RemoteCache

/// The remote cache in a bucket of SeaweedFS.
@Suite struct BucketTests {
  private let server: SeaweedServer
  private let team: Team

  init() throws {
    server = try SeaweedServer.shared.get()
    team = try Team()
  }

  private func bucket(_ name: String) throws -> ObjectBucket {
    let location = try S3Location(
      parsing: server.url(name, "team/cache"), environment: SeaweedServer.environment)
    return ObjectBucket(
      S3Storage(location, environment: SeaweedServer.environment, client: HTTPClient(retry: .never)))
  }

  private func machine(_ name: String, _ bucket: ObjectBucket, _ mode: RemoteCacheMode) throws -> Machine {
    try Machine(
      RemoteCacheSettings(address: bucket.location, base: team.folder, mode: mode),
      store: ContentStore(root: team.folder.appending(name)), bucket: bucket)
  }

  @Test("A bucket shares records and large blobs, replaces a poisoned entry, and can be collected") func bucket() throws
  {
    try server.makeBucket("kilt-cache")
    let bucket = try bucket("kilt-cache")
    let large = [UInt8](repeating: 7, count: Int(RemoteCache.inlineLimit) + 1)
    let ci = try machine("ci", bucket, .write)
    try ci.make("a", blobs: [Array("small".utf8), large]) { record in
      record.name = "lib:a"
      record.inputs = InputList()
    }
    ci.cache.finish()
    #expect(ci.notes == [] && ci.cache.statistics.total.uploads == 1)
    let laptop = try machine("laptop", bucket, .read)
    #expect(try laptop.find("a") == "value" && laptop.store.contains(.of(large)))
    #expect(try laptop.find("absent") == nil && laptop.notes == [])
    #expect(laptop.cache.nearest("test-1", "lib:a")?.time != nil)
    // Poisoned, and mended by the next writer.
    let entry = try #require(try bucket.listing("entries/").first).key
    try bucket.overwrite(entry, Array("poison".utf8))
    let next = try machine("next", bucket, .write)
    #expect(try next.find("a") == nil && next.notes.count == 1)
    try next.make("a", blobs: [Array("small".utf8), large])
    next.cache.finish()
    #expect(try machine("third", bucket, .read).find("a") == "value")
    // What was just written stays; with no room at all the entry goes, and its blob a day later.
    #expect(try RemoteCollection(bucket, maximumAge: 86_400, maximumBytes: nil).run().removedEntries == 0)
    let summary = try RemoteCollection(bucket, maximumAge: nil, maximumBytes: 0).run()
    #expect(summary.removedEntries == 1 && summary.removedBlobs == 0 && summary.remainingEntries == 0)
    #expect(try machine("fourth", bucket, .read).find("a") == nil)
  }

  @Test("A missing bucket is left alone after one request, with one note") func missingBucket() throws {
    let laptop = try machine("laptop", try bucket("kilt-absent"), .read)
    for name in 0..<5 { #expect(try laptop.find("\(name)") == nil) }
    #expect(laptop.notes.count == 1 && !laptop.cache.answers, "\(laptop.notes)")
  }
}
