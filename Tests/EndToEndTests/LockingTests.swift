import JSON
import SystemSupport
import Testing

/// `kilt lock` and `kilt package` on a workspace of two resolves, with packages of a private index on loopback: the
/// built programs, the real uv and pip.
@Suite struct LockingTests {
  private let example: Example
  private let root: FilePath
  private let wheels: FilePath

  init() throws {
    example = try Example()
    wheels = example.scratch.appending("wheels")
    try example.addWheel("lib", "1.0", to: wheels)
    try example.addWheel("lib", "2.0", to: wheels)
    try example.addWheel("app", "1.0", to: wheels, requires: ["lib"])
    try example.addWheel("data", "3.0", to: wheels)
    root = try example.makeWorkspace([
      "kilt.toml": """
      [workspace]
      source_roots = ["/"]
      [python]
      interpreter_constraints = ["CPython>=3.8"]
      default_resolve = "main"
      [python.resolves]
      main = "locks/main.lock"
      [python.resolves.data]
      lockfile = "locks/data.lock"
      constraints = ["lib<2"]
      platforms = ["linux_x86_64"]

      """,
      "BUILD": """
      python_requirements(name="reqs")
      python_requirement(name="data", requirements=["data", "lib"], resolve="data")
      python_sources(name="code", sources=["main.py"])
      pex_binary(name="main", entry_point="main.py")

      """,
      "requirements.txt": "app\n", "main.py": "import app, lib\nprint('lib', lib.VERSION)\n",
    ])
  }

  private func kilt(_ arguments: String..., environment: [String] = []) throws -> Subprocess.Outcome {
    try example.kilt(arguments, in: root, environment: try example.packages(in: wheels) + environment)
  }

  private func expectSuccess(_ outcome: Subprocess.Outcome, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(outcome.termination.isSuccess, "\(outcome.errorText)", sourceLocation: sourceLocation)
  }

