import Diagnostics
import Digests
import JSON
import SystemSupport
import Testing

import enum Crypto.Curve25519

@testable import Artifacts

/// A private key of a test.
struct TestKey: ManifestSigner {
  private let key: Curve25519.Signing.PrivateKey
  let publicKey: PublicKey

  init(_ seed: UInt8) throws {
    key = try Curve25519.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: seed, count: 32))
    publicKey = try #require(PublicKey(bytes: Array(key.publicKey.rawRepresentation)))
  }

  func signature(over bytes: [UInt8]) throws(ArtifactError) -> [UInt8] {
    do { return Array(try key.signature(for: bytes)) } catch { throw .readOnly(repository: "\(error)") }
  }
}

@Suite("Signatures and policies")
struct TrustTests {
  let scratch: Scratch
  let repository: Repository
  let main: TestKey
  let branch: TestKey

  init() throws {
    scratch = try Scratch()
    repository = Repository(directory: scratch.appending("repository"))
    main = try TestKey(1)
    branch = try TestKey(2)
  }

  private func policy(_ rules: String, keys: String = "") throws -> TrustPolicy {
    let text = """
      [keys.main]
      public = "\(main.publicKey.text)"
      role = "ci-main"
      [keys.branch]
      public = "\(branch.publicKey.text)"
      role = "ci-branch"
      \(keys)
      \(rules)
      """
    return try TrustPolicy(parsing: Array(text.utf8), path: "/etc/kilt/policy.toml")
  }

  private static let production = """
    [rules.production]
    artifacts = ["fiddler_*"]
    stages = ["prod"]
    branches = ["main"]
    roles = ["ci-main"]
    main = true
    """

  private func published(
    by signer: (any ManifestSigner)?, commit: Character = "a", change: (inout Manifest) -> Void = { _ in }
  ) throws -> Evidence {
    var bundle = try SampleBundle(in: scratch.path, commit: commit)
    change(&bundle.manifest)
    _ = try repository.publish(bundle.manifest, file: bundle.file, options: PublishOptions(signer: signer))
    return try #require(try repository.evidence(for: bundle.manifest.key))
  }

  private func refusal(_ policy: TrustPolicy, _ evidence: Evidence, stage: String? = "prod", now: Int64 = 1_800_000_000)
    -> String?
  {
    let error = artifactError { () throws(ArtifactError) in try policy.admit(evidence, stage: stage, now: now) }
    return error?.diagnostic.notes.first
  }

  @Test("A signed manifest reads back, and its signature verifies") func signed() throws {
    let evidence = try published(by: main)
    #expect(evidence.records[0].signers(among: [branch.publicKey, main.publicKey]) == [main.publicKey])
    #expect(try policy(Self.production).admit(evidence, stage: "prod", now: 1_800_000_000).keys == ["main"])
  }

