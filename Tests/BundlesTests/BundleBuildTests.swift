import ContentStore
import Diagnostics
import Digests
import Glibc
import SystemSupport
import Testing
import Zip

@testable import Bundles

@Suite("Building bundles")
struct BundleBuildTests {
  static let hello = "import requests, yaml, markupsafe, click\nprint('versions', yaml.safe_load('1'))\n"

  @Test("unzip, zipfile and Kilt's reader find a bundle of real wheels valid")
  func soundZip() throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let bundle = try scratch.build(
      entry: "hello", sources: ["hello.py": Self.hello], wheels: try RealWheels.wheels(for: python))
    let unzip = try Subprocess("unzip", ["-tq", bundle.path.string]).run()
    #expect(unzip.termination == .exited(0), "\(unzip.text)")
    let list = try Subprocess(python.path.string, ["-m", "zipfile", "-l", bundle.path.string]).run()
    #expect(list.text.contains("PEX-INFO"))
    #expect(list.text.contains("/requests/__init__.py"))
    let test = try Subprocess(python.path.string, ["-m", "zipfile", "-t", bundle.path.string]).run()
    #expect(test.text == "Done testing")
    let archive = try ZipArchive(path: bundle.path)
    try archive.verify()
    #expect(archive.prefixSize > 100)
    #expect(try bundle.digest() == SHA256Digest.ofFile(bundle.path).digest)
    #expect(try FileSystem.status(of: bundle.path).permissions == 0o755)
  }

  @Test(
    "A file that differs from the bundle's key is refused",
    arguments: [BundleSpecification.Layout.zipapp, .packed, .loose])
  func sourceChangedMeanwhile(layout: BundleSpecification.Layout) throws {
    let scratch = try Scratch()
    let file = scratch.path.appending("hello.py")
    try FileSystem.write(Array("print('then')\n".utf8), to: file)
    let digest = try SHA256Digest.ofFile(file).digest
    try FileSystem.write(Array("print('now')\n".utf8), to: file)
    let path = scratch.path.appending("hello.pex")
    #expect(throws: BundleError.sourceChanged("hello.py")) {
      _ = try scratch.build(entry: "hello") {
        $0.layout = layout
        $0.sources = [SourceMember("hello.py", file: file, digest: digest)]
      }
    }
    #expect(!FileSystem.exists(path))
  }

  @Test("unzip, bsdtar, 7z and Python unpack the same files")
  func otherReaders() throws {
    let scratch = try Scratch()
    let python = try Python.any()
    let bundle = try scratch.build(
      entry: "hello", sources: ["hello.py": Self.hello, "data/\u{e4} b.txt": "x", "empty.txt": ""],
      wheels: try RealWheels.wheels(for: python))
    let path = bundle.path.string
    let commands: [(name: String, arguments: (String) -> [String])] = [
      ("unzip", { ["-qq", path, "-d", $0] }), ("bsdtar", { ["-xf", path, "-C", $0] }),
      ("7z", { ["x", "-bd", "-y", "-o" + $0, path] }),
      (python.path.string, { ["-m", "zipfile", "-e", path, $0] }),
    ]
    for (name, arguments) in commands {
      let place = scratch.path.appending("out-\(FilePath(name).lastComponent?.string ?? "")")
      try FileSystem.createDirectories(place)
      let command = name.contains("/") ? name : try program(name)
      let outcome = try Subprocess(
        command, arguments(place.string), environment: environmentStrings() + ["LC_ALL=C.UTF-8"]
      ).run()
      #expect(outcome.termination == .exited(0), "\(name): \(outcome.text)\n\(outcome.errorText)")
      let archive = try ZipArchive(path: bundle.path)
      let files = try BundleDirectory(place).files
      #expect(Set(files.map(\.path)) == Set(archive.members.map(\.name)), "\(name)")
      for member in archive.members {
        let bytes = try FileSystem.read(place.pushing(FilePath(member.name)))
        #expect(bytes == (try archive.contents(of: member)), "\(name): \(member.name)")
      }
    }
  }

  @Test("Segments of an earlier bundle are reused, and the bytes are the same")
  func reuse() throws {
    let scratch = try Scratch()
    let wheels = try RealWheels.wheels(for: Python.any()) + [LayoutTests.wheel(scratch)]
    func build(
      _ name: String, _ text: String, _ wheels: [WheelInput], reusing previous: Bundle? = nil,
      requirements: [String] = []
    ) throws -> Bundle {
      var specification = BundleSpecification(name: "x", entryPoint: .module("hello"))
      specification.sources = [SourceMember("hello.py", bytes: Array(text.utf8))]
      specification.wheels = wheels
      specification.requirements = requirements
      return try BundleBuilder(store: scratch.store).build(
        specification, to: scratch.path.appending(name), reusing: previous)
    }
    let first = try build("a.pex", "print(1)\n", wheels)
    let other = try build("b.pex", "print(2)\n", wheels)
    // In the place of the bundle that is reused, the wheels being gone.
    let gone = wheels.map { WheelInput(fileName: $0.fileName, path: "/nonexistent-kilt", sha256: $0.sha256) }
    let rebuilt = try build("a.pex", "print(2)\n", gone, reusing: first)
    #expect(try rebuilt.digest() == other.digest())
    #expect(rebuilt.segments == other.segments)
    #expect(rebuilt.memberCount == other.memberCount)
    #expect(try build("a.pex", "print(1)\n", gone, reusing: rebuilt).segments == first.segments)
    // What is not shared is built: other wheels, another length of the prefix, a file that is gone.
    let fewer = Array(wheels.dropFirst())
    #expect(
      try build("c.pex", "print(1)\n", fewer, reusing: other).digest() == build("d.pex", "print(1)\n", fewer).digest())
    let long = [String(repeating: "x", count: 2000)]
    #expect(
      try build("c.pex", "print(1)\n", wheels, reusing: other, requirements: long).digest()
        == build("d.pex", "print(1)\n", wheels, requirements: long).digest())
    try FileSystem.removeFile(other.path)
    #expect(try build("c.pex", "print(2)\n", wheels, reusing: other).segments == other.segments)
  }

  @Test("Segments follow each other without gaps, and each digest matches its bytes")
  func segments() throws {
    let scratch = try Scratch()
    let wheels = try RealWheels.wheels(for: Python.any())
    for _ in 0..<2 {
      // The second time the wheels' digests come from the store.
      let bundle = try scratch.build(entry: "hello", sources: ["hello.py": Self.hello], wheels: wheels)
      let bytes = try FileSystem.read(bundle.path)
      var offset = 0
      for segment in bundle.segments {
        #expect(segment.offset == UInt64(offset))
        let end = offset + Int(segment.size)
        #expect(SHA256Digest.of(Array(bytes[offset..<end])) == segment.sha256, "\(segment)")
        offset = end
      }
      #expect(offset == bytes.count)
      #expect(bundle.size == UInt64(bytes.count))
      let kinds = bundle.segments.map(\.kind)
      #expect(kinds == [.prefix] + wheels.map { _ in .wheel } + [.code, .directory])
    }
  }

  @Test("Equal inputs produce equal bytes, whatever the directory, umask, order, times and cache")
  func deterministic() async throws {
    _ = try RealWheels.wheels(for: Python.any())
    // The umask is one for all threads of an OS process, so this test has its own.
    await #expect(processExitsWith: .success) {
      let wheels = try RealWheels.wheels(for: Python.any())
      var digests: [SHA256Digest] = []
      for turn in 0..<2 {
        let scratch = try Scratch()
        umask(turn == 0 ? 0o022 : 0o077)
        var sources: [SourceMember] = []
        for name in ["b/c.py", "a.py", "b/a.txt"] {
          let file = scratch.path.appending(turn == 0 ? "src" : "other/place").appending(name)
          try FileSystem.createDirectories(file.removingLastComponent())
          try FileSystem.write(text: "# \(name)\n", to: file)
          sources.append(SourceMember(name, file: file))
        }
        let bundle = try scratch.build("x.pex", entry: "a", wheels: wheels) {
          $0.sources = turn == 0 ? sources : sources.reversed()
          $0.environment = turn == 0 ? ["A": "1", "B": "2"] : ["B": "2", "A": "1"]
        }
        digests.append(try bundle.digest())
      }
      #expect(digests[0] == digests[1])
    }
  }

  @Test("An edit of one line leaves every wheel's segment at its offset and unchanged")
  func edit() throws {
    let scratch = try Scratch()
    let wheels = try RealWheels.wheels(for: Python.any())
    let one = try scratch.build("a.pex", entry: "hello", sources: ["hello.py": "print(1)\n"], wheels: wheels)
    let before = try one.digest()
    let other = try scratch.build("a.pex", entry: "hello", sources: ["hello.py": "print(2)\n"], wheels: wheels)
    #expect(try other.digest() != before)
    #expect(one.id != other.id)
    #expect(one.segments.filter { $0.kind == .wheel } == other.segments.filter { $0.kind == .wheel })
    // Another bundle with the wheel has the same segment, elsewhere.
    let third = try scratch.build("b.pex", wheels: [wheels[1]])
    let digest = try #require(third.segments.first { $0.kind == .wheel }).sha256
    #expect(digest == one.segments.first { $0.name == wheels[1].fileName }?.sha256)
  }

  @Test("A hello-world bundle is smaller than 27 KiB")
  func small() throws {
    let scratch = try Scratch()
    #expect(try scratch.build(entry: "hello", sources: ["hello.py": "print('hi')\n"]).size < 27 * 1024)
  }

  @Test("A wheel that is truncated, damaged or has a wrong RECORD is refused by name, and no bundle appears")
  func hostileWheels() throws {
    let scratch = try Scratch()
    let good = try scratch.wheel("pkg-1.0-py3-none-any.whl", ["pkg/__init__.py": "x = 1\n"])
    let bytes = try FileSystem.read(good.path)
    func refused(_ bytes: [UInt8], _ expected: String) throws {
      let path = scratch.path.appending("bad").appending(good.fileName)
      try FileSystem.createDirectories(path.removingLastComponent())
      try FileSystem.write(bytes, to: path)
      let input = WheelInput(fileName: good.fileName, path: path, sha256: SHA256Digest.of(bytes))
      let error = #expect(throws: (any Error).self) { try scratch.build("bad.pex", wheels: [input]) }
      #expect("\(try #require(error))".contains(expected))
      #expect(!FileSystem.exists(scratch.path.appending("bad.pex")))
    }
    try refused(Array(bytes.dropLast(10)), good.fileName)
    var damaged = bytes
    damaged[60] ^= 0xff
    try refused(damaged, good.fileName)
    let wrong = try scratch.wheel(
      "pkg-1.0-py3-none-any.whl", ["pkg/__init__.py": "x = 2\n"],
      record: "pkg/__init__.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,6\n")
    #expect(throws: WheelError(wheel: wrong.fileName, member: "pkg/__init__.py", problem: .wrongHash)) {
      try scratch.build("bad.pex", wheels: [wrong])
    }
    let escaping = try scratch.wheel("esc-1.0-py3-none-any.whl", ["../../etc/x": "x"])
    #expect(throws: ZipError.self) { try scratch.build("bad.pex", wheels: [escaping]) }
  }

  @Test("Wheels with different contents of one file are refused with both names, unless the first is allowed")
  func collisions() throws {
    let scratch = try Scratch()
    let one = try scratch.wheel("one-1.0-py3-none-any.whl", ["ns/__init__.py": "", "ns/a.py": "1"])
    let two = try scratch.wheel("two-1.0-py3-none-any.whl", ["ns/__init__.py": "", "ns/a.py": "2"])
    func collision(_ path: String, harmless: Bool) -> Bundle.Collision {
      Bundle.Collision(path: path, used: one.fileName, hidden: two.fileName, isHarmless: harmless)
    }
    let harmful = collision("ns/a.py", harmless: false)
    let error = #expect(throws: BundleError.collisions([harmful])) { try scratch.build(wheels: [one, two]) }
    #expect(error?.diagnostic.notes == ["\"ns/a.py\" in \"\(one.fileName)\" and in \"\(two.fileName)\""])
    let bundle = try scratch.build(wheels: [one, two]) { $0.allowsCollisions = true }
    #expect(bundle.collisions == [collision("ns/__init__.py", harmless: true), harmful])
    // Wheels of different platforms are never unpacked together.
    let apart = try scratch.build(wheels: [one, two]) { $0.platforms = [[one.fileName], [two.fileName]] }
    #expect(apart.collisions.isEmpty)
  }

  @Test("The boot code without its comments means the same")
  func stripped() throws {
    let scratch = try Scratch()
    let folder = FilePath(#filePath).removingLastComponent().appending("../../Sources/Bundles/Boot")
      .lexicallyNormalized()
    let script = """
      import ast, sys
      def tree(text):
          parsed = ast.parse(text)
          for node in ast.walk(parsed):
              body = getattr(node, "body", None)
              if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and isinstance(getattr(body[0].value, "value", None), str):
                  del body[0]
          return ast.dump(parsed)
      sys.exit(tree(open(sys.argv[1]).read()) != tree(open(sys.argv[2]).read()))
      """
    for file in try FileSystem.list(folder) where file.name.hasSuffix(".py") {
      let source = try FileSystem.read(folder.appending(file.name))
      let short = scratch.path.appending("stripped.py")
      try FileSystem.write(Boot.stripped(source), to: short)
      let outcome = try Subprocess(
        Python.any().path.string, ["-c", script, folder.appending(file.name).string, short.string]
      ).run()
      #expect(outcome.termination == .exited(0), "\(file.name) \(outcome.errorText)")
    }
  }

  @Test("A bundle for several platforms contains the wheels of each, and runs if one set fits")
  func platforms() throws {
    let scratch = try Scratch()
    let tag = try hostTag()
    let here = try scratch.wheel("pkg-1.0-\(tag).whl", ["pkg.py": "x = 'here'\n"])
    let there = try scratch.wheel("pkg-1.0-cp311-cp311-macosx_11_0_arm64.whl", ["pkg.py": "x = 'there'\n"])
    let pure = try scratch.wheel("pure-1.0-py3-none-any.whl", ["pure.py": "x = 'pure'\n"])
    let wheels = [here, pure, there]
    func build(_ sets: [[WheelInput]]) throws -> Bundle {
      try scratch.build(
        entry: "app", sources: ["app.py": "import pkg, pure\nprint(pkg.x, pure.x)\n"],
        wheels: wheels.filter { wheel in sets.joined().contains(wheel) }
      ) { $0.platforms = sets.map { $0.map(\.fileName) } }
    }
    let bundle = try build([[there, pure], [here, pure]])
    for _ in 0..<2 {
      let outcome = try scratch.run(bundle.path)
      #expect(outcome.text == "here pure", "\(outcome.errorText)")
    }
    let foreign = try scratch.run(try build([[there, pure]]).path)
    #expect(foreign.termination == .exited(3))
    #expect(foreign.errorText.contains("\(there.fileName) does not fit"))
  }

  /// The tag of a wheel for this machine and the Python that the tests use.
  private func hostTag() throws -> String {
    let python = try Python.any()
    let machine = try Subprocess("uname", ["-m"]).run().text
    return "cp3\(python.minor)-cp3\(python.minor)-manylinux_2_17_\(machine)"
  }

  @Test(
    "A source that would leave the bundle or use a reserved name is refused",
    arguments: ["../x.py", "/x.py", "a//b.py", "PEX-INFO", ".deps/x", "__main__.py", "./x"])
  func badSources(path: String) throws {
    let scratch = try Scratch()
    #expect(throws: BundleError.self) { try scratch.build(sources: [path: ""]) }
  }

  @Test("An error names a source that is duplicate or missing")
  func sourceErrors() throws {
    let scratch = try Scratch()
    #expect(throws: BundleError.duplicateSource("a.py")) { try scratch.build(sources: ["a.py": "", "a.py": "x"]) }
    let error = #expect(throws: BundleError.self) {
      try scratch.build { $0.sources = [SourceMember("a.py", file: "/nonexistent-kilt/a.py")] }
    }
    #expect(error?.diagnostic.summary == "cannot read the source file for \"a.py\"")
  }

  @Test(
    "Constraints and wheel tags select the matching interpreters, newest first",
    arguments: [
      ([">=3.9,<3.12"], ["a-1-py3-none-any.whl"], [11, 10, 9]),
      (["CPython==3.8.*", "CPython==3.10.*"], [], [10, 8]),
      (["CPython>=3.8,!=3.9.*,<3.11"], [], [10, 8]),
      (["~=3.11"], ["a-1-cp312-cp312-linux_x86_64.whl"], [12]),
      (["~=3.11.4"], [], [11]),
      ([">3.10.5,<=3.11.2"], [], [11, 10]),
      ([], ["a-1-cp310-abi3-linux_x86_64.whl", "b-1-cp312-cp312-linux_x86_64.whl"], [12]),
      ([], ["a-1-cp39-none-linux_x86_64.whl"], [9]),
      (["PyPy>=3.8", "CPython==3.13.*"], ["b-1-py2.py3-none-any.whl"], [13]),
    ])
  func interpreters(constraints: [String], wheels: [String], minors: [Int]) throws {
    let scratch = try Scratch()
    let inputs = try wheels.map { try scratch.wheel($0, ["\($0)/x.py": ""]) }
    #expect(try scratch.build(wheels: inputs) { $0.interpreterConstraints = constraints }.pythonMinors == minors)
  }

  @Test("Constraints that are invalid or that nothing meets are refused")
  func noInterpreter() throws {
    let scratch = try Scratch()
    #expect(throws: BundleError.noInterpreter(constraints: ["<3.8"], wheel: nil)) {
      try scratch.build { $0.interpreterConstraints = ["<3.8"] }
    }
    let wheel = try scratch.wheel("a-1-cp39-cp39-linux_x86_64.whl", [:])
    #expect(throws: BundleError.noInterpreter(constraints: [">=3.10"], wheel: wheel.fileName)) {
      try scratch.build(wheels: [wheel]) { $0.interpreterConstraints = [">=3.10"] }
    }
    #expect(throws: BundleError.badConstraint("3.9")) { try scratch.build { $0.interpreterConstraints = ["3.9"] } }
  }
}
