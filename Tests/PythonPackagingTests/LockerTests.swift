import ContentStore
import Diagnostics
import SystemSupport
import Testing

@testable import PythonPackaging

/// Lockfiles as other tools write them today: the real pex, pip, pip-tools and uv run on an index of the test, and what
/// they write is read, its wheels are chosen and fetched.
@Suite struct LockerTests {
  private let repository: SimpleRepository
  private let server: RepositoryServer
  private let python: Interpreter
  private let bin: FilePath
  /// `311`.
  private let minor: String
  private var index: String { "\(server.url)/html" }

  init() throws {
    repository = try SimpleRepository()
    python = try #require(
      InterpreterFinder(cacheFile: nil).all().first {
        (Version(release: [3, 9])..<Version(release: [3, 12])).contains($0.facts.version)
          && $0.facts.implementation == "cpython"
      }, "these tests need Python 3.9, 3.10 or 3.11, which the pip inside of pex runs on: apt-get install python3-venv")
    minor = "3\(python.facts.version.release[1])"
    try repository.add(
      "app", "1.0",
      [
        "Requires-Python: >=3.7", "Requires-Dist: lib>=1; python_version < '3.12'",
        "Requires-Dist: win; sys_platform == 'win32'", "Provides-Extra: fast",
        "Requires-Dist: speed>=2; extra == 'fast'",
      ])
    for name in ["lib", "win", "other"] { try repository.add(name, "1.0", ["Requires-Python: >=3.7"]) }
    for tag in ["cp\(minor)-cp\(minor)-manylinux_2_17_x86_64", "cp\(minor)-cp\(minor)-macosx_11_0_arm64"] {
      try repository.add("speed", "2.0", ["Requires-Python: >=3.7"], tag: tag)
    }
    try repository.add("speed", "2.0", ["Requires-Python: >=3.7"], tag: "cp312-abi3-manylinux_2_17_x86_64")
    server = try RepositoryServer(repository.folder)
    bin = try TestTools.lockers(python)
    try FileSystem.createDirectories(folder)
    try FileSystem.write(text: "app[fast]\nother\n", to: folder.appending("requirements.in"))
  }

  private var folder: FilePath { repository.folder.appending("project") }

  private func read(_ name: String) throws -> Lockfile {
    try LockfileReader.read("project/\(name)", root: repository.folder)
  }

  private func wheels(_ lock: Lockfile, _ requirements: [String], _ target: PythonPlatform) throws -> [String] {
    let provider = WheelProvider(
      store: ContentStore(root: repository.folder.appending("store")), root: repository.folder,
      index: IndexConfiguration(indexes: [index])
    ) { [] }
    let requirements = try requirements.map { try Requirement($0) }
    let whole = try provider.completed(lock, for: requirements, target: target, path: "x.lock")
    let packages = try whole.subset(of: requirements, for: target, path: "x.lock")
    return try provider.wheels(for: packages, target: target).map(\.fileName)
  }

  private let pure = ["app-1.0-py3-none-any.whl", "lib-1.0-py3-none-any.whl", "other-1.0-py3-none-any.whl"]

  /// What every lock of these requirements comes to on this machine.
  private func expectHost(_ lock: Lockfile, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
    let speed = "speed-2.0-cp\(minor)-cp\(minor)-manylinux_2_17_x86_64.whl"
    #expect(
      try wheels(lock, ["app[fast]", "other"], PythonPlatform(python)) == pure + [speed], sourceLocation: sourceLocation
    )
    #expect(try wheels(lock, ["other"], PythonPlatform(python)) == [pure[2]], sourceLocation: sourceLocation)
  }

  /// What a lock for all platforms comes to on others.
  private func expectOthers(_ lock: Lockfile, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
    let version = "3.\(python.facts.version.release[1])"
    let mac = "speed-2.0-cp\(minor)-cp\(minor)-macosx_11_0_arm64.whl"
    #expect(
      try wheels(lock, ["app[fast]"], target(version, "macos_arm64")) == [pure[0], pure[1], mac],
      sourceLocation: sourceLocation)
    #expect(
      try wheels(lock, ["app[fast]"], target("3.13"))
        == [pure[0], "speed-2.0-cp312-abi3-manylinux_2_17_x86_64.whl"], sourceLocation: sourceLocation)
  }

  private func pex(_ arguments: [String], _ requirements: [String] = ["app[fast]", "other"]) throws {
    try TestTools.run(
      bin.appending("pex3"),
      ["lock", "create", "--no-pypi", "--index", index] + arguments + ["-o", "pex.lock"] + requirements, in: folder)
  }

  @Test(arguments: ["strict", "sources", "universal"])
  func everyStyleOfPex(style: String) throws {
    try pex(["--style", style, "--indent", "2"])
    let lock = try read("pex.lock")
    #expect(lock.format == .pex)
    #expect(lock.requirements == ["app[fast]", "other"])
    try expectHost(lock)
    if style == "universal" { try expectOthers(lock) }
  }

  @Test func aUniversalLockOfPexWithPythonsAndConstraintsAndPantsOwnHeader() throws {
    try FileSystem.write(text: "lib<=1.0\n", to: folder.appending("constraints.txt"))
    try pex([
      "--style", "universal", "--interpreter-constraint", "CPython>=3.9,<3.14", "--constraints", "constraints.txt",
      "--target-system", "linux", "--target-system", "mac", "--elide-unused-requires-dist",
    ])
    let lock = try read("pex.lock")
    #expect(lock.requiresPython.description == "<3.14,>=3.9")
    #expect(lock.constraints == ["lib<=1.0"])
    try expectHost(lock)
    try expectOthers(lock)
    // As Pants stores it: its comments on top of what pex wrote.
    let header = """
      // This lockfile was autogenerated by Pants. To regenerate, run:
      //
      //    pants generate-lockfiles --resolve=python-default
      //
      // --- BEGIN PANTS LOCKFILE METADATA: DO NOT EDIT OR REMOVE ---
      // {
      //   "version": 6,
      //   "valid_for_interpreter_constraints": ["CPython<3.14,>=3.9"],
      //   "generated_with_requirements": ["app[fast]", "other"]
      // }
      // --- END PANTS LOCKFILE METADATA ---

      """
    let text = try FileSystem.readText(folder.appending("pex.lock"))
    try FileSystem.write(text: header + text, to: folder.appending("pants.lock"))
    #expect(try read("pants.lock") == lock)
  }

  @Test func aLockOfPexExportedForOthers() throws {
    try pex(["--style", "universal"], ["app[fast]", "other", "lib"])
    for (format, name, kind) in [
      ("pip", "requirements.txt", LockfileFormat.requirements), ("pep-751", "pylock.toml", .pylock),
    ] {
      try TestTools.run(
        bin.appending("pex3"), ["lock", "export", "--format", format, "-o", name, "pex.lock"], in: folder)
      let lock = try read(name)
      #expect(lock.format == kind)
      try expectHost(lock)
    }
  }

  @Test func aLockOfPexHasSourcesBesidesWheels() throws {
    _ = try SourceProject.archive("other", "1.0", in: repository.folder)
    try pex(["--style", "universal"], ["other"])
    let lock = try read("pex.lock")
    #expect(lock.packages.map { $0.files.map(\.name) } == [["other-1.0-py3-none-any.whl", "other-1.0.tar.gz"]])
    #expect(try wheels(lock, ["other"], PythonPlatform(python)) == [pure[2]])
  }

  private func pip(_ arguments: [String], to name: String = "pylock.toml") throws {
    try TestTools.run(
      bin.appending("python"), ["-m", "pip", "lock", "--quiet", "--index-url", index, "-o", name] + arguments,
      in: folder)
  }

  @Test func aLockOfPip() throws {
    try pip(["app[fast]", "other"])
    let lock = try read("pylock.toml")
    #expect(lock.format == .pylock)
    try expectHost(lock)
    #expect(!lock.text.contains("127.0.0.1"))
  }

  @Test func aLockOfPipWithARepositoryAFolderAndAnArchive() throws {
    try SourceProject.write("local", "0.1", to: folder.appending("libs/local"), requires: ["lib"])
    let origin = repository.folder.appending("origin")
    try SourceProject.write("tool", "2.0", to: origin.appending("python"), requires: ["other"])
    let commit = try SourceProject.commit(origin, tag: "v2")
    try pip([
      "./libs/local", "tool @ git+file://\(origin)@v2#subdirectory=python",
      repository.folder.appending("win-1.0-py3-none-any.whl").string,
    ])
    let lock = try read("pylock.toml")
    let sources = lock.packages.map { "\($0.name) \($0.source?.text ?? "index")" }
    #expect(
      sources == [
        "lib index", "local file:project/libs/local", "other index",
        "tool git+file://\(origin)@\(commit)#subdirectory=python",
        "win file:\(repository.folder)/win-1.0-py3-none-any.whl",
      ])
    #expect(
      try wheels(lock, ["local", "tool", "win"], PythonPlatform(python)) == [
        "lib-1.0-py3-none-any.whl", "local-0.1-py3-none-any.whl", "other-1.0-py3-none-any.whl",
        "tool-2.0-py3-none-any.whl", "win-1.0-py3-none-any.whl",
      ])
  }

  @Test func aRequirementsFileOfPipTools() throws {
    try TestTools.run(
      bin.appending("pip-compile"),
      [
        "--quiet", "--generate-hashes", "--index-url", index, "--emit-index-url", "-o", "requirements.txt",
        "requirements.in",
      ], in: folder)
    let lock = try read("requirements.txt")
    #expect(lock.format == .requirements)
    try expectHost(lock)
  }

  @Test func aPylockThatUvExportsOfAProject() throws {
    try FileSystem.write(
      text: """
        [project]
        name = "project"
        version = "1"
        requires-python = ">=3.9"
        dependencies = ["app[fast]"]
        [dependency-groups]
        dev = ["other"]
        [tool.uv]
        package = false

        """, to: folder.appending("pyproject.toml"))
    let uv = try TestTools.uv(python).path
    let environment = [
      "UV_DEFAULT_INDEX=\(server.url)/json", "UV_PYTHON=\(python.path)", "UV_PYTHON_DOWNLOADS=never", "UV_NO_CONFIG=1",
    ]
    for (arguments, name) in [
      (["lock"], "uv.lock"), (["export", "--format", "pylock.toml", "-o", "pylock.toml"], "pylock.toml"),
      (["export", "--format", "requirements.txt", "-o", "requirements.txt"], "requirements.txt"),
    ] {
      try TestTools.run(uv, ["--quiet"] + arguments, in: folder, environment: environment)
      let lock = try read(name)
      try expectHost(lock)
      try expectOthers(lock)
    }
  }
}
