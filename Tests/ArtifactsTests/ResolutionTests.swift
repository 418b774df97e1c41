import Diagnostics
import SystemSupport
import Testing

@testable import Artifacts

@Suite("The meaning of NAME@COMMIT")
struct ResolutionTests {
  let scratch: Scratch
  let repository: Repository

  init() throws {
    scratch = try Scratch()
    repository = Repository(directory: scratch.appending("repository"))
    for commit in ["a", "b"] as [Character] {
      let bundle = try SampleBundle(in: scratch.path, commit: commit)
      _ = try repository.publish(bundle.manifest, file: bundle.file)
    }
    var bundle = try SampleBundle(in: scratch.path)
    bundle.manifest.key.commit = try #require(Commit("aaaaaaaaaa" + String(repeating: "c", count: 30)))
    bundle.manifest.key.platform = try #require(ArtifactPlatform("jammy-x86_64"))
    _ = try repository.publish(bundle.manifest, file: bundle.file)
  }

  private func resolve(_ text: String) throws(ArtifactError) -> Manifest {
    guard let platform = SampleBundle.platform else { throw .invalidPlatform("") }
    return try repository.resolve(try ArtifactReference(parsing: text), platform: platform)
  }

  private func error(_ text: String) -> Diagnostic? {
    artifactError { () throws(ArtifactError) in try resolve(text) }?.diagnostic
  }

  @Test(arguments: [7, 12, 39, 40])
  func anyNumberOfDigitsFromSevenOnNamesTheCommit(_ digits: Int) throws {
    #expect(try resolve("fiddler_server@\(String(repeating: "b", count: digits))").key.commit.text.first == "b")
  }

  @Test func severalCommitsAreListed() {
    let diagnostic = error("fiddler_server@aaaaaaa")
    #expect(diagnostic?.summary == "fiddler_server@aaaaaaa is ambiguous: it matches 2 published commits")
    #expect(diagnostic?.notes.count == 2)
    #expect(diagnostic?.blame == .input)
  }

  @Test func anUnknownCommitNamesTheNearest() {
    let diagnostic = error("fiddler_server@bbbbbbc")
    #expect(diagnostic?.notes.first == "the nearest known:")
    #expect(diagnostic?.notes.dropFirst().first?.hasPrefix("bbbbbbbbbbbb  ") == true)
    #expect(diagnostic?.blame == .input)
  }

  @Test func anUnknownNameNamesTheNearest() {
    let diagnostic = error("fidler_server@aaaaaaa")
    #expect(diagnostic?.remedies.first == "did you mean \"fiddler_server\"?")
  }

  @Test func anotherPlatformIsNamed() {
    let diagnostic = error("fiddler_server@aaaaaaaaaac")
    #expect(diagnostic?.summary.contains("is not published for bookworm-x86_64") == true)
    #expect(diagnostic?.notes == ["it is published for: jammy-x86_64"])
  }

  @Test func namesAndCommitsAreListed() throws {
    let name = try #require(SampleBundle.name)
    #expect(try repository.names() == [name])
    #expect(try repository.commits(of: name).count == 3)
    #expect(try repository.commits(of: try #require(ArtifactName("other"))).isEmpty)
  }
}
