import Digests
import Glibc
import SystemSupport
import Testing
import Zip

@testable import Bundles

@Suite("Bundles that are directories: packed and loose")
struct LayoutTests {
  static let layouts: [BundleSpecification.Layout] = [.packed, .loose]
  static let program = """
    import os, sys
    import pkg
    print(os.path.basename(os.environ["PEX"]), sys.argv[1:], pkg.x)

    """

  /// A wheel with something in each scheme of `.data`.
  static func wheel(_ scratch: Scratch) throws -> WheelInput {
    try scratch.wheel(
      "pkg-1.0-py3-none-any.whl",
      [
        "pkg/__init__.py": "x = 1\ndef main():\n  print('script', x)\n",
        "pkg-1.0.dist-info/entry_points.txt": "[console_scripts]\ntool = pkg:main\n",
        "pkg-1.0.data/scripts/raw": "#!python\nimport pkg\nprint('raw', pkg.x)\n",
        "pkg-1.0.data/purelib/pure.py": "x = 2\n", "pkg-1.0.data/platlib/plat.py": "x = 3\n",
        "pkg-1.0.data/headers/pkg.h": "int x;\n", "pkg-1.0.data/data/share/pkg/notes.txt": "notes\n",
      ])
  }

  private func build(_ scratch: Scratch, _ layout: BundleSpecification.Layout, _ name: String = "d.pex") throws
    -> Bundle
  {
    try scratch.build(name, entry: "app", sources: ["app.py": Self.program], wheels: [Self.wheel(scratch)]) {
      $0.layout = layout
      $0.requirements = ["pkg"]
    }
  }

  @Test("Directories start by their script, by a link to it, and by python", arguments: layouts)
  func starts(layout: BundleSpecification.Layout) throws {
    let scratch = try Scratch()
    let bundle = try build(scratch, layout, "it's \"a\" $dir.pex")
    let python = try Python.any()
    let name = "it's \"a\" $dir.pex"
    let script = bundle.path.appending("pex")
    for turn in ["cold", "warm"] {
      let outcome = try scratch.run(script, ["a", turn])
      #expect(outcome.text == "\(name) ['a', '\(turn)'] 1", "\(outcome.errorText)")
    }
    let link = scratch.path.appending("linked")
    try FileSystem.createSymbolicLink(at: link, to: script)
    #expect(try scratch.run(link, ["b"]).text == "\(name) ['b'] 1")
    #expect(try scratch.run(python.path, [bundle.path.string, "c"]).text == "\(name) ['c'] 1")
    #expect(try scratch.run(bundle.path.appending("__main__.py"), ["d"]).text == "\(name) ['d'] 1")
    // Part of the cache is gone: it is unpacked again.
    try FileSystem.removeTree(scratch.home.appending(".cache/kilt/runtime/wheels"))
    #expect(try scratch.run(script, ["e"]).text == "\(name) ['e'] 1")
  }

  @Test("On a system without a shell, python starts directories", arguments: layouts)
  func withoutShell(layout: BundleSpecification.Layout) throws {
    let scratch = try Scratch()
    let bundle = try build(scratch, layout)
    let main = bundle.path.appending("__main__.py")
    let text = try FileSystem.readText(main)
    try FileSystem.write(text: text.split(separator: "/bin/sh").joined(separator: "/nonexistent/sh"), to: main)
    let outcome = try scratch.run(Python.any().path, [bundle.path.string, "x"])
    #expect(outcome.text == "d.pex ['x'] 1", "\(outcome.errorText)")
  }

