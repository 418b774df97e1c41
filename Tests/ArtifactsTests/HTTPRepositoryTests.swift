import CSystemShims
import Diagnostics
import Glibc
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

/// Python's `http.server` over a folder, on a free loopback port.
final class FileServer: Sendable {
  let url: String
  private let input: CInt
  private let pid: pid_t

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
    var toServer: [CInt] = [-1, -1]
    var fromServer: [CInt] = [-1, -1]
    try #require(kilt_pipe_cloexec(&toServer) == 0 && kilt_pipe_cloexec(&fromServer) == 0)
    var options = kilt_spawn_options(
      standard_input: toServer[0], standard_output: fromServer[1], standard_error: 2, working_directory: nil,
      new_session: 0)
    var pid: pid_t = 0
    let code = withCStrings([python.string, "-I", "-c", script, folder.string]) { arguments in
      withCStrings(environmentStrings()) { kilt_spawn(&pid, arguments[0], arguments, $0, &options) }
    }
    close(toServer[0])
    close(fromServer[1])
    defer { close(fromServer[0]) }
    try #require(code == 0)
    self.pid = pid
    input = toServer[1]
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while read(fromServer[0], &byte, 1) == 1, byte != 0x0A { line.append(byte) }
    let port = try #require(Int(String(decoding: line, as: UTF8.self)), "the server did not start")
    url = "http://127.0.0.1:\(port)"
  }

  deinit {
    close(input)
    var status: CInt = 0
    waitpid(pid, &status, 0)
  }
}