  @Test("A refusal names the closest rule") func refusals() throws {
    let policy = try policy(Self.production)
    #expect(refusal(policy, try published(by: nil)) == "rule \"production\": the manifest is not signed")
    let foreign = try published(by: try TestKey(9), commit: "b")
    #expect(refusal(policy, foreign) == "rule \"production\": no trusted key signed the manifest as it is")
    let byBranch = try published(by: branch, commit: "c")
    #expect(
      refusal(policy, byBranch) == "rule \"production\": the key \"branch\" of role ci-branch does not count for it")
    let elsewhere = try published(by: main, commit: "d") { $0.branch = "topic" }
    #expect(refusal(policy, elsewhere) == "rule \"production\": it is not for branch \"topic\"")
    let unmerged = try published(by: main, commit: "e") { $0.isOnMain = false }
    #expect(
      refusal(policy, unmerged) == "rule \"production\": the commit was not on the main branch when it was published")
    let good = try published(by: main, commit: "f")
    #expect(refusal(policy, good) == nil)
    #expect(refusal(policy, good, stage: "devel") == "rule \"production\": it is not for stage \"devel\"")
    #expect(refusal(policy, good, stage: nil) == "rule \"production\": it is not for starts without a stage")
  }

  @Test("A revoked key never counts, and a rotated key counts only in its time") func rotation() throws {
    let evidence = try published(by: main)
    func with(_ line: String) throws -> TrustPolicy {
      let text = """
        [keys.main]
        public = "\(main.publicKey.text)"
        role = "ci-main"
        \(line)
        \(Self.production)
        """
      return try TrustPolicy(parsing: Array(text.utf8), path: "p")
    }
    #expect(refusal(try with("revoked = true"), evidence) == "rule \"production\": the key \"main\" is revoked")
    // The manifest was created at 1,700,000,000: 2023-11-14T22:13:20Z.
    #expect(refusal(try with("not_after = \"2023-11-14T22:13:20Z\""), evidence) == nil)
    #expect(refusal(try with("not_after = \"2023-11-14T22:13:19Z\""), evidence)?.contains("is not valid for") == true)
    #expect(refusal(try with("not_before = \"2023-11-14T22:13:21Z\""), evidence)?.contains("is not valid for") == true)
  }

  @Test("A policy can demand a minimum age and a number of keys") func ageAndThreshold() throws {
    let rule = """
      [rules.two]
      threshold = 2
      minimum_age = "1h"
      """
    let policy = try policy(rule)
    var evidence = try published(by: main)
    #expect(refusal(policy, evidence) == "rule \"two\": 1 of 2 required keys signed the manifest")
    #expect(try repository.sign(evidence.manifest.key, with: branch))
    #expect(try !repository.sign(evidence.manifest.key, with: branch))
    #expect(refusal(policy, evidence) == "rule \"two\": 1 of 2 required keys signed the manifest")
    evidence = try #require(try repository.evidence(for: evidence.manifest.key, signedBy: policy.keyIDs))
    #expect(refusal(policy, evidence) == nil)
    #expect(
      refusal(policy, evidence, now: 1_700_003_599)
        == "rule \"two\": the manifest is 3599 s old, and 3600 s are required")
    #expect(
      refusal(policy, evidence, now: 1_699_999_990)
        == "rule \"two\": the manifest was created 10 s from now by this clock, and 3600 s are required")
  }

  @Test("A clock behind the publisher's refuses nothing if no age is demanded") func skew() throws {
    let evidence = try published(by: main)
    #expect(refusal(try policy(Self.production), evidence, now: 1_699_999_000) == nil)
  }

  @Test("A statement of another kind, or about another manifest, does not count as a signature") func otherStatements()
    throws
  {
    let evidence = try published(by: nil)
    let other = try published(by: nil, commit: "b")
    let key = evidence.manifest.key
    var scan = Statement(provenanceOf: evidence.manifest, digest: evidence.records[0].digest)
    scan.predicateType = "https://in-toto.io/attestation/vulns/v0.1"
    let statements = [
      scan.json.bytes(), other.records[0].statementEnvelope.payload, Array("{}".utf8), Array("no JSON".utf8),
    ]
    for payload in statements {
      var envelope = Envelope(payload: payload)
      try envelope.sign(with: main)
      let error = artifactError { () throws(ArtifactError) in
        try repository.attach(envelope, to: key, by: main.publicKey)
      }
      #expect(error?.diagnostic.summary.contains("is not a signed statement about") == true)
    }
    var right = evidence.records[0].statementEnvelope
    try right.sign(with: main)
    #expect(try repository.attach(right, to: key, by: main.publicKey))
  }

  @Test("A manifest of format 1 can be signed afterwards") func oldFormat() throws {
    var bundle = try SampleBundle(in: scratch.path)
    bundle.manifest.format = 1
    bundle.manifest.digest = try SHA256Digest.ofFile(bundle.file).digest
    _ = try repository.publish(bundle.manifest, file: bundle.file)
    let evidence = try #require(try repository.evidence(for: bundle.manifest.key))
    #expect(evidence.manifest.format == 1)
    #expect(try repository.sign(evidence.manifest.key, with: main))
    let signed = try #require(try repository.evidence(for: evidence.manifest.key, signedBy: [main.publicKey.keyID]))
    #expect(refusal(try policy(Self.production), signed) == nil)
  }

  @Test("A claim of an index without proof is not trusted") func inheritance() throws {
    var first = try SampleBundle(in: scratch.path, commit: "a")
    first.manifest.inputs = .of("inputs")
    let options = PublishOptions(signer: main)
    _ = try repository.publish(first.manifest, file: first.file, options: options)
    var second = first.manifest
    second.key.commit = try #require(Commit(String(repeating: "b", count: 40)))
    second.origin = first.manifest.key.commit
    #expect(try !repository.publish(inherited: second, signer: main).wasPublished)
    let evidence = try #require(try repository.evidence(for: second.key))
    #expect(evidence.manifest.segments == first.manifest.segments)
    #expect(evidence.records.count == 2)
    #expect(refusal(try policy(Self.production), evidence) == nil)

    // Signed for the commit, but not for the bytes.
    var unsigned = evidence
    unsigned.records[1].envelopes = []
    #expect(refusal(try policy(Self.production), unsigned) == "rule \"production\": the manifest is not signed")

    for (commit, change) in [
      ("c", { $0.inputs = .of("others") }), ("d", { $0.digest = .of("another file") }), ("e", { $0.size += 1 }),
      ("f", { $0.origin = Commit(String(repeating: "9", count: 40)) }),
      ("0", { $0.origin = Commit(String(repeating: "b", count: 40)) }),
    ] as [(Character, (inout Manifest) -> Void)] {
      var wrong = second
      wrong.key.commit = try #require(Commit(String(repeating: commit, count: 40)))
      change(&wrong)
      _ = try repository.publish(inherited: wrong, signer: main)
      let error = artifactError { () throws(ArtifactError) in try repository.evidence(for: wrong.key) }
      guard case .badManifest = error else {
        Issue.record("\(commit): \(String(describing: error))")
        continue
      }
    }
  }

  @Test(
    "A policy with a mistake is an error and never counts as absent",
    arguments: [
      ("[rules.a]\nbranch = [\"main\"]", "[rules.a]: unknown \"branch\"; known: "),
      ("[rules.a]\nroles = [\"root\"]", "[rules.a]: unknown role \"root\""),
      ("[rules.a]\nkeys = [\"nobody\"]", "[rules.a]: unknown key \"nobody\""),
      ("[rules.a]\nminimum_age = \"soon\"", "[rules.a]: \"minimum_age\" must be a duration"),
      ("[rules.a]\nthreshold = 0", "[rules.a]: \"threshold\" must be 1 to 100"),
      ("[keys.x]\npublic = \"ed25519:AAAA\"\nrole = \"person\"", "[keys.x]: \"public\" is not an ed25519 key"),
      (
        ["a", "b"].map { "[keys.\($0)]\npublic = \"ed25519:\(String(repeating: "A", count: 43))=\"\nrole = \"person\"" }
          .joined(separator: "\n"), "[keys.b]: it is the key of a"
      ),
      ("rule = 1", "unknown \"rule\""), ("", "the policy has no rules"), ("[rules", "expected"),
    ]) func badPolicies(_ text: String, _ reason: String) throws
  {
    let error = artifactError { () throws(ArtifactError) in
      try TrustPolicy(parsing: Array(text.utf8), path: "/etc/kilt/policy.toml")
    }
    guard case .badPolicy(_, _, let found) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reason == "expected" || found.hasPrefix(reason), "\(found)")
    #expect(error?.diagnostic.blame == .environment)
  }

  @Test("A public key has the key ID of securesystemslib, and reads back from PEM") func publicKeys() throws {
    let key = try #require(PublicKey(bytes: [UInt8](repeating: 7, count: 32)))
    // python3 -c 'from securesystemslib.signer import SSlibKey; …from_crypto(Ed25519PublicKey.from_public_bytes(b"\x07"*32)).keyid'
    #expect(key.keyID.utf8.count == 64)
    #expect(PublicKey(parsing: key.pem) == key)
    #expect(PublicKey(parsing: key.text) == key)
    #expect(PublicKey(parsing: key.pem.split(separator: "\n").joined(separator: "\r\n")) == key)
    for text in ["", "ed25519:", "ed25519:AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "x"] {
      #expect(PublicKey(parsing: text) == nil)
    }
  }
}
