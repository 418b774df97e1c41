import Artifacts
import Digests
import JSON
import SystemSupport
import Testing

@testable import SigningKeys

/// securesystemslib and in-toto of PyPI.
@Suite("Signatures exchanged with securesystemslib")
struct PeerTests {
  let folder: FilePath
  let python: String
  let key: PrivateKey
  let manifest: Manifest

  init() throws {
    folder = try FileSystem.makeTemporaryDirectory(prefix: "peers")
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let found = try Subprocess(root.appending("scripts/lib/artifact-peers").string).run()
    try #require(found.termination.isSuccess, "no securesystemslib to test with: \(found.errorText)")
    python = found.text
    key = PrivateKey.generate()
    let file = folder.appending("file")
    try FileSystem.write(text: "bytes", to: file)
    manifest = Manifest(
      key: ManifestKey(
        name: try #require(ArtifactName("fiddler_server")),
        commit: try #require(Commit(String(repeating: "a", count: 40))),
        platform: try #require(ArtifactPlatform("bookworm-x86_64"))),
      size: 5, segments: [Manifest.Segment(kind: "code", name: "", digest: .of("bytes"), size: 5)],
      created: 1_700_000_000)
    _ = try Repository(directory: folder.appending("repository")).publish(
      manifest, file: file, options: PublishOptions(signer: key))
  }

  private func script(_ text: String, _ arguments: String...) throws -> String {
    let path = folder.appending("script.py")
    try FileSystem.write(text: text, to: path)
    let outcome = try Subprocess(python, [path.string, folder.string] + arguments).run()
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
    return outcome.text
  }

  @Test("securesystemslib verifies Kilt's signatures, and names the key as Kilt does") func theyVerify() throws {
    let repository = Repository(directory: folder.appending("repository"))
    let record = try #require(try repository.evidence(for: manifest.key)?.records.first)
    try FileSystem.write(record.envelopes[0].json.bytes(), to: folder.appending("envelope.json"))
    try FileSystem.write(text: key.publicKey.pem, to: folder.appending("key.pub"))
    let text = try script(
      """
      import json, sys
      from cryptography.hazmat.primitives.serialization import load_pem_public_key
      from in_toto.models.metadata import Envelope as InToto
      from securesystemslib.dsse import Envelope
      from securesystemslib.exceptions import VerificationError
      from securesystemslib.signer import SSlibKey
      folder = sys.argv[1]
      key = SSlibKey.from_crypto(load_pem_public_key(open(folder + "/key.pub", "rb").read()))
      text = open(folder + "/envelope.json").read()
      assert list(Envelope.from_dict(json.loads(text)).verify([key], 1)) == [key.keyid]
      InToto.from_dict(json.loads(text)).verify_signature(dict(key.to_dict(), keyid=key.keyid))
      data = json.loads(text)
      data["payloadType"] += "x"
      try:
          Envelope.from_dict(data).verify([key], 1)
          raise SystemExit("a changed type verified")
      except VerificationError:
          pass
      print(key.keyid)
      """)
    #expect(text == key.publicKey.keyID)
    let statement = try #require(Statement(parsing: record.envelopes[0].payload))
    #expect(statement.predicateType == "https://slsa.dev/provenance/v1")
    #expect(statement.subjects.map(\.sha256).contains(record.digest.hex))
  }

  @Test("Kilt verifies signatures of securesystemslib, with keys from Kilt's file") func weVerify() throws {
    let repository = Repository(directory: folder.appending("repository"))
    let other = PrivateKey.generate()
    try FileSystem.write(text: try other.pem(password: nil), to: folder.appending("key.pem"), permissions: 0o600)
    let record = try #require(try repository.evidence(for: manifest.key)?.records.first)
    try FileSystem.write(record.statementEnvelope.payload, to: folder.appending("statement.json"))
    let text = try script(
      """
      import json, sys
      from securesystemslib.dsse import Envelope
      from securesystemslib.signer import CryptoSigner
      from cryptography.hazmat.primitives.serialization import load_pem_private_key
      folder = sys.argv[1]
      signer = CryptoSigner(load_pem_private_key(open(folder + "/key.pem", "rb").read(), None))
      envelope = Envelope(open(folder + "/statement.json", "rb").read(), "application/vnd.in-toto+json", {})
      envelope.sign(signer)
      print(json.dumps(envelope.to_dict()))
      """)
    let envelope = try #require(Envelope(parsing: try JSONValue(parsing: text)))
    #expect(envelope.signatures[0].keyID == other.publicKey.keyID)
    #expect(envelope.verified(by: [key.publicKey, other.publicKey]) == [other.publicKey])
    #expect(try repository.attach(envelope, to: manifest.key, by: other.publicKey))
    let signed = try #require(try repository.evidence(for: manifest.key, signedBy: [other.publicKey.keyID]))
    #expect(signed.records[0].signers(among: [other.publicKey]) == [other.publicKey])
  }
}
