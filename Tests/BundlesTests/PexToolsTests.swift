import Bundles
import Glibc
import Synchronization
import SystemSupport
import Testing

@Suite("The real pex accepts a bundle")
struct PexToolsTests {
  /// A virtual environment with the current pex, made once for this user and this interpreter.
  enum RealPex {
    private static let lock = Mutex<FilePath?>(nil)

    static func bin(_ python: Python) throws -> FilePath {
      try lock.withLock { known in
        if let known { return known }
        let directory = FilePath(environmentVariable("TMPDIR") ?? "/tmp").appending(
          "kilt-test-pex-\(getuid())-3.\(python.minor)")
        if !FileSystem.exists(directory.appending("bin/pex3")) {
          try FileSystem.removeTree(directory)
          let venv = try Subprocess(python.path.string, ["-m", "venv", directory.string]).run()
          try #require(venv.termination.isSuccess, "python -m venv failed: \(venv.errorText)")
          let pip = try Subprocess(directory.appending("bin/pip").string, ["install", "-q", "pex>=2.50"]).run()
          try #require(pip.termination.isSuccess, "pip could not install pex from its index: \(pip.errorText)")
        }
        known = directory.appending("bin")
        return directory.appending("bin")
      }
    }
  }

  struct Fixture {
    let scratch: Scratch
    let python: Python
    let bin: FilePath
    let bundle: Bundle

    init() throws {
      scratch = try Scratch()
      python = try Python.any()
      bin = try RealPex.bin(python)
      bundle = try scratch.build(
        entry: "hello", sources: ["hello.py": BundleBuildTests.hello], wheels: try RealWheels.wheels(for: python)
      ) { $0.requirements = RealWheels.requirements }
    }

    func run(_ program: FilePath, _ arguments: [String], _ environment: [String: String] = [:]) throws -> String {
      let root = scratch.path.appending("pex-root").string
      let outcome = try scratch.run(
        program, arguments, environment: ["PEX_ROOT": root].merging(environment) { $1 })
      #expect(outcome.termination == .exited(0), "\(outcome.errorText)")
      return outcome.text
    }
  }

  @Test("pex-tools: info, graph, repository and venv")
  func tools() throws {
    let fixture = try Fixture()
    let tools = fixture.bin.appending("pex-tools")
    let path = fixture.bundle.path.string
    #expect(try fixture.run(tools, [path, "info"]).contains("\"entry_point\": \"hello\""))
    let graph = try fixture.run(tools, [path, "graph"])
    #expect(graph.contains("\"requests\" -> \"urllib3\""))
    let repository = try fixture.run(tools, [path, "repository", "info"])
    for name in ["requests", "PyYAML", "certifi"] { #expect(repository.contains("\(name) ")) }
    let venv = fixture.scratch.path.appending("venv")
    _ = try fixture.run(tools, [path, "venv", venv.string])
    #expect(try fixture.run(venv.appending("pex"), []) == "versions 1")
  }

  @Test("pex3 venv create --pex-repository, with console scripts")
  func venvCreate() throws {
    let fixture = try Fixture()
    let venv = fixture.scratch.path.appending("venv")
    _ = try fixture.run(
      fixture.bin.appending("pex3"),
      ["venv", "create", "--pex-repository", fixture.bundle.path.string, "-d", venv.string])
    #expect(try fixture.run(venv.appending("bin/python"), ["-c", "import hello"]) == "versions 1")
    #expect(FileSystem.exists(venv.appending("bin/normalizer")))
  }

  @Test("PEX_PATH, from a real PEX onto a bundle and from a bundle onto a real PEX")
  func pexPath() throws {
    let fixture = try Fixture()
    let real = fixture.scratch.path.appending("real.pex")
    _ = try fixture.run(fixture.bin.appending("pex"), ["-o", real.string, "--sh-boot"])
    let script = ["-c", "import requests; print(requests.__name__)"]
    #expect(try fixture.run(real, script, ["PEX_PATH": fixture.bundle.path.string]) == "requests")
    let wheels = try RealWheels.wheels(for: fixture.python)[0].path.removingLastComponent()
    let full = fixture.scratch.path.appending("full.pex")
    _ = try fixture.run(
      fixture.bin.appending("pex"), ["-o", full.string, "--no-pypi", "--find-links", wheels.string, "requests"])
    let plain = try fixture.scratch.build("plain.pex")
    #expect(try fixture.run(plain.path, script, ["PEX_PATH": full.string]) == "requests")
    #expect(try fixture.run(plain.path, script, ["PEX_PATH": fixture.bundle.path.string]) == "requests")
  }
}
