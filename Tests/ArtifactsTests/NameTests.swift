import Diagnostics
import Testing

@testable import Artifacts

@Suite("Names, commits and platforms")
struct NameTests {
  @Test(arguments: ["fiddler_server", "igor", "a", "A-1.2+b", "_x", String(repeating: "n", count: 128)])
  func harmlessNamesAreNames(_ text: String) { #expect(ArtifactName(text)?.text == text) }

  @Test(
    "A name that would lead out of the repository is refused",
    arguments: [
      "", ".", "..", "a/b", "../a", "-a", "a b", "a\0", "ä", "a\n", ".hidden", "a@b", "%2e%2e",
      String(repeating: "n", count: 129),
    ])
  func hostileNames(_ text: String) {
    #expect(ArtifactName(text) == nil)
    #expect(artifactError { () throws(ArtifactError) in try ArtifactName(validating: text) } == .invalidName(text))
  }

  @Test func aReferenceHasANameAndAtLeastSevenDigits() throws {
    let reference = try ArtifactReference(parsing: "fiddler_server@3F2C9D1")
    #expect(reference.name.text == "fiddler_server")
    #expect(reference.commit.text == "3f2c9d1")
    #expect(reference.commit.commit == nil)
  }

  @Test(arguments: ["a@123456", "a@", "a@12345g7", "a@\(String(repeating: "a", count: 65))"])
  func otherDigitsAreRefused(_ text: String) {
    let error = artifactError { () throws(ArtifactError) in try ArtifactReference(parsing: text) }
    #expect(error == .invalidCommit(String(text.dropFirst(2))))
    #expect(error?.diagnostic.blame == .input)
  }

  @Test func aReferenceWithoutCommitSaysWhatToWrite() {
    let error = artifactError { () throws(ArtifactError) in try ArtifactReference(parsing: "fiddler_server") }
    #expect(error?.diagnostic.remedies.first?.contains("NAME@COMMIT") == true)
  }

  @Test func theFileNameHasTwelveDigits() throws {
    let key = ManifestKey(
      name: try #require(ArtifactName("igor")),
      commit: try #require(Commit("3f2c9d1e8a7b" + String(repeating: "0", count: 28))),
      platform: try #require(ArtifactPlatform("bookworm-x86_64")))
    #expect(key.fileName == "igor-3f2c9d1e8a7b-bookworm-x86_64.pex")
  }

  @Test(
    "The distribution's part of an artifact platform is recognized",
    arguments: [
      ("VERSION_CODENAME=bookworm\nID=debian\nVERSION_ID=\"12\"\n", "bookworm"),
      ("ID=alpine\nVERSION_ID=3.20.1\n", "alpine3.20.1"),
      ("ID=\"fedora\"\nVERSION_ID=40\nVERSION_CODENAME=\"\"\n", "fedora40"),
      ("ID=arch\n", "arch"), ("", "linux"), ("VERSION_CODENAME=../x\n", "linux"),
    ])
  func distributions(_ contents: String, _ expected: String) {
    #expect(ArtifactPlatform.distribution(osRelease: Array(contents.utf8)) == expected)
  }

  @Test func thisMachineHasAPlatform() {
    #expect(ArtifactPlatform(ArtifactPlatform.current.text) == ArtifactPlatform.current)
  }

  @Test(arguments: [0, 1, 951_782_400, 1_700_000_000, 4_102_444_799] as [Int64])
  func timestampsReadBackWhatTheyWrite(_ seconds: Int64) {
    #expect(RFC3339.seconds(RFC3339.text(seconds)) == seconds)
  }

  @Test func timestampsAreUTC() {
    #expect(RFC3339.text(1_700_000_000) == "2023-11-14T22:13:20Z")
    #expect(RFC3339.seconds("2023-11-14T22:13:20.123Z") == 1_700_000_000)
    #expect(RFC3339.seconds("2023-13-14T22:13:20Z") == nil)
    #expect(RFC3339.seconds("yesterday") == nil)
  }
}
