import Diagnostics
import Digests
import SystemSupport
import Testing

@testable import Artifacts

@Suite("Repeated publication of a commit")
struct LaterPublicationTests {
  let scratch: Scratch
  let repository: Repository
  let main: TestKey
  let trust: TrustContext

  init() throws {
    scratch = try Scratch()
    repository = Repository(directory: scratch.appending("repository"))
    main = try TestKey(1)
    let policy = scratch.appending("policy.toml")
    try FileSystem.write(
      text: """
        [keys.main]
        public = "\(main.publicKey.text)"
        role = "ci-main"
        [rules.production]
        main = true
        """, to: policy)
    trust = try TrustContext(policies: [policy], stage: nil, now: 1_800_000_000)
  }

  private func bundle(_ commit: Character = "a", on branch: String, pushed: Bool = true) throws -> SampleBundle {
    var bundle = try SampleBundle(in: scratch.path, commit: commit)
    bundle.manifest.branch = branch
    bundle.manifest.pushed = pushed ? [branch] : []
    bundle.manifest.isOnMain = pushed && branch == "main"
    bundle.manifest.inputs = .of("inputs")
    return bundle
  }

  private func publish(_ bundle: SampleBundle, _ signer: TestKey? = nil) throws -> PublishOutcome {
    try repository.publish(bundle.manifest, file: bundle.file, options: PublishOptions(signer: signer))
  }

  private func evidence(_ bundle: SampleBundle) throws -> Evidence {
    try #require(try repository.evidence(for: bundle.manifest.key, signedBy: trust.keyIDs))
  }

  @Test("The first manifest stays, and the main branch's manifest is found beside it") func mainBranch() throws {
    let local = try bundle(on: "main", pushed: false)
    #expect(try publish(local) == PublishOutcome(new: 3, bytes: local.manifest.size))
    let first = try evidence(local)
    #expect(try repository.publications(of: first) == [first])
    #expect(artifactError { () throws(ArtifactError) in try repository.admitted(first, by: trust) } != nil)

    let ci = try bundle(on: "main")
    var dry = PublishOptions(signer: main)
    dry.isDryRun = true
    #expect(try repository.publish(ci.manifest, file: ci.file, options: dry).addedLater)
    #expect(try repository.publications(of: first).count == 1)
    let outcome = try publish(ci, main)
    #expect(outcome.wasPublished && outcome.addedLater && outcome.uploadedBlobs == 0)
    #expect(try !publish(ci, main).addedLater)
    #expect(try evidence(local) == first)
    let admitted = try repository.admitted(first, by: trust)
    #expect(admitted.manifest.isOnMain && admitted.manifest.pushed == ["main"])
    #expect(try repository.verify(admitted.manifest).isEmpty)
  }

  @Test("Publishing again signs an unsigned publication, and changes nothing on a signed one") func signature() throws {
    let ci = try bundle(on: "main")
    _ = try publish(ci)
    #expect(try !publish(ci).addedLater)
    #expect(try publish(ci, main).addedLater)
    #expect(try repository.admitted(try evidence(ci), by: trust).manifest.isOnMain)
    let other = try bundle("b", on: "main")
    _ = try publish(other, main)
    #expect(try !publish(other, main).addedLater)
    #expect(try files(below: scratch.appending("repository")).filter { $0.hasSuffix(".on-main") }.count == 1)
  }

  @Test("A manifest without segments is also added, and its origin proves the file") func inherited() throws {
    let origin = try bundle("a", on: "main")
    _ = try publish(origin, main)
    let local = try bundle("b", on: "topic")
    _ = try publish(local)
    var inherited = local.manifest
    (inherited.branch, inherited.pushed, inherited.isOnMain) = ("main", ["main", "topic"], true)
    inherited.origin = origin.manifest.key.commit
    #expect(try repository.publish(inherited: inherited, signer: main).addedLater)
    let admitted = try repository.admitted(try evidence(local), by: trust)
    #expect(admitted.records.count == 2 && admitted.manifest.segments == local.manifest.segments)

    // A copy has all of it, and a collection keeps the origin.
    let other = Repository(directory: scratch.appending("other"))
    var summary = CopySummary()
    try repository.copy(local.manifest.key, to: other, &summary)
    let copied = try #require(try other.evidence(for: local.manifest.key))
    #expect(try other.admitted(copied, by: trust) == admitted)
    let rules = RetentionRules(commits: [local.manifest.key.commit.text], newest: 0, age: 0, grace: 0)
    let now = wallClockNanoseconds() / 1_000_000_000 + 1_000
    #expect(try repository.collect(rules, applies: false, now: now).keptManifests == 2)
    let none = RetentionRules(newest: 0, age: 0, grace: 0)
    let unneeded = try repository.collect(none, applies: false, now: now).unneededManifests
    #expect(unneeded.count == 3 && unneeded.contains { $0.hasSuffix(".on-main") }, "\(unneeded)")
  }

  @Test("A branch must be named by the signed manifest of its commit") func branches() throws {
    let release = try #require(BranchName("release/1"))
    let ci = try bundle(on: "main")
    _ = try publish(ci, main)
    let first = try evidence(ci)
    let refusal = artifactError { () throws(ArtifactError) in try repository.admitted(first, by: trust.on(release)) }
    #expect(refusal?.diagnostic.notes.first?.contains("branch \"release/1\" had the commit") == true)
    var again = ci
    (again.manifest.branch, again.manifest.pushed) = ("release/1", ["main", "release/1"])
    #expect(try publish(again, main).addedLater)
    #expect(try !publish(again, main).addedLater)
    #expect(try repository.admitted(first, by: trust.on(release)).manifest.branch == "release/1")
  }

  @Test("A later manifest about another file, or of another commit, is refused") func damaged() throws {
    let local = try bundle(on: "topic")
    _ = try publish(local)
    let first = try evidence(local)
    let path = scratch.appending("repository").appending(RepositoryLayout.later(local.manifest.key, on: nil))
    var wrong = try bundle(on: "main").manifest
    wrong.segments.swapAt(1, 2)
    wrong.digest = Manifest.treeDigest(of: wrong.segments)
    let foreign = try bundle("b", on: "main").manifest
    for content in [wrong.canonicalBytes, foreign.canonicalBytes, Array("{}".utf8)] {
      try FileSystem.write(content, to: path)
      let error = artifactError { () throws(ArtifactError) in try repository.publications(of: first) }
      guard case .badManifest = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  @Test("A branch position reads back, and only an older manifest moves it back") func positions() throws {
    let commit = try #require(Commit(String(repeating: "a", count: 40)))
    let last = BranchPosition(commit: commit, created: 10_000)
    #expect(BranchPosition(parsing: Array(last.text.utf8)) == last)
    #expect(BranchPosition(parsing: Array("\(commit)\n".utf8)) == BranchPosition(commit: commit, created: nil))
    for text in ["", "x", "\(commit) y", "\(commit) 1 2", "\(commit) "] {
      #expect(BranchPosition(parsing: Array(text.utf8)) == nil, "\(text)")
    }
    for (created, isOlder) in [(nil, false), (10_001, false), (9_400, false), (9_399, true)] as [(Int64?, Bool)] {
      #expect(BranchPosition(commit: commit, created: created).isOlder(than: last) == isOlder)
    }
  }
}

extension PublishOutcome {
  /// The outcome of a first publication.
  fileprivate init(new blobs: Int, bytes: Int64) {
    self.init()
    (uploadedBlobs, uploadedBytes) = (blobs, bytes)
  }
}
