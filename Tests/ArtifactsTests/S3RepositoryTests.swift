import Diagnostics
import Digests
import HTTPClient
import Synchronization
import SystemSupport
import Testing

@testable import Artifacts

@Suite("A repository in an S3 bucket")
struct S3RepositoryTests {
  let scratch: Scratch
  let server: SeaweedServer

  init() throws {
    scratch = try Scratch()
    server = try SeaweedServer.shared.get()
  }

  private func bundle(_ commit: Character = "a", _ segments: [[UInt8]]? = nil) throws -> SampleBundle {
    try SampleBundle(
      in: scratch.path, commit: commit, segments: segments ?? [bytes(3_000, seed: 1), bytes(70_000, seed: 2)])
  }

  @Test func whatIsPublishedComesBackBitForBit() throws {
    try server.makeBucket("round-trip")
    let repository = try server.repository(bucket: "round-trip")
    let bundle = try bundle()
    let outcome = try repository.publish(bundle.manifest, file: bundle.file)
    #expect(outcome.uploadedBlobs == 3)
    let manifest = try #require(try repository.manifest(bundle.manifest.key))
    #expect(manifest == bundle.manifest)
    let copy = scratch.appending("copy.pex")
    try repository.fetch(manifest, to: copy)
    #expect(try FileSystem.read(copy) == FileSystem.read(bundle.file))
    #expect(try repository.verify(manifest).isEmpty)

    let again = try repository.publish(bundle.manifest, file: bundle.file)
    #expect(again.wasPublished && again.uploadedBlobs == 0)
    let other = try self.bundle("b")
    #expect(try repository.publish(other.manifest, file: other.file).uploadedBlobs == 0)
  }

  @Test func listsNamesAndCommitsNewestFirst() throws {
    try server.makeBucket("listing")
    let repository = try server.repository(bucket: "listing")
    for commit in ["a", "b"] as [Character] {
      let bundle = try bundle(commit)
      _ = try repository.publish(bundle.manifest, file: bundle.file)
    }
    let name = try #require(SampleBundle.name)
    #expect(try repository.names() == [name])
    let commits = try repository.commits(of: name)
    #expect(Set(commits.map(\.commit.text.first)) == ["a", "b"])
    #expect(commits.allSatisfy { $0.published ?? 0 > 1_700_000_000 })
    let platform = try #require(SampleBundle.platform)
    let found = try repository.resolve(try ArtifactReference(parsing: "fiddler_server@bbbbbbb"), platform: platform)
    #expect(found.key.commit.text.first == "b")
  }

  @Test func aListingOfMoreThanOnePageIsWhole() throws {
    try server.makeBucket("pages")
    let repository = try server.repository(bucket: "pages", prefix: "")
    let storage = repository.storage
    let failures = Mutex(0)
    performInParallel(count: 1_050, threads: 8) { index in
      do {
        _ = try storage.create("artifacts/n\(index)/x", [1])
      } catch {
        failures.withLock { $0 += 1 }
      }
    }
    #expect(failures.withLock { $0 } == 0)
    #expect(try storage.list("artifacts/", recursive: true).count == 1_050)
    #expect(try repository.names().count == 1_050)
  }

  @Test func aLargeBlobGoesUpInParts() throws {
    try server.makeBucket("parts")
    let repository = try server.repository(bucket: "parts", partSize: 5 << 20)
    let bundle = try bundle("c", [bytes((17 << 20) + 5, seed: 3)])
    #expect(try repository.publish(bundle.manifest, file: bundle.file).uploadedBlobs == 2)
    #expect(try repository.verify(bundle.manifest).isEmpty)
  }

