import Diagnostics
import Digests
import Glibc
import Synchronization
import SystemSupport
import Testing

@testable import Artifacts

@Suite("A repository in a directory")
struct DirectoryRepositoryTests {
  let scratch: Scratch
  let root: FilePath
  let repository: Repository

  init() throws {
    scratch = try Scratch()
    root = scratch.appending("repository")
    repository = Repository(directory: root)
  }

  @Test func whatIsPublishedComesBackBitForBit() throws {
    let bundle = try SampleBundle(in: scratch.path)
    let outcome = try repository.publish(bundle.manifest, file: bundle.file)
    #expect(outcome.uploadedBlobs == 3)
    #expect(outcome.uploadedBytes == bundle.manifest.size)
    #expect(!outcome.wasPublished)

    let manifest = try #require(try repository.manifest(bundle.manifest.key))
    #expect(manifest == bundle.manifest)
    let copy = scratch.appending("copy.pex")
    try repository.fetch(manifest, to: copy)
    #expect(try FileSystem.read(copy) == FileSystem.read(bundle.file))
    #expect(try FileSystem.status(of: copy).isExecutable)
  }

  @Test func theLayoutIsTheDocumentedOne() throws {
    let bundle = try SampleBundle(in: scratch.path, segments: [bytes(10, seed: 1)])
    _ = try repository.publish(bundle.manifest, file: bundle.file)
    let blobs = bundle.manifest.segments.map { "blobs/sha256/\($0.digest.hex.prefix(2))/\($0.digest)" }
    let commit = String(repeating: "a", count: 40)
    #expect(try files(below: root) == (blobs + ["artifacts/fiddler_server/\(commit)/bookworm-x86_64.json"]).sorted())
  }

  @Test func publishingTheSameAgainChangesNothing() throws {
    let bundle = try SampleBundle(in: scratch.path)
    _ = try repository.publish(bundle.manifest, file: bundle.file)
    var again = bundle.manifest
    again.created += 1_000
    let outcome = try repository.publish(again, file: bundle.file)
    #expect(outcome.wasPublished)
    #expect(outcome.uploadedBlobs == 0)
    #expect(try repository.manifest(bundle.manifest.key)?.created == bundle.manifest.created)
  }

