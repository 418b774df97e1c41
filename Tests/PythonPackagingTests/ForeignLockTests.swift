import ContentStore
import Diagnostics
import Digests
import SystemSupport
import Testing

@testable import PythonPackaging

/// Lockfiles of other tools: made by the real uv on a real index, and in pex's form as Pants writes it.
@Suite struct ForeignLockTests {
  private let repository: SimpleRepository
  private let server: RepositoryServer
  private let python: Interpreter
  private let uv: FilePath

  init() throws {
    repository = try SimpleRepository()
    try repository.add(
      "app", "1.0",
      [
        "Requires-Dist: lib>=1; python_version < '3.12'", "Requires-Dist: win; sys_platform == 'win32'",
        "Provides-Extra: fast", "Requires-Dist: speed>=2; extra == 'fast'",
      ])
    try repository.add("lib", "1.0", ["Requires-Dist: app"])
    try repository.add("win", "3.1")
    try repository.add("other", "1.0")
    try repository.add("speed", "2.0", tag: "cp311-cp311-manylinux_2_17_x86_64")
    try repository.add("speed", "2.0", tag: "cp312-abi3-manylinux_2_17_x86_64")
    try repository.add("speed", "2.0", tag: "cp311-cp311-macosx_11_0_arm64")
    server = try RepositoryServer(repository.folder)
    python = try #require(
      InterpreterFinder(cacheFile: nil).all().first { $0.facts.version >= Version(release: [3, 9]) },
      "these tests need Python 3.9 or later: apt-get install python3 python3-venv")
    uv = try TestTools.uv(python).path
  }

  /// Runs uv in a new folder in which a project or a list of requirements stands; returns the file that it wrote.
  private func uv(_ arguments: [String], writing file: String) throws -> [UInt8] {
    let folder = repository.folder.appending("project")
    try FileSystem.removeTree(folder)
    try FileSystem.createDirectories(folder)
    try FileSystem.write(text: "app[fast]\nother\n", to: folder.appending("requirements.in"))
    try FileSystem.write(
      text: """
        [project]
        name = "project"
        version = "1"
        requires-python = ">=3.11"
        dependencies = ["app[fast]"]
        [dependency-groups]
        dev = ["other"]
        [tool.uv]
        package = false

        """, to: folder.appending("pyproject.toml"))
    let outcome = try Subprocess(
      uv.string, arguments,
      environment: environmentStrings().filter { !$0.hasPrefix("UV_") && !$0.hasPrefix("PIP_") } + [
        "UV_DEFAULT_INDEX=\(server.url)/json", "UV_PYTHON=\(python.path)", "UV_PYTHON_DOWNLOADS=never",
        "UV_NO_CONFIG=1",
      ], workingDirectory: folder, deadlineMilliseconds: 120_000
    ).run()
    try #require(outcome.termination.isSuccess, "uv \(arguments): \(outcome.errorText)")
    return try FileSystem.read(folder.appending(file))
  }

  private func wheels(_ lock: Lockfile, _ requirements: [String], _ target: PythonPlatform) throws -> [String] {
    let store = ContentStore(root: repository.folder.appending("store"))
    let provider = WheelProvider(
      store: store, root: repository.folder, index: IndexConfiguration(indexes: ["\(server.url)/json"])
    ) { [] }
    let requirements = try requirements.map { try Requirement($0) }
    let whole = try provider.completed(lock, for: requirements, target: target, path: "a.lock")
    let packages = try whole.subset(of: requirements, for: target, path: "a.lock")
    return try provider.wheels(for: packages, target: target).map(\.fileName)
  }

  /// What every lock of these requirements must come to.
  private func expectSelections(_ lock: Lockfile, sourceLocation: Testing.SourceLocation = #_sourceLocation) throws {
    let app = "app-1.0-py3-none-any.whl", lib = "lib-1.0-py3-none-any.whl"
    #expect(
      try wheels(lock, ["app[fast]"], target("3.11"))
        == [app, lib, "speed-2.0-cp311-cp311-manylinux_2_17_x86_64.whl"], sourceLocation: sourceLocation)
    #expect(
      try wheels(lock, ["app[fast]"], target("3.13"))
        == [app, "speed-2.0-cp312-abi3-manylinux_2_17_x86_64.whl"], sourceLocation: sourceLocation)
    #expect(
      try wheels(lock, ["app[fast]"], target("3.11", "macos_arm64"))
        == [app, lib, "speed-2.0-cp311-cp311-macosx_11_0_arm64.whl"], sourceLocation: sourceLocation)
    #expect(
      try wheels(lock, ["other"], target("3.12")) == ["other-1.0-py3-none-any.whl"], sourceLocation: sourceLocation)
    let error = #expect(throws: IndexError.self, sourceLocation: sourceLocation) {
      try wheels(lock, ["app[fast]"], target("3.13", "linux_aarch64"))
    }
    #expect(
      error?.diagnostic.summary == "speed 2.0 has no wheel for CPython 3.13 on manylinux_2_28_aarch64",
      sourceLocation: sourceLocation)
    let missing = #expect(throws: LockError.self, sourceLocation: sourceLocation) {
      try wheels(lock, ["sped"], target("3.11"))
    }
    #expect(
      missing == .notLocked(name: "sped", path: "a.lock", suggestions: ["speed"]), sourceLocation: sourceLocation)
  }

  @Test func aLockfileOfUv() throws {
    let lock = try LockfileReader.parse(
      try uv(["lock"], writing: "uv.lock"), path: "a/uv.lock", root: repository.folder)
    #expect(lock.format == .uv)
    #expect(lock.requiresPython.description == ">=3.11")
    #expect(lock.roots.map(\.name.text).sorted() == ["app", "other"])
    try expectSelections(lock)
  }

  @Test func aPylockOfPep751() throws {
    let arguments = ["pip", "compile", "--universal", "--python-version", "3.11", "--format", "pylock.toml"]
    let bytes = try uv(arguments + ["requirements.in", "-o", "pylock.toml"], writing: "pylock.toml")
    let lock = try LockfileReader.parse(bytes, path: "pylock.toml", root: repository.folder)
    #expect(lock.format == .pylock)
    try expectSelections(lock)
  }

  @Test func aRequirementsFileWithHashes() throws {
    let arguments = ["pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes"]
    let bytes = try uv(arguments + ["requirements.in", "-o", "requirements.txt"], writing: "requirements.txt")
    let lock = try LockfileReader.parse(bytes, path: "requirements.txt", root: repository.folder)
    #expect(lock.format == .requirements)
    #expect(lock.packages.allSatisfy { $0.files.isEmpty && !$0.unnamedFiles.isEmpty })
    try expectSelections(lock)
    // Again without an index: what is known and stored is enough.
    let store = ContentStore(root: repository.folder.appending("store"))
    let offline = WheelProvider(store: store, root: repository.folder, index: IndexConfiguration()) { [] }
    let requirements = [try Requirement("app[fast]")]
    let target = try target("3.11")
    let whole = try offline.completed(lock, for: requirements, target: target, path: "a.lock")
    #expect(
      try offline.wheels(for: whole.subset(of: requirements, for: target, path: "a.lock"), target: target).count == 3)
  }

  /// As `pants generate-lockfiles` writes it, of the packages of this repository.
  func pantsLock() throws -> String {
    func artifacts(_ names: [String]) throws -> String {
      try names.map { name in
        let digest = try SHA256Digest.ofFile(repository.folder.appending(name)).digest
        return """
          {"algorithm": "sha256", "hash": "\(digest.hex)", "url": "https://index.invalid/packages/ab/\(name)"}
          """
      }.joined(separator: ", ")
    }
    func package(_ name: String, _ version: String, _ requires: [String] = [], _ tags: [String] = ["py3-none-any"])
      throws
      -> String
    {
      let requires = requires.map { "\"\($0)\"" }.joined(separator: ", ")
      return """
        {"artifacts": [\(try artifacts(tags.map { "\(name)-\(version)-\($0).whl" }))], "project_name": "\(name)",
         "requires_dists": [\(requires)], "requires_python": ">=3.7", "version": "\(version)"}
        """
    }
    let speed = [
      "cp311-cp311-manylinux_2_17_x86_64", "cp312-abi3-manylinux_2_17_x86_64", "cp311-cp311-macosx_11_0_arm64",
    ]
    let packages = [
      try package(
        "app", "1.0",
        [
          "lib>=1; python_version < \\\"3.12\\\"", "speed>=2; extra == \\\"fast\\\"",
          "win; sys_platform == \\\"win32\\\"",
        ]),
      try package("lib", "1.0", ["app"]), try package("other", "1.0"), try package("speed", "2.0", [], speed),
    ]
    return """
      // This lockfile was autogenerated by Pants. To regenerate, run:
      //
      //    pants generate-lockfiles --resolve=python-default
      //
      // --- BEGIN PANTS LOCKFILE METADATA: DO NOT EDIT OR REMOVE ---
      // {
      //   "version": 3,
      //   "valid_for_interpreter_constraints": ["CPython<3.14,>=3.11"],
      //   "generated_with_requirements": ["app[fast]", "other"],
      //   "manylinux": "manylinux2014", "requirement_constraints": [], "only_binary": [], "no_binary": []
      // }
      // --- END PANTS LOCKFILE METADATA ---

      {
        "allow_builds": true, "allow_prereleases": false, "allow_wheels": true, "build_isolation": true,
        "constraints": [], "excluded": ["win"],
        "locked_resolves": [{"locked_requirements": [\(packages.joined(separator: ",\n"))], "platform_tag": null}],
        "overridden": [], "path_mappings": {}, "pex_version": "2.1.137", "requirements": ["app[fast]", "other"],
        "requires_python": ["CPython<3.14,>=3.11"], "style": "universal", "target_systems": ["linux", "mac"],
        "transitive": true
      }

      """
  }

  @Test func aLockfileOfPexAsPantsWritesIt() throws {
    let lock = try LockfileReader.parse(Array(pantsLock().utf8), path: "3rdparty/default.lock", root: repository.folder)
    #expect(lock.format == .pex)
    #expect(lock.requirements == ["app[fast]", "other"])
    #expect(lock.excludes == ["win"])
    #expect(lock.requiresPython.description == "<3.14,>=3.11")
    try expectSelections(lock)
    var request = LockRequest(
      requirements: [try Requirement("app[fast]"), try Requirement("other")],
      excludes: [try #require(PackageName("win"))], requiresPython: try #require(SpecifierSet(">=3.11,<3.14")))
    #expect(lock.staleness(against: request) == [])
    request.requirements.append(try Requirement("lib>=2"))
    request.requiresPython = try #require(SpecifierSet(">=3.10"))
    #expect(
      lock.staleness(against: request) == [
        "the requirement \"lib>=2\" is not locked", "it is for Python <3.14,>=3.11, expected >=3.10",
      ])
  }

  @Test func aResolveOfPexThatIsSplitByPlatformIsTakenByItsTag() throws {
    let digest = SHA256Digest.of("x").hex
    func resolve(_ version: String, _ tag: String) -> String {
      """
      {"platform_tag": ["cp311", "cp311", "\(tag)"], "marker": null, "locked_requirements": [{"project_name": "x",
       "version": "\(version)", "requires_dists": [], "artifacts": [{"algorithm": "sha256", "hash": "\(digest)",
       "url": "https://index.invalid/x-\(version)-py3-none-any.whl"}]}]}
      """
    }
    let text = """
      {"locked_resolves": [\(resolve("1.0", "manylinux_2_36_x86_64")), \(resolve("2.0", "macosx_14_0_arm64"))],
       "requirements": ["x"], "requires_python": []}
      """
    let lock = try LockfileReader.parse(Array(text.utf8), path: "x.lock", root: "/")
    func version(_ platform: String) throws -> [String] {
      try lock.subset(of: [Requirement("x")], for: target("3.11", platform), path: "x.lock").map(\.version)
    }
    #expect(try version("linux_x86_64") == ["1.0"])
    #expect(try version("macos_arm64") == ["2.0"])
    #expect(throws: LockError.self) { try version("linux_aarch64") }
  }

  @Test func aLockOfNothingIsALock() throws {
    let text = "// --- BEGIN\n{\"locked_resolves\": [], \"requirements\": [], \"pex_version\": \"2.1.134\"}"
    #expect(try LockfileReader.parse(Array(text.utf8), path: "a.lock", root: "/").packages.isEmpty)
    let broken = "{\"locked_resolves\": [], \"requirements\": [\"x\"], \"pex_version\": \"2.1.134\"}"
    #expect(throws: LockError.self) { try LockfileReader.parse(Array(broken.utf8), path: "a.lock", root: "/") }
  }

  @Test func gitAndFoldersInLocksOfOthers() throws {
    let commit = String(repeating: "0a", count: 20)
    let hash = SHA256Digest.of("x").hex
    let pex = """
      {"locked_resolves": [{"locked_requirements": [{"project_name": "x", "version": "1.0", "requires_dists": [],
       "artifacts": [{"algorithm": "sha256", "hash": "\(hash)", "commit_id": "\(commit)",
       "url": "git+https://host.invalid/r@main#subdirectory=py"}]}]}], "requirements": [], "requires_python": []}
      """
    let pylock = """
      lock-version = "1.0"
      created-by = "test"
      [[packages]]
      name = "x"
      version = "1.0"
      [packages.vcs]
      type = "git"
      url = "https://host.invalid/r"
      commit-id = "\(commit)"
      subdirectory = "py"
      [[packages]]
      name = "y"
      [packages.directory]
      path = "../libs/y"
      [[packages]]
      name = "z"
      version = "2.0"
      [packages.archive]
      path = "./z-2.0.tar.gz"
      hashes = {sha256 = "\(hash)"}
      """
    let uv = """
      version = 1
      requires-python = ">=3.9"
      [[package]]
      name = "x"
      version = "1.0"
      source = { git = "https://host.invalid/r?subdirectory=py&rev=main#\(commit)" }
      [[package]]
      name = "y"
      version = "1.0"
      source = { directory = "../libs/y" }
      """
    let expected = "git+https://host.invalid/r@\(commit)#subdirectory=py"
    for text in [pex, pylock, uv] {
      let lock = try LockfileReader.parse(Array(text.utf8), path: "locks/a.lock", root: "/")
      #expect(lock.packages[0].source?.text == expected)
      if lock.packages.count > 1 { #expect(lock.packages[1].source == .path("libs/y")) }
      if lock.packages.count > 2 { #expect(lock.packages[2].source == .path("locks/z-2.0.tar.gz")) }
    }
  }

  @Test(arguments: [
    ("x==1.0\n", "x has no SHA-256 hash (`pip-compile --generate-hashes` writes hashes)", 1),
    ("# c\nx>=1.0 --hash=sha256:\(SHA256Digest.of("x").hex)\n", "x is not pinned to one version with \"==\"", 2),
    ("-r other.txt\n", "the option \"-r\" has no meaning in a lockfile", 1),
    ("a b\n", "invalid requirement \"a b\": expected a version specifier or \";\"", 1),
    ("{\n<<<<<<< HEAD\n", "it contains conflict markers of a merge", 2),
  ])
  func whatIsNoLockfileSaysWhyAndWhere(text: String, reason: String, line: Int) {
    let error = #expect(throws: LockError.self) { try LockfileReader.parse(Array(text.utf8), path: "r.txt", root: "/") }
    #expect(error == .unreadable(path: "r.txt", line: line, reason: reason))
  }
}