  @Test func severalResolvesAreLockedCheckedAndShown() throws {
    expectSuccess(try kilt("lock"))
    let main = try FileSystem.readText(root.appending("locks/main.lock"))
    #expect(main.contains("\"version\": \"2.0\""))
    #expect(try FileSystem.readText(root.appending("locks/data.lock")).contains("lib-1.0-py3-none-any.whl"))
    #expect(!main.contains(wheels.string))
    #expect(try kilt("lock", "--check").errorText == "locks/data.lock fits\nlocks/main.lock fits")
    // A newer version changes nothing until it is asked for; --diff writes nothing.
    try example.addWheel("lib", "2.5", to: wheels)
    #expect(try kilt("lock", "--resolve", "main").text == "")
    let difference = try kilt("lock", "--resolve", "main", "--diff", "--upgrade-package", "lib")
    #expect(difference.text == "~ lib 2.0 -> 2.5")
    #expect(try FileSystem.readText(root.appending("locks/main.lock")) == main)
    // One more requirement is one more package, and the others stay.
    try FileSystem.write(text: "app\ndata\n", to: root.appending("requirements.txt"))
    let stale = try kilt("lock", "--check")
    #expect(stale.termination == .exited(1))
    #expect(
      stale.errorText == """
        locks/data.lock fits
        error: the lockfile "locks/main.lock" does not fit its requirements
          note: the requirement "data" is not locked
          help: run `kilt lock --resolve main`
        """)
    let added = try kilt("lock", "--resolve", "main")
    #expect(added.text == "+ requirement data\n+ data 3.0  (for the workspace)")
    let json = try JSONValue(parsing: try kilt("lock", "--diff", "--upgrade", "--format", "json").output)
    #expect(json.array?.map { $0["resolve"]?.string } == ["data", "main"])
    #expect(json.array?.last?["difference"]?["changes"]?.array?.first?["after"]?.strings == ["2.5"])
  }

  @Test("Locking one more requirement changes nothing else, despite new uploads")
  func oneMoreRequirement() throws {
    expectSuccess(try kilt("lock", "--resolve", "main"))
    try example.addWheel("lib", "2.0", to: wheels, tag: "py3-none-manylinux_2_17_x86_64")
    try example.addWheel("app", "1.1", to: wheels)
    try FileSystem.write(text: "app\ndata\n", to: root.appending("requirements.txt"))
    let added = try kilt("lock", "--resolve", "main")
    #expect(added.text == "+ requirement data\n+ data 3.0  (for the workspace)")
    // Whoever asks for a package gets all its files.
    let asked = try kilt("lock", "--resolve", "main", "--upgrade-package", "lib")
    #expect(asked.text == "~ lib 2.0\n    + file lib-2.0-py3-none-manylinux_2_17_x86_64.whl")
  }

  @Test func wrongNamesAreMetWithTheNearestOnes() throws {
    let resolve = try kilt("lock", "--resolve", "dada")
    #expect(resolve.termination == .exited(2))
    #expect(
      resolve.errorText == """
        error: unknown resolve "dada"
          note: defined resolves: data, main
          help: did you mean "data"?
        """)
    expectSuccess(try kilt("lock", "--resolve", "main"))
    let package = try kilt("lock", "--resolve", "main", "--upgrade-package", "lob")
    #expect(package.termination == .exited(2))
    #expect(package.errorText.hasSuffix("help: did you mean \"lib\"?"))
  }

  @Test func anotherToolsLockfileIsUsedAndNotWrittenOver() throws {
    let digests = try ["app-1.0", "lib-1.0"].map { try example.sha256(wheels.appending("\($0)-py3-none-any.whl")) }
    let text = "app==1.0 --hash=sha256:\(digests[0])\nlib==1.0 \\\n    --hash=sha256:\(digests[1])\n    # via app\n"
    try FileSystem.createDirectories(root.appending("locks"))
    try FileSystem.write(text: text, to: root.appending("locks/main.lock"))
    #expect(try kilt("lock", "--check", "--resolve", "main").errorText == "locks/main.lock fits")
    expectSuccess(try kilt("package", ":main"))
    let bundle = try #require(
      FileSystem.list(root.appending("dist")).map(\.name).first { $0.hasSuffix(".pex") })
    #expect(try example.execute(root.appending("dist").appending(bundle).string, []) == "lib 1.0")
    let refused = try kilt("lock", "--resolve", "main")
    #expect(refused.termination == .exited(2))
    #expect(
      refused.errorText.contains(
        "\"locks/main.lock\" is a requirements file with hashes, which `kilt lock` does not write"))
    #expect(try FileSystem.readText(root.appending("locks/main.lock")) == text)
    expectSuccess(try kilt("lock", "--resolve", "main", "--convert"))
    let converted = try FileSystem.readText(root.appending("locks/main.lock"))
    #expect(converted.hasPrefix("{\n  \"kilt_lock\": 1") && converted.contains("lib-1.0-py3-none-any.whl"))
  }

  @Test func thePasswordOfAPrivateIndexComesFromNetrc() throws {
    let home = example.scratch.appending("home")
    try FileSystem.createDirectories(home)
    try FileSystem.write(
      text: "machine 127.0.0.1 login ann password geheim\n", to: home.appending(".netrc"), permissions: 0o600)
    try FileSystem.write(text: Self.server, to: example.scratch.appending("server.py"))
    let kilt = example.programs.appending("kilt")
    let script = """
      python3 server.py wheels port & server=$!
      trap 'kill $server' EXIT
      while [ ! -s port ]; do sleep 0.05; done
      export PIP_INDEX_URL="http://127.0.0.1:$(cat port)/simple"
      cd workspace && '\(kilt)' lock --resolve main && '\(kilt)' package :main && ./dist/*.pex
      """
    let changes = [
      "HOME=\(home)", "NETRC", "KILT_CACHE_DIR=\(example.scratch.appending("cache"))", "KILT_UV=\(try example.uv())",
      "PIP_NO_INDEX",
      "PIP_FIND_LINKS", "PIP_CONFIG_FILE=/dev/null", "PIP_EXTRA_INDEX_URL", "no_proxy=127.0.0.1",
    ]
    let outcome = try Subprocess(
      "sh", ["-euc", script], environment: example.environment(changes), workingDirectory: example.scratch,
      deadlineMilliseconds: 120_000
    ).run()
    #expect(outcome.termination.isSuccess, "\(outcome.errorText)")
    #expect(outcome.text.hasSuffix("lib 2.0"))
    #expect(!outcome.errorText.contains("geheim"))
    let lock = try FileSystem.readText(root.appending("locks/main.lock"))
    #expect(!lock.contains("127.0.0.1") && !lock.contains("geheim"))
  }

  /// A simple repository over a folder, which asks for a user and a password.
  private static let server = """
    import base64, hashlib, http.server, os, re, sys
    folder, port = sys.argv[1:]
    wanted = 'Basic ' + base64.b64encode(b'ann:geheim').decode()
    class Handler(http.server.BaseHTTPRequestHandler):
      def log_message(self, *args): pass
      def answer(self, status, kind, body):
        self.send_response(status)
        if status == 401: self.send_header('WWW-Authenticate', 'Basic realm="packages"')
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD': self.wfile.write(body)
      def do_HEAD(self): self.do_GET()
      def do_GET(self):
        if self.headers.get('Authorization') != wanted: return self.answer(401, 'text/plain', b'')
        kind, name = (self.path.strip('/').split('/') + [''])[:2]
        if kind == 'files':
          with open(os.path.join(folder, os.path.basename(name)), 'rb') as file:
            return self.answer(200, 'application/zip', file.read())
        links = ''
        for file in sorted(os.listdir(folder)):
          if file.split('-')[0] != name: continue
          digest = hashlib.sha256(open(os.path.join(folder, file), 'rb').read()).hexdigest()
          links += '<a href="/files/%s#sha256=%s">%s</a>' % (file, digest, file)
        self.answer(200 if links else 404, 'text/html', links.encode())
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    with open(port + '.new', 'w') as file: file.write(str(server.server_address[1]))
    os.rename(port + '.new', port)
    server.serve_forever()
    """

  @Test("No command runs a Python that imports a module of the working directory")
  func workingDirectory() throws {
    let trace = example.scratch.appending("trace")
    // Each leaves a trace; uv, the environments and pip are new in this store, so they are made.
    for name in [
      "json", "re", "os", "pip", "venv", "ensurepip", "runpy", "site", "sitecustomize", "usercustomize", "encodings",
      "subprocess", "shutil", "random", "types", "importlib", "pkgutil", "zipfile", "tempfile", "struct", "pytest",
      "ssl",
    ] {
      try FileSystem.write(text: "open('\(trace)', 'a').write('\(name) ')\n", to: root.appending("\(name).py"))
    }
    let fresh = ["KILT_CACHE_DIR=\(example.scratch)/fresh", "PYTHONPATH=", "PYTHONSTARTUP=\(root)/random.py"]
    for arguments in [["lock"], ["package", ":main"], ["export", "--resolve", "main"]] {
      let outcome = try example.kilt(
        arguments, in: root, environment: try example.packages(in: wheels) + fresh)
      #expect(outcome.termination.isSuccess, "\(arguments): \(outcome.errorText)")
      let imported = FileSystem.exists(trace) ? try FileSystem.readText(trace) : ""
      #expect(imported.isEmpty, "\(arguments) imported \(imported)")
    }
  }
}