  @Test("Equal inputs produce equal files, whatever the directory and the umask") func deterministic() async {
    // The umask is one for all threads of an OS process, so this test has its own.
    await #expect(processExitsWith: .success) {
      for layout in LayoutTests.layouts {
        var digests: [SHA256Digest] = []
        var modes: [Set<UInt32>] = []
        for mask in [mode_t(0o022), 0o077] {
          let scratch = try Scratch()
          umask(mask)
          let bundle = try LayoutTests().build(scratch, layout)
          digests.append(try bundle.digest())
          modes.append(Set(try BundleDirectory(bundle.path).files.map(\.status.permissions)))
          #expect(try Subprocess("find", [bundle.path.string, "-type", "d", "!", "-perm", "0755"]).run().text == "")
        }
        #expect(digests[0] == digests[1], "\(layout)")
        #expect(modes == [[0o644, 0o755], [0o644, 0o755]], "\(layout)")
      }
    }
  }

  @Test("A rebuilt directory replaces the earlier one, or a file, as a whole", arguments: layouts)
  func replaces(layout: BundleSpecification.Layout) throws {
    let scratch = try Scratch()
    let wheels = [try Self.wheel(scratch)]
    func build(_ text: String, _ layout: BundleSpecification.Layout, reusing previous: Bundle?) throws -> Bundle {
      var specification = BundleSpecification(name: "x", entryPoint: .module("app"))
      specification.sources = [SourceMember("\(text).py", bytes: []), SourceMember("app.py", bytes: Array(text.utf8))]
      specification.wheels = wheels
      specification.layout = layout
      return try BundleBuilder(store: scratch.store).build(
        specification, to: scratch.path.appending("x.pex"), reusing: previous)
    }
    let file = try build("a", .zipapp, reusing: nil)
    let first = try build("a", layout, reusing: file)
    let fresh = try first.digest()
    let second = try build("b", layout, reusing: first)
    #expect(!FileSystem.exists(second.path.appending("a.py")))
    #expect(try build("a", layout, reusing: second).digest() == fresh)
    #expect(try FileSystem.list(scratch.path).allSatisfy { !$0.name.hasSuffix(".tmp") })
    #expect(try FileSystem.status(of: try build("a", .zipapp, reusing: second).path).kind == .file)
  }

  @Test("Code with a name that the directory reserves is refused")
  func reserved() throws {
    let scratch = try Scratch()
    #expect(throws: BundleError.self) { try scratch.build(sources: ["pex/a.py": ""]) { $0.layout = .packed } }
    _ = try scratch.build(sources: ["pex/a.py": ""])
  }

  @Test("PEX_TOOLS and sizes report the same contents as for a bundle of one file", arguments: layouts)
  func tools(layout: BundleSpecification.Layout) throws {
    let scratch = try Scratch()
    let bundle = try build(scratch, layout)
    let script = bundle.path.appending("pex")
    func tool(_ arguments: String...) throws -> String {
      let outcome = try scratch.run(script, arguments, environment: ["PEX_TOOLS": "1"])
      #expect(outcome.termination == .exited(0), "\(outcome.errorText)")
      return outcome.text
    }
    #expect(try tool("repository", "info").hasPrefix("pkg 1.0 "))
    #expect(try tool("why", "pkg").contains("pkg 1.0 holds it"))
    #expect(try tool("size").contains("pkg-1.0-py3-none-any.whl"))
    let wheels = scratch.path.appending("wheels")
    #expect(try tool("repository", "extract", "-d", wheels.string).hasSuffix("pkg-1.0-py3-none-any.whl"))
    let old = try ZipArchive(path: scratch.path.appending("pkg-1.0-py3-none-any.whl"))
    let new = try ZipArchive(path: wheels.appending("pkg-1.0-py3-none-any.whl"))
    // What was unpacked into the wheel's own directory stays there; all else is what it was, RECORD with it.
    let names = Set(old.members.map(\.name)).subtracting(layout == .loose ? ["pkg-1.0.data/purelib/pure.py"] : [])
    #expect(Set(new.members.map(\.name)) == names.union(layout == .loose ? ["pure.py"] : []))
    for member in old.members where names.contains(member.name) {
      var bytes = try old.contents(of: member)
      if layout == .loose, member.name.hasSuffix("/RECORD") {
        let text = String(decoding: bytes, as: UTF8.self)
        bytes = Array(text.split(separator: "pkg-1.0.data/purelib/").joined().utf8)
      }
      #expect(try new.contents(of: #require(new.member(named: member.name))) == bytes, "\(member.name)")
    }
    let sizes = try BundleSizes(of: bundle.path)
    #expect(sizes.parts.contains { $0.name == "pkg-1.0-py3-none-any.whl" && $0.files >= 7 })
    let other = try scratch.build("e.pex", entry: "app", sources: ["app.py": "1"], wheels: [Self.wheel(scratch)]) {
      $0.layout = layout
    }
    #expect(try BundleDifference(from: bundle.path, to: other.path).members.contains { $0.name == "app.py" })
  }

  @Test("The real pex reads directories, with all files of a wheel", arguments: layouts + [.zipapp])
  func realPex(layout: BundleSpecification.Layout) throws {
    let scratch = try Scratch()
    let bundle = try build(scratch, layout)
    let python = try Python.any()
    let bin = try PexToolsTests.RealPex.bin(python)
    let root = ["PEX_ROOT": scratch.path.appending("pex-root").string]
    func run(_ program: FilePath, _ arguments: [String], _ more: [String: String] = [:]) throws -> String {
      let outcome = try scratch.run(program, arguments, environment: root.merging(more) { $1 })
      #expect(outcome.termination == .exited(0), "\(outcome.errorText)")
      return outcome.text
    }
    #expect(try run(bin.appending("pex-tools"), [bundle.path.string, "info"]).contains("\"entry_point\": \"app\""))
    let venv = scratch.path.appending("venv")
    _ = try run(bin.appending("pex3"), ["venv", "create", "--pex-repository", bundle.path.string, "-d", venv.string])
    // pex itself leaves the `.data/purelib` of a pure wheel where it is: what it is given as a wheel lacks that.
    let pure = layout == .packed ? "pkg" : "pure"
    let script = "import app, \(pure), plat; print(\(pure).x, plat.x)"
    #expect(
      try run(venv.appending("bin/python"), ["-c", script], ["PEX": "p"]).hasSuffix(layout == .packed ? "1 3" : "2 3"))
    #expect(try run(venv.appending("bin/tool"), []) == "script 1")
    #expect(try run(venv.appending("bin/raw"), []) == "raw 1")
    #expect(try FileSystem.readText(venv.appending("share/pkg/notes.txt")) == "notes\n")
    let header = venv.appending("include/site/python3.\(python.minor)/pkg/pkg.h")
    let headers = try Subprocess("find", [venv.string, "-name", "*.h"]).run().text
    #expect(FileSystem.exists(header), "\(headers)")
    // Onto a real one.
    let real = scratch.path.appending("real.pex")
    _ = try run(bin.appending("pex"), ["-o", real.string])
    let there = ["-c", "import pkg, \(pure); print(pkg.x)"]
    #expect(try run(real, there, ["PEX_PATH": bundle.path.string]) == "1")
    // And real ones of each layout onto a bundle.
    let plain = try scratch.build("plain.pex")
    for options in [["--layout", layout.rawValue], ["--layout", layout.rawValue, "--no-pre-install-wheels"]] {
      let other = scratch.path.appending("real-\(options.count).pex")
      let wheel = scratch.path.appending("pkg-1.0-py3-none-any.whl")
      _ = try run(bin.appending("pex"), ["-o", other.string, "--no-pypi", wheel.string] + options)
      #expect(try run(plain.path, ["-c", "import pkg; print(pkg.x)"], ["PEX_PATH": other.string]) == "1", "\(options)")
    }
  }
}
