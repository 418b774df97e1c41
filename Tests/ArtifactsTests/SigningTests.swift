import Diagnostics
import Digests
import SystemSupport
import Testing

@testable import Artifacts

/// The examples of "Authenticating requests: using the Authorization header", S3 API reference.
@Suite("Signatures and sources of S3's settings")
struct SigningTests {
  let signer = RequestSigner(
    credentials: AWSCredentials(
      accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), region: "us-east-1")
  let empty = SHA256Digest.of("").hex

  private func signature(
    _ method: String, _ path: String, _ query: [(String, String)], _ headers: [(String, String)], _ payload: String
  ) -> Substring? {
    let all =
      headers + [
        ("host", "examplebucket.s3.amazonaws.com"), ("x-amz-content-sha256", payload),
        ("x-amz-date", "20130524T000000Z"),
      ]
    return signer.authorization(
      method: method, path: path, query: query.map { (name: $0.0, value: $0.1) },
      headers: all.map { (name: $0.0, value: $0.1) }, payload: payload, date: "20130524T000000Z"
    ).split(separator: "Signature=").last
  }

  @Test func anObjectIsRead() {
    #expect(
      signature("GET", "/test.txt", [], [("range", "bytes=0-9")], empty)
        == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
  }

  @Test func anObjectIsWritten() {
    let payload = SHA256Digest.of("Welcome to Amazon S3.").hex
    let headers = [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")]
    #expect(
      signature("PUT", "/test%24file.text", [], headers, payload)
        == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
  }

  @Test func aBucketIsListed() {
    #expect(
      signature("GET", "/", [("max-keys", "2"), ("prefix", "J")], [], empty)
        == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
  }

  @Test func aParameterWithoutValueIsSigned() {
    #expect(
      signature("GET", "/", [("lifecycle", "")], [], empty)
        == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
  }

  @Test func theURLSaysWhichServerAndRegion() throws {
    let none = AWSEnvironment { _ in nil }
    let own = try S3Location(
      parsing: "s3://artifacts/team/kilt?endpoint=http%3A%2F%2F127.0.0.1:9000&region=eu-north-1", environment: none)
    #expect(own.path("blobs/a+b") == "/artifacts/team/kilt/blobs/a%2Bb")
    #expect(own.host == "127.0.0.1:9000")
    #expect(own.region == "eu-north-1")
    #expect(own.description == "s3://artifacts/team/kilt/ at http://127.0.0.1:9000")
    let plain = try S3Location(parsing: "s3://artifacts", environment: none)
    #expect(plain.host == "artifacts.s3.us-east-1.amazonaws.com")
    #expect(plain.path("x") == "/x")
    let fromEnvironment = try S3Location(
      parsing: "s3://artifacts",
      environment: AWSEnvironment { ["AWS_ENDPOINT_URL": "https://s3.example:443", "AWS_REGION": "x-1"][$0] })
    #expect(fromEnvironment.host == "s3.example")
    #expect(fromEnvironment.region == "x-1")
  }

  @Test(arguments: [
    "s3://", "s3://ab", "s3://a/b/c", "s3://bucket/../other", "s3://bucket?endpoint=ftp://x",
    "s3://bucket?endpoint=http://user:password@host", "s3://bucket?color=red", "s3://buck@et",
  ])
  func otherURLsAreRefused(_ url: String) {
    let error = artifactError { () throws(ArtifactError) in
      try S3Location(parsing: url, environment: AWSEnvironment { _ in nil })
    }
    #expect(error?.diagnostic.blame == .input)
  }

  @Test func credentialsComeFromTheSharedFileOfTheProfile() throws {
    let scratch = try Scratch()
    try FileSystem.write(
      text: "[default]\naws_access_key_id=A\naws_secret_access_key = B\n\n[ci]\naws_access_key_id = C\n"
        + "aws_secret_access_key = D=\naws_session_token=E\n", to: scratch.appending("credentials"))
    let path = scratch.appending("credentials").string
    func credentials(_ profile: String?) throws -> AWSCredentials? {
      try AWSEnvironment { ["AWS_SHARED_CREDENTIALS_FILE": path, "AWS_PROFILE": profile][$0] ?? nil }
        .staticCredentials()
    }
    #expect(try credentials(nil) == AWSCredentials(accessKey: "A", secretKey: "B"))
    #expect(try credentials("ci") == AWSCredentials(accessKey: "C", secretKey: "D=", sessionToken: "E"))
    #expect(try credentials("other") == nil)
  }

  @Test func answersAreReadAsXML() {
    let page = XMLText(
      Array("<?xml?><R xmlns=\"x\"><KeyMarker/><Key>a&amp;b&#x41;</Key><Key>c</Key><Open>".utf8))
    #expect(page.elements("Key").count == 2)
    #expect(page.text("Key") == "a&bA")
    #expect(page.text("Open") == nil)
  }
}