  @Test func anotherFileForThatCommitIsRefused() throws {
    let first = try SampleBundle(in: scratch.path)
    _ = try repository.publish(first.manifest, file: first.file)
    let before = try files(below: root)
    let second = try SampleBundle(in: scratch.path, segments: [bytes(99, seed: 9)])
    let error = artifactError { () throws(ArtifactError) in try repository.publish(second.manifest, file: second.file) }
    guard case .conflict = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.diagnostic.blame == .input)
    #expect(try files(below: root) == before)
  }

  @Test func aCommitWithTheSameBytesCostsOneManifest() throws {
    let first = try SampleBundle(in: scratch.path)
    _ = try repository.publish(first.manifest, file: first.file)
    let before = try files(below: root).count
    let second = try SampleBundle(in: scratch.path, commit: "b")
    let outcome = try repository.publish(second.manifest, file: second.file)
    #expect(outcome.uploadedBlobs == 0)
    #expect(outcome.reusedBytes == second.manifest.size)
    #expect(try files(below: root).count == before + 1)
  }

  @Test func publishingAgainReplacesABlobThatWasLost() throws {
    let bundle = try SampleBundle(in: scratch.path)
    _ = try repository.publish(bundle.manifest, file: bundle.file)
    let blob = root.appending(RepositoryLayout.blob(bundle.manifest.segments[1].digest))
    try FileSystem.removeFile(blob)
    #expect(try repository.verify(bundle.manifest).count == 1)
    let outcome = try repository.publish(bundle.manifest, file: bundle.file)
    #expect(outcome.wasPublished)
    #expect(outcome.uploadedBlobs == 1)
    #expect(try repository.verify(bundle.manifest).isEmpty)
  }

  @Test func aFileThatIsNotWhatItsManifestSaysIsNotPublished() throws {
    let bundle = try SampleBundle(in: scratch.path)
    var content = try FileSystem.read(bundle.file)
    content[content.count - 1] ^= 1
    try FileSystem.write(content, to: bundle.file)
    let error = artifactError { () throws(ArtifactError) in try repository.publish(bundle.manifest, file: bundle.file) }
    #expect(error?.diagnostic.summary.contains("part-2") == true)
    #expect(!FileSystem.exists(root))
  }

  @Test func ofManyPublishersAtOnceOneContentWins() throws {
    let bundles = try (0..<8).map { index in
      let folder = scratch.appending("\(index)")
      try FileSystem.createDirectories(folder)
      return try SampleBundle(in: folder, segments: [bytes(50_000, seed: 5), bytes(500, seed: UInt64(index % 2))])
    }
    let results = Mutex<[Int: ArtifactError?]>([:])
    performInParallel(count: bundles.count, threads: 8) { index in
      let error = artifactError { () throws(ArtifactError) in
        try repository.publish(bundles[index].manifest, file: bundles[index].file)
      }
      results.withLock { $0[index] = .some(error) }
    }
    let winner = try #require(try repository.manifest(bundles[0].manifest.key))
    for (index, bundle) in bundles.enumerated() {
      let error = results.withLock { $0[index] } ?? nil
      if bundle.manifest.digest == winner.digest {
        #expect(error == nil)
      } else {
        guard case .conflict = error else {
          Issue.record("\(String(describing: error))")
          continue
        }
      }
    }
    #expect(try repository.verify(winner).isEmpty)
    // No temporary file of anybody is left.
    #expect(try files(below: root).allSatisfy { !$0.contains("tmp") })
  }

  @Test(arguments: [0, 1, 2])
  func aDamagedBlobIsNoticedAndNothingAppears(_ position: Int) throws {
    let bundle = try SampleBundle(in: scratch.path)
    _ = try repository.publish(bundle.manifest, file: bundle.file)
    let segment = bundle.manifest.segments[position]
    let blob = root.appending(RepositoryLayout.blob(segment.digest))
    let right = try FileSystem.read(blob)
    var flipped = right
    flipped[right.count / 2] ^= 0x40
    for wrong in [flipped, Array(right.dropLast()), right + [0], []] {
      try FileSystem.write(wrong, to: blob)
      let copy = scratch.appending("copy.pex")
      let error = artifactError { () throws(ArtifactError) in try repository.fetch(bundle.manifest, to: copy) }
      guard case .damagedBlob(segment.digest.hex, segment.name, _, _) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(error?.diagnostic.blame == .environment)
      #expect(!FileSystem.exists(copy))
      #expect(try repository.verify(bundle.manifest).count == 1)
    }
  }

  @Test func aManifestWithRightSegmentsInTheWrongOrderIsNoticed() throws {
    let bundle = try SampleBundle(in: scratch.path)
    _ = try repository.publish(bundle.manifest, file: bundle.file)
    var lying = bundle.manifest
    lying.segments.swapAt(1, 2)
    let copy = scratch.appending("copy.pex")
    let error = artifactError { () throws(ArtifactError) in try repository.fetch(lying, to: copy) }
    guard case .badManifest = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(!FileSystem.exists(copy))
  }

  @Test func aHostileManifestSaysWhichAndWhy() throws {
    let bundle = try SampleBundle(in: scratch.path)
    _ = try repository.publish(bundle.manifest, file: bundle.file)
    try FileSystem.write(text: "{}", to: root.appending(RepositoryLayout.manifest(bundle.manifest.key)))
    let error = artifactError { () throws(ArtifactError) in try repository.manifest(bundle.manifest.key) }
    #expect(error?.diagnostic.summary.contains("it has no \"format\"") == true)
    #expect(error?.diagnostic.summary.contains(root.string) == true)
  }

  @Test func aRepositoryThatIsNotThereSaysSo() throws {
    let bundle = try SampleBundle(in: scratch.path)
    let error = artifactError { () throws(ArtifactError) in try repository.manifest(bundle.manifest.key) }
    #expect(error?.diagnostic.blame == .environment)
    #expect(error?.diagnostic.summary == "cannot reach the artifact repository \(root)")
  }
}
