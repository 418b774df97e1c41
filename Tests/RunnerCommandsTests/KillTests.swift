import Artifacts
import Digests
import SystemSupport
import Testing

@Suite("A runner killed during a fetch")
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

  /// An S3 server that stores the first part of an upload, and holds the others back until the publisher is dead.
  private static let uploadScript = """
    import os, subprocess, sys, threading, boto3
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server
    kilt, file = sys.argv[1:]
    app = DomainDispatcherApplication(create_backend_app)
    parts, stored, dead = [], threading.Event(), threading.Event()
    def middleware(environ, start):
      query = dict(p.partition('=')[::2] for p in environ.get('QUERY_STRING', '').split('&'))
      if environ['REQUEST_METHOD'] != 'PUT' or 'partNumber' not in query:
        return app(environ, start)
      number = query['partNumber']
      if number != '1' and not dead.is_set():
        dead.wait()
        start('500 Dead', [])
        return []
      answer = list(app(environ, start))
      parts.append(number)
      stored.set()
      return answer
    class Quiet(WSGIRequestHandler):
      def log(self, *words): pass
    server = make_server('127.0.0.1', 0, middleware, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = 'http://127.0.0.1:%d' % server.server_port
    s3 = boto3.client('s3', endpoint_url=url)
    s3.create_bucket(Bucket='kilt')
    command = [kilt, 'artifacts', 'put', '--type', 'static', 'large', '1', file, '--repository', 's3://kilt?endpoint=' + url]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    stored.wait()
    first.kill()
    print(first.wait(), len(s3.list_multipart_uploads(Bucket='kilt').get('Uploads', [])))
    dead.set()
    parts.clear()
    print(subprocess.run(command, stdout=subprocess.DEVNULL).returncode, sorted(parts))
    print(len(s3.list_multipart_uploads(Bucket='kilt').get('Uploads', [])))
    print(max(entry['Size'] for entry in s3.list_objects_v2(Bucket='kilt')['Contents']))
    sys.stdout.flush()
    os._exit(0)
    """

  @Test("The next publisher continues an upload in parts of a killed publisher") func upload() throws {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let python = try Subprocess(root.appending("scripts/lib/artifact-peers").string).run().text
    let file = fixture.scratch.appending("large.bin")
    // Three parts: two of 16 MiB, and the rest.
    let size = (32 << 20) + 7
    try FileSystem.write([UInt8](repeating: 0x5A, count: size), to: file)
    let outcome = try Subprocess(
      python,
      ["-c", Self.uploadScript, fixture.executable.removingLastComponent().appending("kilt").string, file.string],
      environment: fixture.environment + [
        "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=us-east-1", "AWS_REGION=us-east-1",
      ], deadlineMilliseconds: 120_000
    ).run()
    #expect(
      outcome.text.split(separator: "\n") == ["-9 1", "0 ['2', '3']", "0", "\(size)"],
      "\(outcome.text) \(outcome.errorText)")
  }
}
