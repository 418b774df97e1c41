import Digests
import Executor
import Glibc
import JobModel
import SystemSupport
import Testing

/// Artifacts come through `pex-runner`; here a script answers as it does.
@Suite(.serialized) struct ArtifactTests {
  typealias Fixture = TaskFixture
  private static let content = "#!/bin/sh\necho artifact \"$@\"\n"

  /// A `pex-runner` that notes its arguments and prints the path of a cached file, or fails.
  private func runner(_ fixture: TaskFixture, fails: Bool = false) throws -> String {
    let cached = fixture.root + "/cached"
    try FileSystem.write(text: Self.content, to: FilePath(cached), permissions: 0o755)
    let body = fails ? "echo 'error: no artifact of that commit' >&2; exit 2" : "echo fetching >&2; echo \(cached)"
    let path = fixture.root + "/pex-runner"
    try FileSystem.write(
      text: "#!/bin/sh\necho \"$@\" >> \(fixture.root)/arguments\n\(body)\n", to: FilePath(path), permissions: 0o755)
    return path
  }

  private func task(digest: String?) -> TaskConfiguration {
    let reference = TaskArtifact(
      name: "server", version: "0123456789abcdef0123456789abcdef01234567", platform: "bookworm-x86_64", digest: digest)
    return Fixture.task(
      [Fixture.process("main", "./server.pex one; rm server.pex; echo > /artifacts/server.pex || echo kept")],
      artifacts: [reference])
  }

  @Test func anArtifactIsFetchedVerifiedAndReadOnly() throws {
    for isolation in [Isolation.bubblewrap, .none] {
      let fixture = try Fixture()
      let runner = try runner(fixture)
      let event = try fixture.run(task(digest: SHA256Digest.of(Self.content).hex)) {
        $0.pexRunner = runner
        $0.repository = "/some/where"
        $0.trustPolicy = "/etc/trust.toml"
        $0.isolation = isolation
      }
      #expect(event.status == .finished, "\(event.message ?? "")")
      #expect(try fixture.log("main") == "artifact one\nkept\n")
      #expect(
        try FileSystem.readText(FilePath(fixture.root + "/arguments"))
          == "fetch server@0123456789abcdef0123456789abcdef01234567 --platform bookworm-x86_64 "
          + "--repository /some/where --policy /etc/trust.toml --stage devel --print-path --no-unpack\n")
      // What the task did to its copy did not reach the cache.
      #expect(try FileSystem.readText(FilePath(fixture.root + "/cached")) == Self.content)
    }
  }

  @Test("A tree digest is compared with the runner's list of segments") func treeDigest() throws {
    let fixture = try Fixture()
    let runner = try runner(fixture)
    let bytes = Array(Self.content.utf8)
    let parts = [Array(bytes.prefix(5)), Array(bytes.dropFirst(5))]
    let tree = TreeDigest(parts.map { .init(digest: .of($0), size: Int64($0.count)) })
    var list = ""
    var offset = 0
    for part in parts {
      list += "\(SHA256Digest.of(part)) \(offset) \(part.count)\n"
      offset += part.count
    }
    try FileSystem.write(text: list, to: FilePath(fixture.root + "/segments"))
    let event = try fixture.run(task(digest: tree.digest.hex)) { $0.pexRunner = runner }
    #expect(event.status == .finished, "\(event.message ?? "")")
    // The list is right, and the file is not.
    let other = try Fixture()
    let second = try self.runner(other)
    try FileSystem.write(text: list, to: FilePath(other.root + "/segments"))
    try FileSystem.write(text: Self.content.replacing("echo", with: "exec"), to: FilePath(other.root + "/cached"))
    let refused = try other.run(task(digest: tree.digest.hex)) { $0.pexRunner = second }
    #expect(refused.status == .failed)
    #expect(refused.message?.hasSuffix("and the assignment says \(tree.digest)") == true)
  }

  @Test func aFileOfAnotherDigestIsNotRun() throws {
    let fixture = try Fixture()
    let runner = try runner(fixture)
    let wrong = String(repeating: "0", count: 64)
    let event = try fixture.run(task(digest: wrong)) { $0.pexRunner = runner }
    #expect(event.status == .failed)
    #expect(event.message?.hasSuffix("and the assignment says \(wrong)") == true)
    #expect(try fixture.ends(of: "main") == [])
  }

  @Test func aFetchThatFailsEndsTheTaskWithTheRunnersWords() throws {
    let fixture = try Fixture()
    let runner = try runner(fixture, fails: true)
    let event = try fixture.run(task(digest: nil)) { $0.pexRunner = runner }
    #expect(event.status == .failed)
    #expect(event.message?.hasSuffix(": error: no artifact of that commit") == true)
  }

  @Test func aStopDuringTheFetchEndsIt() throws {
    let fixture = try Fixture()
    let path = fixture.root + "/pex-runner"
    try FileSystem.write(
      text: "#!/bin/sh\ntouch \(fixture.root)/begun\nsleep 600\n", to: FilePath(path), permissions: 0o755)
    try fixture.start(task(digest: nil)) { $0.pexRunner = path }
    for _ in 0..<6000 where access(fixture.root + "/begun", F_OK) != 0 { usleep(10_000) }
    try fixture.directory.requestStop()
    #expect(try fixture.finish().status == .killed)
  }

  @Test func aMissingRunnerIsNamed() throws {
    let fixture = try Fixture()
    let event = try fixture.run(task(digest: nil)) { $0.pexRunner = "/no/such/pex-runner" }
    #expect(event.status == .failed)
    #expect(event.message?.contains("\"/no/such/pex-runner\" is not installed") == true)
  }
}
