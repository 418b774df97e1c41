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
      try S3Storage(location, environment: environment, client: HTTPClient(retry: .never)))
    let error = artifactError { () throws(ArtifactError) in try repository.names() }
    guard case .unreachable = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.diagnostic.summary == "the repository s3://nobody-home/ at http://127.0.0.1:1 cannot be reached")
  }
}
