import Diagnostics
import Digests
import SystemSupport
import Testing

@testable import Artifacts

@Suite("Files by version")
struct ReleaseTests {
  let scratch: Scratch
  let repository: Repository
  let cache: ReleaseCache
  let name: ArtifactName

  init() throws {
    scratch = try Scratch()
    repository = Repository(directory: scratch.appending("repository"))
    cache = ReleaseCache(BundleCache(root: scratch.appending("cache")))
    name = try #require(ArtifactName("metrics"))
  }

  private func release(
    _ version: String, kind: ReleaseVersion.Kind = .version, _ contents: [String: String] = ["metrics.jar": "jar"]
  ) throws -> (Release, [FilePath]) {
    let files = try contents.map { name, text in
      let path = scratch.appending(name)
      try FileSystem.write(text: text, to: path)
      return (
        Release.File(name: try #require(ArtifactName(name)), digest: .of(text), size: Int64(text.utf8.count)), path
      )
    }
    return (
      Release(
        name: name, version: try ReleaseVersion(validating: version, kind: kind), files: files.map(\.0),
        builder: "kilt", created: 1_700_000_000), files.map(\.1)
    )
  }

  @Test(
    "A semantic version names one release; ranges and other texts are refused",
    arguments: [
      ("1.2.3", true), ("0.0.0", true), ("1.0.0-rc.1", true), ("1.0.0+build.7", true), ("1.0.0-a-b.1+x.2", true),
      ("1.2", false), ("1", false), ("01.2.3", false), ("1.2.x", false), ("^1.2.3", false), ("~1.2.3", false),
      (">=1.2.3", false), ("1.2.*", false), ("latest", false), ("v1.2.3", false), ("1.2.3-", false),
      ("1.2.3-01", false),
      ("1.2.3 ", false), ("1.2.3-a..b", false), ("", false), ("1.2.3 - 2.0.0", false), ("../../x", false),
    ]) func versions(_ text: String, _ isVersion: Bool)
  {
    #expect((ReleaseVersion(text, kind: .version) != nil) == isVersion)
  }

  @Test("A stored file never changes, even if the second upload has another type") func immutable() throws {
    let (first, files) = try release("1.4.0")
    #expect(try repository.put(first, files: files))
    #expect(try !repository.put(first, files: files))
    let (other, otherFiles) = try release("1.4.0", ["metrics.jar": "another"])
    let error = artifactError { () throws(ArtifactError) in try repository.put(other, files: otherFiles) }
    #expect(error?.diagnostic.summary.contains("is already in") == true)
    let (third, thirdFiles) = try release("1.4.0", kind: .static, ["metrics.jar": "jar"])
    guard
      case .releaseConflict? = artifactError({ () throws(ArtifactError) in
        try repository.put(third, files: thirdFiles)
      })
    else {
      Issue.record("the same version of another type was put")
      return
    }
    #expect(try repository.versions(of: name).map(\.text) == ["1.4.0"])
    let unknown = artifactError { () throws(ArtifactError) in try repository.release(name, "1.4.1") }
    #expect(unknown?.diagnostic.remedies.first == "did you mean \"1.4.0\"?")
  }

  @Test("A fetched release is verified, found in the cache offline, and dropped if damaged") func caching()
    throws
  {
    let (release, files) = try release("2.0.0", ["a.jar": "first", "b.jar": "second"])
    _ = try repository.put(release, files: files)
    let found = try repository.release(name, "2.0.0")
    #expect(found == release)
    let cached = try cache.install(found, from: repository)
    #expect(try FileSystem.readText(cached.files[0]) == "first")
    #expect(cached.digest == release.digest)
    try FileSystem.removeTree(scratch.appending("repository"))
    #expect(try cache.lookUp(name, "2.0.0") == cached)
    #expect(try cache.lookUp(name, "2.0.0", verifying: true) == cached)
    #expect(try cache.lookUp(name, "2.0.1") == nil)
    try FileSystem.write(text: "f1rst", to: cached.files[0])
    #expect(try cache.lookUp(name, "2.0.0") == nil)
    #expect(!FileSystem.exists(cached.files[1]))
  }

  @Test("With a policy, only a signed release is fetched and found in the cache") func trust() throws {
    let key = try TestKey(5)
    let policy = scratch.appending("policy.toml")
    try FileSystem.write(
      text: "[keys.me]\npublic = \"\(key.publicKey.text)\"\nrole = \"person\"\n[rules.all]\n", to: policy)
    let trust = try TrustContext(policies: [policy], stage: nil, now: 1_800_000_000)
    var (release, files) = try release("1.0.0")
    let plain = release
    let refused = artifactError { () throws(ArtifactError) in
      try cache.install(plain, from: repository, trust: trust)
    }
    #expect(refused?.diagnostic.summary.hasSuffix("refuses metrics:1.0.0") == true)
    try release.sign(with: key)
    _ = try repository.put(release, files: files)
    let found = try repository.release(name, "1.0.0")
    #expect(found.envelope != nil)
    _ = try cache.install(found, from: repository, trust: trust)
    #expect(try cache.lookUp(name, "1.0.0", trust: trust) != nil)
    // Each changed byte of the stored release is noticed.
    let path = scratch.appending("repository").appending(RepositoryLayout.release(name, release.version))
    let right = try FileSystem.read(path)
    for index in stride(from: 0, to: right.count, by: 11) {
      var changed = right
      changed[index] ^= 1
      try FileSystem.write(changed, to: path)
      let error = artifactError { () throws(ArtifactError) in
        try trust.require(try repository.release(name, "1.0.0"))
      }
      #expect(error != nil, "byte \(index)")
    }
  }
}
