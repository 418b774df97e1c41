import Diagnostics
import SystemSupport
import Testing

@testable import Artifacts

@Suite("A repository behind a web server")
struct HTTPRepositoryTests {
  let scratch: Scratch
  let server: FileServer

  init() throws {
    scratch = try Scratch()
    server = try FileServer(scratch.path)
  }

  private func published() throws -> SampleBundle {
    let bundle = try SampleBundle(in: scratch.path)
    _ = try Repository(directory: scratch.appending("repository")).publish(bundle.manifest, file: bundle.file)
    return bundle
  }

  @Test func isReadFromTheFilesOfADirectory() throws {
    let bundle = try published()
    let repository = try Repository(opening: server.url + "/repository/")
    let name = try #require(SampleBundle.name)
    #expect(try repository.names() == [name])
    #expect(try repository.commits(of: name).map(\.commit) == [bundle.manifest.key.commit])
    let platform = try #require(SampleBundle.platform)
    let manifest = try repository.resolve(try ArtifactReference(parsing: "fiddler_server@aaaaaaa"), platform: platform)
    #expect(manifest == bundle.manifest)
    let cache = BundleCache(root: scratch.appending("cache"))
    let installed = try cache.install(manifest, from: repository)
    #expect(try FileSystem.read(installed.path) == FileSystem.read(bundle.file))
  }

  @Test("A server that has only the whole file serves segments as ranges", arguments: ["ranges", "no ranges"])
  func wholeFiles(_ kind: String) throws {
    let bundle = try published()
    var summary = CopySummary()
    let source = Repository(directory: scratch.appending("repository"))
    try source.copy(
      bundle.manifest.key, to: Repository(directory: scratch.appending("plain")), asWholeFile: true, &summary)
    // Python's own server knows no ranges.
    let ranges = try ScriptedServer(
      """
      def do_GET(self):
        try: data = open('\(scratch.path)/plain' + self.path, 'rb').read()
        except OSError: return self.answer(404)
        wanted = self.headers.get('Range')
        if not wanted: return self.answer(200, data)
        start, end = map(int, wanted.split('=')[1].split('-'))
        count('ranges')
        self.answer(206, data[start:end + 1])
      do_HEAD = do_GET
      """)
    let url = kind == "ranges" ? "http://127.0.0.1:\(ranges.port)" : server.url + "/plain"
    let repository = try Repository(opening: url)
    let evidence = try #require(try repository.evidence(for: bundle.manifest.key))
    let cache = BundleCache(root: scratch.appending("cache"))
    let installed = try cache.install(evidence, from: repository)
    #expect(try FileSystem.read(installed.path) == FileSystem.read(bundle.file))
    let copy = scratch.appending("copy.pex")
    try repository.fetch(evidence.manifest, to: copy)
    #expect(try FileSystem.read(copy) == FileSystem.read(bundle.file))
  }

  @Test func isNotPublishedTo() throws {
    let bundle = try published()
    let repository = try Repository(opening: server.url + "/repository")
    let error = artifactError { () throws(ArtifactError) in try repository.publish(bundle.manifest, file: bundle.file) }
    #expect(error == .readOnly(repository: server.url + "/repository"))
  }

  @Test func credentialsInTheURLReachNoMessage() throws {
    let repository = try Repository(opening: "http://ada:geheim@127.0.0.1:1/kilt")
    #expect(repository.location == "http://127.0.0.1:1/kilt")
  }

  @Test func onlyHarmlessLinksOfAnIndexCount() {
    let page = """
      <a href="../">up</a> <a href='igor/'>x</a> <a href="./fiddler/">y</a> <a href="/etc/passwd">z</a>
      <a href="http://elsewhere/">w</a> <a href="%2e%2e/">v</a> <a href="igor/">again</a> <a href="a%00b">n</a>
      """
    #expect(HTTPStorage.links(in: Array(page.utf8)) == ["igor/", "fiddler/"])
  }
}

struct ServerDidNotStart: Error {}

/// Python's `http.server` over a folder, on a free loopback port.
final class FileServer: Sendable {
  let url: String
  private let process: ConversingProcess

  init(_ folder: FilePath) throws {
    let python = try #require(Subprocess.find("python3"), "these tests need python3: apt-get install python3")
    let script = """
      import functools, http.server, os, sys, threading
      class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args): pass
      handler = functools.partial(Handler, directory=sys.argv[1])
      server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
      threading.Thread(target=server.serve_forever, daemon=True).start()
      print(server.server_address[1], flush=True)
      sys.stdin.read()
      os._exit(0)
      """
    process = try ConversingProcess(
      Subprocess(python.string, ["-I", "-c", script, folder.string]), errorOutput: FileDescriptor(rawValue: 2))
    guard case .line(let line) = try process.receive(), let port = Int(String(decoding: line, as: UTF8.self)) else {
      throw ServerDidNotStart()
    }
    url = "http://127.0.0.1:\(port)"
  }

  deinit { process.end(within: 5000) }
}
