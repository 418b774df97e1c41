import Artifacts
import Digests
import SystemSupport
import Testing

@Suite("A runner that is killed while it fetches")
struct KillTests {
  let fixture: RunnerFixture

  init() throws { fixture = try RunnerFixture() }

  /// Serves the repository, but stops in the middle of the last blob until the runner is dead. Then the runner is
  /// started again, as if nothing had happened.
  private static let script = """
    import functools, http.server, os, subprocess, sys, threading
    root, runner, reference, wheel = sys.argv[1:]
    half, dead = threading.Event(), threading.Event()
    class Handler(http.server.SimpleHTTPRequestHandler):
      def log_message(self, *args): pass
      def copyfile(self, source, target):
        if not self.path.endswith(wheel) or dead.is_set():
          return super().copyfile(source, target)
        target.write(source.read(50000))
        target.flush()
        half.set()
        dead.wait()
    handler = functools.partial(Handler, directory=root)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    server.handle_error = lambda request, address: None  # The connection of the one that is killed.
    threading.Thread(target=server.serve_forever, daemon=True).start()
    command = [runner, '-q', '--repository', 'http://127.0.0.1:%d' % server.server_address[1], 'run', reference]
    first = subprocess.Popen(command)
    half.wait()
    first.kill()
    print(first.wait())
    dead.set()
    cache = os.environ['KILT_RUNNER_CACHE']
    print(sorted(os.listdir(cache + '/bundles')), os.path.exists(cache + '/refs/igor'))
    sys.stdout.flush()
    print(subprocess.run(command + ['x']).returncode)
    sys.stdout.flush()
    os._exit(0)
    """

  @Test func leavesNothingThatCouldRunAndTheNextOneSucceeds() throws {
    let python = try #require(Subprocess.find("python3"), "these tests need python3: apt-get install python3")
    let commit = String(repeating: "a", count: 40)
    let manifest = try fixture.publish()
    let wheel = try #require(manifest.segments.last).digest.hex
    let outcome = try Subprocess(
      python.string,
      ["-c", Self.script, fixture.repositoryPath.string, fixture.executable.string, "igor@\(commit)", wheel],
      environment: fixture.environment, deadlineMilliseconds: 60_000
    ).run()
    #expect(outcome.text.split(separator: "\n") == ["-9", "[] False", "args: x", "7"])
    #expect(outcome.errorText == "")
  }
}
