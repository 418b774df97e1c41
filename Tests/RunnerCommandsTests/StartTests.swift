import Artifacts
import SystemSupport
import Testing

/// What a cache hit does, counted: the figures do not depend on the machine's speed.
@Suite("A cache hit")
struct StartTests {
  let fixture: RunnerFixture

  init() throws { fixture = try RunnerFixture() }

  @Test func opensAHandfulOfFilesAndNoSocket() throws {
    let strace = try #require(Subprocess.find("strace"), "install strace: scripts/install-dependencies test")
    try fixture.publish(script: "exit 0\n")
    _ = try fixture.run("fetch", "igor@aaaaaaa")
    let log = fixture.scratch.appending("trace")
    for digits in [40, 7] {
      let outcome = try Subprocess(
        strace.string,
        [
          "-f", "-o", log.string, fixture.executable.string, "run", "igor@\(String(repeating: "a", count: digits))",
        ], environment: fixture.environment
      ).run()
      #expect(outcome.termination == .exited(0))
      var calls = try FileSystem.readText(log).split(separator: "\n").map { line in
        String(line.drop { $0.isNumber || $0 == " " })
      }
      // From main to the program: what comes before is the dynamic loader's.
      let end = try #require(calls.lastIndex { $0.hasPrefix("execve(") })
      calls = Array(calls[..<end])
      #expect(!calls.contains { $0.hasPrefix("socket(") || $0.hasPrefix("connect(") })
      let opened = calls.filter { $0.hasPrefix("open") && !$0.contains("ENOENT") }
        .compactMap { $0.split(separator: "\"").dropFirst().first.map(String.init) }
      for library in ["curl", "ssl", "Foundation.so", "FoundationNetworking"] {
        #expect(!opened.contains { $0.contains(library) }, "\(library) is loaded")
      }
      #expect(!opened.contains { $0.hasPrefix(fixture.repositoryPath.string) })
      let own = opened.filter { !$0.contains(".so") && !$0.hasPrefix("/proc/") && !$0.hasPrefix("/sys/") }
      // os-release, the reference and the bundle; abbreviated, the folder of references too.
      #expect(own.count <= (digits == 40 ? 3 : 4), "\(own)")
    }
  }

  @Test func linksNoHTTPAndNoTLS() throws {
    let outcome = try Subprocess("ldd", [fixture.executable.string]).run()
    try #require(outcome.termination.isSuccess)
    for library in ["libcurl", "libssl", "libcrypto.so", "libgnutls", "libFoundation.so", "libFoundationNetworking"] {
      #expect(!outcome.text.contains(library))
    }
  }
}
