import JSON
import SystemSupport
import Testing

@testable import PythonPackaging

/// Wheels made for a test, in a folder, and as a simple repository over HTTP.
final class SimpleRepository {
  let folder: FilePath

  init() throws { folder = try FileSystem.makeTemporaryDirectory(prefix: "kilt-repository") }

  deinit { _ = try? FileSystem.removeTree(folder) }

  /// Adds a wheel whose metadata has these lines besides name and version, and whose one module may have more than a
  /// `VERSION`. Returns the file's name.
  @discardableResult
  func add(
    _ name: String, _ version: String, _ metadata: [String] = [], tag: String = "py3-none-any", module: String = ""
  ) throws -> String {
    let file = "\(name)-\(version)-\(tag).whl"
    let lines = ["Metadata-Version: 2.1", "Name: \(name)", "Version: \(version)"] + metadata
    let script = """
      import json, sys, zipfile
      path, name, version, tag, metadata, module = json.load(sys.stdin)
      info = '%s-%s.dist-info/' % (name, version)
      with zipfile.ZipFile(path, 'w') as z:
        def add(member, text): z.writestr(zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0)), text)
        add(name + '.py', 'VERSION = %r\\n' % version + module)
        add(info + 'METADATA', metadata)
        add(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: %s\\n' % tag)
        add(info + 'RECORD', '')
      """
    let input: JSONValue = [
      .string(folder.appending(file).string), .string(name), .string(version), .string(tag),
      .string(lines.joined(separator: "\n") + "\n"), .string(module),
    ]
    let python = try Oracle.interpreter().string
    let outcome = try Subprocess(python, ["-I", "-c", script], input: input.bytes()).run()
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
    return file
  }
}

struct ServerDidNotStart: Error {}

/// Serves a folder of wheels as a simple repository on a free loopback port, for as long as this object lives.
///
/// `/html/NAME/` and `/json/NAME/` are the pages, `/log` what was asked for so far. User `ann` with password `geheim` is
/// wanted below `/private/`.
final class RepositoryServer {
  let port: Int
  private let process: ConversingProcess

  var url: String { "http://127.0.0.1:\(port)" }

  init(_ folder: FilePath) throws {
    let python = try Oracle.interpreter()
    let script = """
      import base64, hashlib, http.server, json, os, re, sys, threading
      folder, log = \(JSONValue.string(folder.string).text()), []
      class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        def log_message(self, *args): pass
        def answer(self, status, kind, body):
          self.send_response(status)
          self.send_header('Content-Type', kind)
          self.send_header('Content-Length', str(len(body)))
          self.end_headers()
          if self.command != 'HEAD': self.wfile.write(body)
        def nonsense(self, kind, name):
          wheel = name + '-1.0-py3-none-any.whl'
          link = '<a href="%s">' + wheel + '</a>'
          json_type = 'application/vnd.pypi.simple.v1+json'
          def page(*files): return json.dumps({'meta': {'api-version': '1.0'}, 'files': list(files)}).encode()
          if kind == 'deep': return self.answer(200, json_type, b'{"files":' + b'[' * 100000 + b']' * 100000 + b'}')
          if kind == 'text-as-json': return self.answer(200, json_type, b'<a href="x">')
          if kind == 'list': return self.answer(200, json_type, b'[]')
          if kind == 'odd-types': return self.answer(200, json_type, page(1, None, {'filename': 3}, {'url': []}))
          if kind == 'binary': return self.answer(200, 'text/html', bytes(range(256)) * 1000)
          if kind == 'empty': return self.answer(200, 'text/html', b'')
          if kind == 'file-link': return self.answer(200, 'text/html', (link % ('file://' + folder + '/' + wheel)).encode())
          if kind == 'lying-hash':
            return self.answer(200, json_type, page({'filename': wheel, 'url': '/files/' + wheel,
              'hashes': {'sha256': '0' * 64}}))
          if kind == 'to-file':
            self.send_response(302)
            self.send_header('Location', 'file:///etc/passwd')
            self.send_header('Content-Length', '0')
            return self.end_headers()
          if kind == 'short':
            self.send_response(200)
            self.send_header('Content-Length', '100000')
            self.end_headers()
            self.wfile.write(b'<a')
            self.close_connection = True
          if kind == 'bomb':
            import zlib
            maker = zlib.compressobj(9, zlib.DEFLATED, 31)
            body = b''.join(maker.compress(b' ' * (1 << 20)) for _ in range(300)) + maker.flush()
            self.send_response(200)
            self.send_header('Content-Type', 'text/html')
            self.send_header('Content-Encoding', 'gzip')
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def do_HEAD(self): self.do_GET()
        def do_GET(self):
          path = self.path
          if path == '/log': return self.answer(200, 'application/json', json.dumps(log).encode())
          log.append(path)
          if path.startswith('/private/'):
            wanted = 'Basic ' + base64.b64encode(b'ann:geheim').decode()
            if self.headers.get('Authorization') != wanted: return self.answer(401, 'text/plain', b'who are you?')
            path = path[len('/private'):]
          kind, name = (path.strip('/').split('/') + [''])[:2]
          if kind.startswith('hostile-'): return self.nonsense(kind[len('hostile-'):], name)
          if kind == 'files': return self.answer(200, 'application/octet-stream', open(os.path.join(folder, name), 'rb').read())
          files = [f for f in sorted(os.listdir(folder)) if re.sub('[-_.]+', '-', f.split('-')[0]).lower() == name]
          if not files: return self.answer(404, 'text/html', b'<h1>no such project</h1>')
          def digest(f): return hashlib.sha256(open(os.path.join(folder, f), 'rb').read()).hexdigest()
          if kind == 'json':
            page = {'meta': {'api-version': '1.0'}, 'name': name, 'files': [
              {'filename': f, 'url': '../../files/' + f, 'hashes': {'sha256': digest(f)}} for f in files]}
            return self.answer(200, 'application/vnd.pypi.simple.v1+json', json.dumps(page).encode())
          links = ''.join('<A class=x HREF="../../files/%s#sha256=%s">%s</a><br>' % (f, digest(f), f) for f in files)
          self.answer(200, 'text/html; charset=utf-8', ('<!DOCTYPE html><!-- <a href="x"> -->' + links).encode())
      server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
      threading.Thread(target=server.serve_forever, daemon=True).start()
      print(server.server_address[1], flush=True)
      sys.stdin.read()
      os._exit(0)
      """
    process = try ConversingProcess(
      Subprocess(python.string, ["-I", "-c", script]), errorOutput: FileDescriptor(rawValue: 2))
    guard case .line(let line) = try process.receive(), let port = Int(String(decoding: line, as: UTF8.self)) else {
      throw ServerDidNotStart()
    }
    self.port = port
  }

  deinit { process.end(within: 5000) }
}