  @Test("A killed upload in parts is continued, and no other upload is left") func resumedUpload() throws {
    try server.makeBucket("resumed")
    let repository = try server.repository(bucket: "resumed", partSize: 5 << 20)
    let storage = try #require(repository.storage as? S3Storage)
    let file = scratch.appending("large")
    let content = bytes((12 << 20) + 5, seed: 8)
    try FileSystem.write(content, to: file)
    let key = RepositoryLayout.blob(.of(content))
    // As a publisher leaves it that gets SIGKILL after its first part.
    for _ in 0..<2 {
      var start = S3Request(.post, key)
      start.query = [("uploads", "")]
      let begun = XMLText(try storage.send(start).body)
      let id = try #require(begun.text("UploadId"))
      var part = S3Request(.put, key)
      part.query = [("partNumber", "1"), ("uploadId", id)]
      part.body = .file(path: file.string, offset: 0, length: 5 << 20)
      part.payload = SHA256Digest.of(Array(content.prefix(5 << 20))).hex
      #expect(try storage.send(part).isSuccess)
    }
    #expect(try storage.incompleteUploads(of: "blobs/").count == 2)
    try storage.upload(
      FilePiece(path: file, offset: 0, length: Int64(content.count)), digest: .of(content), to: key)
    #expect(try storage.size(of: key) == Int64(content.count))
    var received: [UInt8] = []
    _ = try storage.download(key, limit: Int64(content.count)) { (bytes) throws(ArtifactError) in
      received.append(contentsOf: bytes)
    }
    #expect(received == content)
    #expect(try storage.incompleteUploads(of: "blobs/").isEmpty)
  }

  @Test("A collection aborts incomplete uploads") func abandonedUploads() throws {
    try server.makeBucket("abandoned")
    let repository = try server.repository(bucket: "abandoned")
    let storage = try #require(repository.storage as? S3Storage)
    var start = S3Request(.post, RepositoryLayout.blob(.of("x")))
    start.query = [("uploads", "")]
    #expect(try storage.send(start).isSuccess)
    let now = wallClockNanoseconds() / 1_000_000_000
    #expect(try repository.collect(RetentionRules(), applies: true, now: now).abandonedUploads == 0)
    #expect(try storage.abandonUploads(before: now + 3_600) == 1)
    #expect(try storage.incompleteUploads(of: "").isEmpty)
  }

  @Test("The index of a branch is changed by one of two writers at a time") func indexInABucket() throws {
    try server.makeBucket("index")
    let storage = try server.repository(bucket: "index").storage
    #expect(try storage.readVersioned("i", limit: 100_000) == nil)
    #expect(try storage.replace("i", [1], expecting: nil))
    #expect(try !storage.replace("i", [2], expecting: nil))
    let first = try #require(try storage.readVersioned("i", limit: 100_000))
    #expect(try storage.replace("i", [2], expecting: first.version))
    #expect(try !storage.replace("i", [3], expecting: first.version))
    #expect(try storage.readVersioned("i", limit: 100_000)?.bytes == [2])
    try storage.remove("i")
    try storage.remove("i")
    #expect(try storage.size(of: "i") == nil)
  }

  @Test("aws reads objects that Kilt wrote") func awsReads() throws {
    try server.makeBucket("peer")
    let bundle = try bundle()
    _ = try server.repository(bucket: "peer").publish(bundle.manifest, file: bundle.file)
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let python = try Subprocess(root.appending("scripts/lib/artifact-peers").string).run().text
    let aws = FilePath(python).removingLastComponent().appending("aws").string
    let environment = [
      "PATH=/usr/bin:/bin", "HOME=\(scratch.path)", "AWS_ACCESS_KEY_ID=kilt-test",
      "AWS_SECRET_ACCESS_KEY=the-right-secret", "AWS_REGION=us-east-1",
    ]
    let blob = RepositoryLayout.blob(bundle.manifest.segments[2].digest)
    let copy = scratch.appending("copy")
    let outcome = try Subprocess(
      aws,
      [
        "--endpoint-url", "http://127.0.0.1:\(server.port)", "s3", "cp", "--quiet", "s3://peer/team/kilt/\(blob)",
        copy.string,
      ], environment: environment
    ).run()
    #expect(outcome.termination.isSuccess, "\(outcome.errorText)")
    #expect(try SHA256Digest.ofFile(copy).digest == bundle.manifest.segments[2].digest)
  }

