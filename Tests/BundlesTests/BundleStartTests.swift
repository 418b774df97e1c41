import Glibc
import Synchronization
import SystemSupport
import Testing

@testable import Bundles

@Suite("Starting bundles")
struct BundleStartTests {
  static let probe = """
    import json, os, sys
    print(json.dumps({"argv": sys.argv[1:], "name": __name__, "pid": os.getpid(), "pex": os.environ.get("PEX"),
      "vars": sorted(k for k in os.environ if "PEX" in k or "KILT" in k), "path": sys.path, "exe": sys.executable}))

    """

  @Test("A bundle of real wheels runs in an empty directory with only a Python on the PATH, cold and warm")
  func realWheels() throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let bundle = try scratch.build(
      entry: "hello", sources: ["hello.py": BundleBuildTests.hello], wheels: try RealWheels.wheels(for: python))
    for _ in 0..<2 {
      let outcome = try scratch.run(bundle.path)
      #expect(outcome.text == "versions 1", "\(outcome.errorText)")
      #expect(outcome.errorText == "")
    }
  }

  @Test("Every Python of this machine from 3.8 on starts a bundle, directly and by name", arguments: Python.all)
  func versions(python: Python) throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(
      entry: "app.main:run", sources: ["app/main.py": "def run():\n  print('ran'); return 7\n"])
    for _ in 0..<2 {
      let own = try scratch.run(bundle.path, python: python.path)
      #expect(own.text == "ran", "\(own.errorText)")
      #expect(own.termination == .exited(7))
      let named = try scratch.run(python.path, [bundle.path.string], python: python.path)
      #expect(named.text == "ran", "\(named.errorText)")
      #expect(named.termination == .exited(7))
    }
  }

  @Test("The program replaces the process: same pid, arguments, standard input, exit code and signal")
  func process() throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(
      entry: "app",
      sources: ["app.py": "import os,sys\nprint(os.getpid(), sys.argv[1:], sys.stdin.read(), __name__)\nsys.exit(3)\n"])
    for _ in 0..<2 {
      let outcome = try scratch.run(
        "/bin/sh", ["-c", "echo $$; exec \"$0\" \"$@\"", bundle.path.string, "a b", "", "*", "--x='\""],
        input: Array("in".utf8))
      let lines = outcome.text.split(separator: "\n")
      #expect(lines.last == "\(lines.first ?? "") ['a b', '', '*', '--x=\\'\"'] in __main__", "\(outcome.errorText)")
      #expect(outcome.termination == .exited(3))
    }
    let killed = try scratch.build(
      "k.pex", entry: "app", sources: ["app.py": "import os\nos.kill(os.getpid(), 15)\n"])
    #expect(try scratch.run(killed.path).termination == .signaled(SIGTERM))
  }

  @Test("Twenty first starts at once all run, and one unpacked tree is left")
  func concurrent() throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let bundle = try scratch.build(
      entry: "hello", sources: ["hello.py": BundleBuildTests.hello], wheels: try RealWheels.wheels(for: python))
    let home = scratch.home
    let outcomes = Mutex<[String]>([])
    let directory = python.path.removingLastComponent()
    performInParallel(count: 20, threads: 20) { _ in
      do {
        let outcome = try Subprocess(
          bundle.path.string, environment: ["HOME=\(home)", "PATH=\(directory):/usr/bin:/bin"]
        ).run()
        outcomes.withLock { $0.append(outcome.text + outcome.errorText) }
      } catch {
        Issue.record(error)
      }
    }
    #expect(outcomes.withLock { $0 } == Array(repeating: "versions 1", count: 20))
    #expect(try FileSystem.list(home.appending(".cache/kilt/runtime/incoming")).isEmpty)
  }

  @Test("A killed first start leaves nothing that a second start would treat as complete")
  func killed() throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let bundle = try scratch.build(
      entry: "hello", sources: ["hello.py": BundleBuildTests.hello], wheels: try RealWheels.wheels(for: python))
    // Killed when it opens its n-th file for writing below the cache: strace delivers the signal at that very call.
    for call in [3, 40, 200] {
      let home = scratch.path.appending("home\(call)")
      try FileSystem.createDirectories(home)
      let killed = try scratch.run(
        try FilePath(program("strace")),
        [
          "-f", "-qq", "-o", "/dev/null", "-e",
          "inject=mkdir,mkdirat,symlink,rename,pwrite64,write:signal=KILL:when=\(call)",
          bundle.path.string,
        ], environment: ["HOME": home.string, "PEX_MAX_INSTALL_JOBS": "1"])
      #expect(killed.text != "versions 1")
      let next = try scratch.run(bundle.path, environment: ["HOME": home.string])
      #expect(next.text == "versions 1", "\(next.errorText)")
    }
  }

  @Test("Without a matching Python, the message names the constraint and a remedy, and the exit code is 3")
  func noPython() throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(entry: "a", sources: ["a.py": ""]) {
      $0.interpreterConstraints = ["CPython>=3.16,<3.17"]
    }
    let outcome = try scratch.run(bundle.path)
    #expect(outcome.termination == .exited(3))
    #expect(outcome.errorText.contains("no Python that meets CPython>=3.16,<3.17"))
    #expect(outcome.errorText.contains("PEX_PYTHON=/path/to/python"))
    let python = try Python.any()
    let named = try scratch.run(python.path, [bundle.path.string])
    #expect(named.termination == .exited(3))
    #expect(named.errorText.contains("no Python that meets"))
    let empty = try scratch.run(bundle.path, environment: ["PATH": scratch.path.appending("empty").string])
    #expect(empty.termination == .exited(3))
  }

  @Test("A constraint on the patch release is respected")
  func patchRelease() throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let script = "import sys; print(sys.version_info[2])"
    let patch = try #require(Int(try Subprocess(python.path.string, ["-c", script]).run().text))
    func outcome(_ constraint: String) throws -> Subprocess.Outcome {
      let bundle = try scratch.build("p.pex", entry: "a", sources: ["a.py": "print('ran')\n"]) {
        $0.interpreterConstraints = ["CPython\(constraint)"]
      }
      return try scratch.run(python.path, [bundle.path.string], environment: ["PEX_PYTHON": python.path.string])
    }
    let this = "3.\(python.minor).\(patch)"
    for fitting in ["==\(this)", ">=\(this),<3.\(python.minor + 1)", "~=\(this)", "<=\(this)"] {
      #expect(try outcome(fitting).text == "ran", "\(fitting)")
    }
    for other in [">\(this),<3.\(python.minor + 1)", "==3.\(python.minor).*,!=\(this)"] {
      let outcome = try outcome(other)
      #expect(outcome.termination == .exited(3), "\(other): \(outcome.text)")
      #expect(outcome.errorText.contains("no Python that meets CPython\(other)"))
    }
  }

  static let name = """
    import os, sys
    def main(): print(sys.argv[0], os.environ["PEX"])

    """

  @Test("Bundles start by paths with spaces and quotes, a symbolic link, and a relative path")
  func paths() throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(entry: "app", sources: ["app.py": Self.probe])
    let odd = scratch.path.appending("a dir with 'quotes' \"and\" $more")
    try FileSystem.createDirectories(odd)
    let moved = odd.appending("my app.pex")
    try FileSystem.copyFile(bundle.path, to: moved, permissions: 0o755)
    try FileSystem.createSymbolicLink(at: odd.appending("link"), to: moved)
    for path in [moved, odd.appending("link")] {
      let outcome = try scratch.run(path, ["x y"], environment: ["HOME": odd.string])
      #expect(outcome.text.contains("\"argv\": [\"x y\"]"), "\(outcome.errorText)")
    }
    // Programs go by the name they were started with; PEX is the file.
    let named = try scratch.build("named.pex", entry: "name:main", sources: ["name.py": Self.name])
    try FileSystem.createSymbolicLink(at: scratch.path.appending("other"), to: named.path)
    for command in ["./other", "\(scratch.path)/other", "\(try Python.any().path) ./other"] {
      let outcome = try scratch.run("/bin/sh", ["-c", "cd .. && \(command)"])
      #expect(outcome.text == "\(scratch.path)/other \(named.path)", "\(outcome.errorText)")
    }
    let relative = try scratch.run("/bin/sh", ["-c", "cd .. && ./hello.pex r && cd empty && ../hello.pex s"])
    #expect(relative.text.contains("\"argv\": [\"r\"]") && relative.text.contains("\"argv\": [\"s\"]"))
  }

  @Test("A cache that cannot be written is replaced by a temporary one, with a warning")
  func unwritableCache() throws {
    let scratch = try Scratch()
    let bundle = try scratch.build(entry: "app", sources: ["app.py": Self.probe])
    let temporary = scratch.path.appending("tmp")
    try FileSystem.createDirectories(temporary)
    // A file where the directory should be: that stops the superuser too.
    try FileSystem.write(text: "", to: scratch.path.appending("file"))
    let environment = ["PEX_ROOT": scratch.path.appending("file").string, "TMPDIR": temporary.string]
    for _ in 0..<2 {
      let outcome = try scratch.run(bundle.path, environment: environment)
      #expect(outcome.text.contains("__main__"), "\(outcome.errorText)")
      #expect(outcome.errorText.contains("unpacking into \(temporary)/kilt-runtime-"))
    }
    // Warnings are for those who want them.
    let quiet = try scratch.build("quiet.pex", entry: "app", sources: ["app.py": "print(1)\n"]) {
      $0.emitsWarnings = false
    }
    for (variables, warns) in [
      ([:], false), (["PEX_EMIT_WARNINGS": "1"], true), (["PEX_VERBOSE": "1"], true),
      (["PEX_EMIT_WARNINGS": "0"], false),
    ] as [([String: String], Bool)] {
      let outcome = try scratch.run(
        quiet.path, environment: environment.merging(variables) { $1 }.merging(["PEX_UNZIP": "1"]) { $1 })
      #expect(outcome.text == "1")
      #expect(outcome.errorText.contains("unpacking into") == warns, "\(variables): \(outcome.errorText)")
      #expect(outcome.errorText.contains("PEX_UNZIP has no effect") == warns, "\(variables): \(outcome.errorText)")
    }
    let homeless = try scratch.run(bundle.path, environment: ["HOME": "", "TMPDIR": temporary.string])
    #expect(homeless.text.contains("__main__"), "\(homeless.errorText)")
    #expect(homeless.errorText.contains("HOME is not set"))
  }

  @Test("A moved cache is unpacked again at its new path")
  func moved() throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel("pkg-1.0-py3-none-any.whl", ["pkg/__init__.py": "x = 41\n"])
    let bundle = try scratch.build(
      entry: "app", sources: ["app.py": "import pkg\nprint(pkg.x + 1)\n"], wheels: [wheel])
    #expect(try scratch.run(bundle.path).text == "42")
    let elsewhere = scratch.path.appending("elsewhere")
    try FileSystem.rename(scratch.home, to: elsewhere)
    for _ in 0..<2 {
      let outcome = try scratch.run(bundle.path, environment: ["HOME": elsewhere.string])
      #expect(outcome.text == "42", "\(outcome.errorText)")
    }
  }

  @Test("Part of the cache removed: the next start unpacks it again")
  func heals() throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel("pkg-1.0-py3-none-any.whl", ["pkg/__init__.py": "x = 41\n"])
    let bundle = try scratch.build(
      entry: "app", sources: ["app.py": "import pkg\nprint(pkg.x + 1)\n"], wheels: [wheel])
    #expect(try scratch.run(bundle.path).text == "42")
    let root = scratch.home.appending(".cache/kilt/runtime")
    for part in ["wheels/\(wheel.sha256)", "bundles/\(bundle.id)/code", "bundles/\(bundle.id)", ""] {
      try FileSystem.removeTree(part.isEmpty ? root : root.appending(part))
      let outcome = try scratch.run(bundle.path)
      #expect(outcome.text == "42", "after \(part) was removed: \(outcome.errorText)")
    }
  }

  @Test("A start names files that a cleaner removed from the cache, and the next start restores them")
  func cleaned() throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel(
      "pkg-1.0-py3-none-any.whl",
      ["pkg/__init__.py": "x = 41\n", "pkg/deep/part.py": "y = 1\n", "pkg/data.txt": "data"])
    let source = """
      import pkg, pkg.deep.part, own.more, os
      print(pkg.x + pkg.deep.part.y, open(os.path.dirname(pkg.__file__) + "/data.txt").read(), own.more.z)
      """
    let sources: KeyValuePairs = ["app.py": source, "own/more.py": "z = 1\n"]
    let bundle = try scratch.build(entry: "app", sources: sources, wheels: [wheel])
    #expect(try scratch.run(bundle.path).text == "42 data 1")
    let root = scratch.home.appending(".cache/kilt/runtime")
    let lib = root.appending("wheels/\(wheel.sha256)/lib")
    for part in [
      lib.appending("pkg/__init__.py"), lib.appending("pkg/deep"), lib.appending("pkg/data.txt"), lib.appending("pkg"),
      lib,
      root.appending("bundles/\(bundle.id)/code/own/more.py"),
    ] {
      // What was compiled is still there, and Python does not use it without the source.
      try FileSystem.removeTree(part)
      let broken = try scratch.run(bundle.path)
      #expect(broken.text != "42 data 1", "\(part)")
      #expect(broken.errorText.contains("files are gone from the cache in \(root)"), "\(part): \(broken.errorText)")
      let next = try scratch.run(bundle.path)
      #expect(next.text == "42 data 1", "after \(part) was removed: \(next.errorText)")
      #expect(next.errorText == "")
    }
    // What makes the tree a tree: the same start makes it again.
    let python = try Python.any()
    let tree = root.appending("bundles/\(bundle.id)/at\(python.path)")
    let names = ["__main__.py", "kilt_start", "bin/python", "bin", "kilt_config.py"]
    for name in names {
      try FileSystem.removeTree(tree.appending(name))
      #expect(try scratch.run(bundle.path).text == "42 data 1", "after \(name) was removed")
    }
    // Another bundle with the wheel, when a part of it is gone: its first start notices.
    for part in [lib, lib.appending("pkg")] {
      try FileSystem.removeTree(part)
      let other = try scratch.build("o\(part.string.utf8.count).pex", entry: "app", sources: sources, wheels: [wheel])
      let first = try scratch.run(other.path)
      let second = try scratch.run(other.path)
      #expect(
        first.text == "42 data 1" || first.errorText.contains("files are gone from the cache"), "\(first.errorText)")
      #expect(second.text == "42 data 1", "\(second.errorText)")
    }
  }

  @Test("A program's own import error does not start a search for missing files")
  func ownError() throws {
    let scratch = try Scratch()
    let wheel = try scratch.wheel("pkg-1.0-py3-none-any.whl", ["pkg/__init__.py": "x = 41\n"])
    let bundle = try scratch.build(entry: "app", sources: ["app.py": "import pkg, nothing\n"], wheels: [wheel])
    for _ in 0..<3 {
      let outcome = try scratch.run(bundle.path)
      #expect(outcome.errorText.hasSuffix("ModuleNotFoundError: No module named 'nothing'"), "\(outcome.errorText)")
      #expect(!outcome.errorText.contains("cache in"), "\(outcome.errorText)")
    }
  }
}
