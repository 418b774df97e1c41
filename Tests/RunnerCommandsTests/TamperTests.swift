import Artifacts
import Glibc
import SigningKeys
import SystemSupport
import Testing

@Suite("With a policy, no tampered file runs")
struct TamperTests {
  let fixture: RunnerFixture
  let key: PrivateKey
  let policy: FilePath
  /// What the program prints: only the right one does.
  private static let word = "the-right-program"

  private static func key(_ seed: UInt8) throws -> PrivateKey {
    try #require(PrivateKey(seed: [UInt8](repeating: seed, count: 32)))
  }

  init() throws {
    fixture = try RunnerFixture()
    key = try Self.key(3)
    policy = fixture.scratch.appending("policy.toml")
    try FileSystem.write(
      text: """
        [keys.ci]
        public = "\(key.publicKey.text)"
        role = "ci-main"
        [rules.all]
        roles = ["ci-main"]
        """, to: policy)
  }

  private func run(_ arguments: String...) throws -> Subprocess.Outcome {
    try Subprocess(
      fixture.executable.string, ["run", "-q"] + arguments + ["igor@aaaaaaaaaaaa"],
      environment: fixture.environment + ["KILT_POLICY=\(policy)"], deadlineMilliseconds: 60_000
    ).run()
  }

  private func publishSigned() throws {
    try fixture.publish(
      script: "echo \(Self.word)\n", wheel: (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 37) }, signer: key)
  }

  @Test("Unsigned and foreign manifests are refused, with the name of the rule") func refusals() throws {
    try fixture.publish()
    var outcome = try run()
    #expect(outcome.termination == .exited(2))
    #expect(outcome.errorText.contains("rule \"all\": the manifest is not signed"), "\(outcome.errorText)")
    try FileSystem.removeTree(fixture.repositoryPath)
    try fixture.publish(signer: try Self.key(9))
    outcome = try run()
    #expect(outcome.termination == .exited(2))
    #expect(outcome.errorText.contains("no trusted key signed the manifest as it is"), "\(outcome.errorText)")
    #expect(!FileSystem.exists(fixture.cachePath.appending("refs")))
  }

  @Test("With a policy, a cached bundle without signatures or of a revoked key does not run") func cached() throws {
    try fixture.publish(script: "echo \(Self.word)\n")
    // Cached without a policy.
    #expect(try fixture.run("fetch", "-q", "igor@aaaaaaaaaaaa").termination == .exited(0))
    #expect(try run().termination == .exited(2))
    try FileSystem.removeTree(fixture.repositoryPath)
    try FileSystem.removeTree(fixture.cachePath)
    try publishSigned()
    #expect(try run().text == Self.word)
    // Another start needs no repository, and notices that the policy has changed.
    try FileSystem.rename(fixture.repositoryPath, to: fixture.scratch.appending("moved"))
    #expect(try run().text == Self.word)
    #expect(try run("--verify=always").text == Self.word)
    let text = try FileSystem.readText(policy)
    try FileSystem.write(
      text: text.replacing("role = \"ci-main\"", with: "role = \"ci-main\"\nrevoked = true"), to: policy)
    let outcome = try run()
    #expect(outcome.termination == .exited(2))
    #expect(outcome.errorText.contains("the key \"ci\" is revoked"), "\(outcome.errorText)")
  }

  /// Has a branch point to a commit, as whoever can write to the artifact repository can.
  private func point(_ branch: String, to manifest: Manifest) throws {
    let name = try #require(BranchName(branch))
    try fixture.repository.updateIndex(of: name, platform: .current) { index in
      index.record(
        manifest.key.name, commit: manifest.key.commit,
        packed: .init(
          inputs: manifest.digest, commit: manifest.key.commit, digest: manifest.digest, size: manifest.size)
      ) { _ in true }
    }
  }

  private func run(branch: String, policy isUsed: Bool = true) throws -> Subprocess.Outcome {
    try fixture.run("run", "igor@\(branch)", environment: isUsed ? ["KILT_POLICY=\(policy)"] : [])
  }

  @Test("With a policy, a branch that points to another branch's commit, or back, does not run") func branches()
    throws
  {
    let old = try fixture.publish(script: "echo old\n", pushed: ["main"], signer: key)
    let new = try fixture.publish(
      "igor", "b", script: "echo new\n", created: 1_700_100_000, pushed: ["main"], signer: key)
    let topic = try fixture.publish(
      "igor", "c", script: "echo topic\n", created: 1_700_200_000, pushed: ["topic"], signer: key)
    try point("main", to: new)
    #expect(try run(branch: "main").text == "new")
    try point("main", to: topic)
    var outcome = try run(branch: "main")
    #expect(outcome.termination == .exited(2) && outcome.text.isEmpty)
    #expect(outcome.errorText.contains("branch \"main\" had the commit"), "\(outcome.errorText)")
    // Cached by its commit, it is not one of the branch either.
    #expect(try fixture.run("run", "-q", "igor@ccccccc", environment: ["KILT_POLICY=\(policy)"]).text == "topic")
    #expect(try run(branch: "main").termination == .exited(2))
    try point("main", to: old)
    outcome = try run(branch: "main")
    #expect(outcome.termination == .exited(2) && outcome.text.isEmpty)
    #expect(outcome.errorText.contains("moved back to an older commit"), "\(outcome.errorText)")
    #expect(try fixture.run("run", "-q", "igor@aaaaaaa", environment: ["KILT_POLICY=\(policy)"]).text == "old")
    try point("main", to: new)
    #expect(try run(branch: "main").text == "new")
    // Without a policy nothing is proven: it runs, and says so.
    try point("main", to: old)
    outcome = try run(branch: "main", policy: false)
    #expect(outcome.text == "old")
    #expect(
      outcome.errorText.contains("igor@main moved back from bbbbbbbbbbbb to aaaaaaaaaaaa"), "\(outcome.errorText)")
  }

  @Test("A cached bundle runs again once the artifact repository has a valid signature") func signedLater() throws {
    let manifest = try fixture.publish(script: "echo \(Self.word)\n")
    #expect(try fixture.run("fetch", "-q", "igor@aaaaaaaaaaaa").termination == .exited(0))
    #expect(try run().termination == .exited(2))
    #expect(try fixture.repository.sign(manifest.key, with: key))
    #expect(try run().text == Self.word)
    // The policy demands another key, which signs as well: the cache is no obstacle.
    let second = try Self.key(5)
    let text = try FileSystem.readText(policy)
    try FileSystem.write(text: text.replacing(key.publicKey.text, with: second.publicKey.text), to: policy)
    #expect(try run().errorText.contains("the manifest is not signed"))
    #expect(try fixture.repository.sign(manifest.key, with: second))
    #expect(try run().text == Self.word)
  }

  @Test("A link in place of a cached bundle, reference or signature runs nothing else") func links() throws {
    try publishSigned()
    #expect(try run().text == Self.word)
    let names = try Subprocess("find", [fixture.cachePath.string, "-type", "f", "-size", "+0"]).run().text
      .split(separator: "\n").map { FilePath(String($0)) }.filter { !$0.string.contains("/locks/") }
    let evil = fixture.scratch.appending("evil")
    try FileSystem.write(text: "#!/bin/sh\necho evil\n", to: evil, permissions: 0o755)
    for name in names where FileSystem.exists(name) {
      try FileSystem.removeFile(name)
      try FileSystem.createSymbolicLink(at: name, to: evil)
      requireHarmless(try run(), "\(name)")
      #expect(try FileSystem.readText(evil).hasSuffix("echo evil\n"), "\(name): written through the link")
      if try FileSystem.statusIfPresent(of: name)?.kind == .symbolicLink { try FileSystem.removeFile(name) }
      #expect(try run().text == Self.word, "\(name)")
    }
  }

  /// Flips a bit of a file in place, and leaves its modification time.
  private func flip(_ path: FilePath, at offset: Int, bit: UInt8) throws {
    let status = try FileSystem.status(of: path)
    var content = try FileSystem.read(path)
    content[offset] ^= 1 << bit
    let file = try FileSystem.open(path, .readWrite)
    try FileSystem.write(content, to: file)
    FileSystem.close(file)
    try FileSystem.setModificationTime(status.modificationTime, of: path)
  }

  /// A place in a file, chosen by a number.
  private func place(_ number: Int, size: Int) -> (offset: Int, bit: UInt8) {
    var state = UInt64(number) &* 0x9E37_79B9_7F4A_7C15 | 1
    for _ in 0..<3 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
    }
    return (Int(state >> 8) % size, UInt8(state % 8))
  }

  /// The right program, or an error: nothing else.
  private func requireHarmless(_ outcome: Subprocess.Outcome, _ place: String) {
    let isRight = outcome.termination == .exited(0) && outcome.text == Self.word
    let isRefused = outcome.text.isEmpty && [.exited(2), .exited(3)].contains(outcome.termination)
    #expect(isRight || isRefused, "\(place): \(outcome.termination) \(outcome.text) \(outcome.errorText)")
  }

  @Test("80 flipped bits of the manifest in the repository are each refused") func manifest() throws {
    try publishSigned()
    let manifest = FilePath(
      "\(fixture.repositoryPath)/artifacts/igor/\(String(repeating: "a", count: 40))/\(ArtifactPlatform.current).json")
    let right = try FileSystem.read(manifest)
    for number in 0..<80 {
      let (offset, bit) = place(number, size: right.count)
      try flip(manifest, at: offset, bit: bit)
      try FileSystem.removeTree(fixture.cachePath)
      let outcome = try run()
      #expect(outcome.text.isEmpty && outcome.termination != .exited(0), "byte \(offset), bit \(bit) ran")
      try FileSystem.write(right, to: manifest)
    }
    #expect(try run().text == Self.word)
  }

  @Test("40 flipped bits of segments in the repository are each refused") func segments() throws {
    try publishSigned()
    let folder = fixture.repositoryPath.appending("blobs/sha256")
    let blobs = try FileSystem.list(folder).flatMap { entry in
      try FileSystem.list(folder.appending(entry.name)).map { folder.appending(entry.name).appending($0.name) }
    }
    for number in 0..<40 {
      let blob = blobs[number % blobs.count]
      let right = try FileSystem.read(blob)
      let (offset, bit) = place(number, size: right.count)
      try flip(blob, at: offset, bit: bit)
      try FileSystem.removeTree(fixture.cachePath)
      let outcome = try run()
      #expect(outcome.termination == .exited(3) && outcome.text.isEmpty, "\(blob), byte \(offset), bit \(bit)")
      try FileSystem.write(right, to: blob)
    }
    #expect(try run().text == Self.word)
  }

  @Test("80 flipped bits of the cache are each noticed", arguments: ["once", "always"]) func cache(_ mode: String)
    throws
  {
    try publishSigned()
    #expect(try run().text == Self.word)
    let names = try Subprocess("find", [fixture.cachePath.string, "-type", "f", "-size", "+0"]).run().text
      .split(separator: "\n").map { FilePath(String($0)) }.filter { !$0.string.contains("/locks/") }
      .sorted { $0.string < $1.string }
    #expect(names.count >= 5)
    for number in 0..<40 {
      let name = names[number % names.count]
      // A file that an earlier start has removed or renewed is one of a good cache again.
      if !FileSystem.exists(name) { _ = try run() }
      guard FileSystem.exists(name) else { continue }
      let size = Int(try FileSystem.status(of: name).size)
      let (offset, bit) = place(number, size: size)
      try flip(name, at: offset, bit: bit)
      requireHarmless(try run("--verify=\(mode)"), "\(name), byte \(offset), bit \(bit)")
    }
  }
}