  @Test func ofManyPublishersOneManifestWins() throws {
    try server.makeBucket("race")
    let repository = try server.repository(bucket: "race")
    let bundles = try (0..<8).map { index in
      let folder = scratch.appending("\(index)")
      try FileSystem.createDirectories(folder)
      return try SampleBundle(in: folder, segments: [bytes(500, seed: UInt64(index))])
    }
    let published = Mutex(0)
    let conflicts = Mutex(0)
    performInParallel(count: 8, threads: 8) { index in
      do throws(ArtifactError) {
        _ = try repository.publish(bundles[index].manifest, file: bundles[index].file)
        published.withLock { $0 += 1 }
      } catch {
        if case .conflict = error { conflicts.withLock { $0 += 1 } }
      }
    }
    #expect(published.withLock { $0 } == 1)
    #expect(conflicts.withLock { $0 } == 7)
  }

  @Test func aWrongSecretIsACleanError() throws {
    try server.makeBucket("secret")
    let repository = try server.repository(bucket: "secret", secret: "a-wrong-secret")
    let bundle = try bundle()
    let error = artifactError { () throws(ArtifactError) in try repository.publish(bundle.manifest, file: bundle.file) }
    let diagnostic = try #require(error?.diagnostic)
    #expect(diagnostic.blame == .environment)
    #expect(diagnostic.summary.contains("refuses access"))
    #expect(diagnostic.notes.first?.contains("SignatureDoesNotMatch") == true)
    let text = DiagnosticRenderer(color: false).render(diagnostic)
    #expect(!text.contains("secret\n") && !text.contains("a-wrong-secret"))
  }

  @Test func aMissingBucketSaysSo() throws {
    let repository = try server.repository(bucket: "not-there")
    let platform = try #require(SampleBundle.platform)
    let reference = try ArtifactReference(parsing: "igor@aaaaaaa")
    let error = artifactError { () throws(ArtifactError) in try repository.resolve(reference, platform: platform) }
    #expect(error == .missingBucket(repository: repository.location))
  }

  @Test func bytesThatAreNotWhatTheirNameSaysAreRefusedByTheServer() throws {
    try server.makeBucket("integrity")
    let repository = try server.repository(bucket: "integrity")
    let file = scratch.appending("file")
    try FileSystem.write(bytes(1_000, seed: 1), to: file)
    let piece = FilePiece(path: file, offset: 0, length: 1_000)
    let key = RepositoryLayout.blob(.of("something else"))
    let error = artifactError { () throws(ArtifactError) in
      try repository.storage.upload(piece, digest: .of("something else"), to: key)
    }
    guard case .server(_, let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason.contains("400"))
    #expect(try repository.storage.size(of: key) == nil)
  }

  @Test func theCacheFetchesFromABucket() throws {
    try server.makeBucket("cached")
    let repository = try server.repository(bucket: "cached")
    let bundle = try bundle()
    _ = try repository.publish(bundle.manifest, file: bundle.file)
    let cache = BundleCache(root: scratch.appending("cache"))
    let installed = try cache.install(bundle.manifest, from: repository)
    #expect(try FileSystem.read(installed.path) == FileSystem.read(bundle.file))
  }

  @Test func aServerThatIsNotThereIsAnEnvironmentError() throws {
    let url = "s3://nobody-home?endpoint=http://127.0.0.1:1"
    let environment = SeaweedServer.environment
    let location = try S3Location(parsing: url, environment: environment)
    let repository = Repository(
      S3Storage(location, environment: environment, client: HTTPClient(retry: .never)))
    let error = artifactError { () throws(ArtifactError) in try repository.names() }
    guard case .unreachable = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.diagnostic.summary == "cannot reach the artifact repository s3://nobody-home/ at http://127.0.0.1:1")
  }
}
