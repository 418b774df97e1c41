import Diagnostics
import Digests
import Synchronization
import SystemSupport
import Testing

@testable import Artifacts

@Suite("The index of a branch")
struct BranchIndexTests {
  let scratch: Scratch
  let repository: Repository
  let main: BranchName
  let platform: ArtifactPlatform

  init() throws {
    scratch = try Scratch()
    repository = Repository(directory: scratch.appending("repository"))
    main = try #require(BranchName("main"))
    platform = try #require(SampleBundle.platform)
  }

  private func commit(_ digit: Int) throws -> Commit {
    try #require(Commit(String(repeating: "0", count: 38) + String(digit + 10)))
  }

  @Test("Many concurrent publishers lose no entry of the index") func concurrentUpdates() throws {
    let names = try (0..<12).map { try #require(ArtifactName("name\($0)")) }
    let commit = try commit(1)
    let failures = Mutex<[ArtifactError]>([])
    performInParallel(count: names.count, threads: 12) { index in
      let error = artifactError { () throws(ArtifactError) in
        try repository.updateIndex(of: main, platform: platform) { current in
          let packed = BranchIndex.Packed(inputs: .of("\(index)"), commit: commit, digest: .of("d"), size: 1)
          current.record(names[index], commit: commit, packed: packed) { _ in true }
        }
      }
      if let error { failures.withLock { $0.append(error) } }
    }
    #expect(failures.withLock { $0.isEmpty })
    let index = try #require(try repository.branchIndex(main, platform: platform))
    #expect(Set(index.entries.keys) == Set(names))
    #expect(try repository.branches() == [main])
  }

  @Test("An older commit does not move a branch back, and the index keeps the last builds") func order() throws {
    var index = BranchIndex(branch: main, platform: platform)
    let name = try #require(SampleBundle.name)
    for number in 0..<6 {
      let packed = BranchIndex.Packed(
        inputs: .of("\(number)"), commit: try commit(number), digest: .of("\(number)"), size: 1)
      index.record(name, commit: try commit(number), packed: packed) { _ in number != 5 }
    }
    #expect(index.entries[name]?.commit == (try commit(4)))
    #expect(index.entries[name]?.packed.map(\.inputs) == [5, 4, 3, 2].map { .of("\($0)") })
    #expect(index.packed(name, inputs: .of("3"))?.commit == (try commit(3)))
    #expect(index.packed(name, inputs: .of("0")) == nil)
    #expect(try BranchIndex(parsing: index.bytes, branch: main, platform: platform) == index)
  }

  @Test("NAME@BRANCH is the newest commit of that branch") func resolution() throws {
    let bundle = try SampleBundle(in: scratch.path)
    _ = try repository.publish(bundle.manifest, file: bundle.file)
    let name = bundle.manifest.key.name
    let branch = try #require(BranchName("feature/x y".replacing(" ", with: "-")))
    try repository.updateIndex(of: branch, platform: platform) { index in
      let packed = BranchIndex.Packed(
        inputs: .of(""), commit: bundle.manifest.key.commit, digest: bundle.manifest.digest, size: bundle.manifest.size)
      index.record(name, commit: bundle.manifest.key.commit, packed: packed) { _ in true }
    }
    let selector = try ArtifactSelector(parsing: "fiddler_server@feature/x-y")
    #expect(try repository.resolve(selector, platform: platform) == bundle.manifest)
    let error = artifactError { () throws(ArtifactError) in
      try repository.resolve(try ArtifactSelector(parsing: "fiddler_server@feature/xy"), platform: platform)
    }
    #expect(error?.diagnostic.remedies.first == "did you mean \"feature/x-y\"?")
  }

  @Test(
    "A text after @ is a commit, a branch, or an error",
    arguments: [
      ("a@main", "branch"), ("a@release/1.2", "branch"), ("a@abcdef1", "commit"), ("a@abcdef", ""), ("a@", ""),
      ("a@..", ""), ("a@x..y", ""), ("a@-x", ""), ("a@x y", ""), ("a@.x", ""), ("a@x/.y", ""), ("a@x.lock", ""),
      ("a", ""), ("a@main\u{1B}", ""), ("a@feed-1", "branch"), ("a:1.2.0", "release"), ("a:^1.2", ""),
      ("a:1.x", "release"), ("a:", ""), ("a@b:c", ""),
    ]) func selectors(_ text: String, _ kind: String) throws
  {
    let found: String
    do {
      found =
        switch try ArtifactSelector(parsing: text) {
        case .commit: "commit"
        case .branch: "branch"
        case .release: "release"
        }
    } catch {
      found = ""
    }
    #expect(found == kind)
  }
}
