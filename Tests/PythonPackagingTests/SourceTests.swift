import ContentStore
import Diagnostics
import Digests
import SystemSupport
import Testing

@testable import PythonPackaging

/// Packages that are not wheels of an index: git repositories, folders, source distributions; built in the real sandbox,
/// with the real pip for what a build requires.
@Suite struct SourceTests {
  private let repository: SimpleRepository
  private let store: ContentStore
  private let index: IndexConfiguration
  private let python: Interpreter
  private var root: FilePath { repository.folder.appending("workspace") }

  init() throws {
    repository = try SimpleRepository()
    try repository.add("lib", "1.0")
    store = ContentStore(root: repository.folder.appending("store"))
    index = IndexConfiguration(findLinks: [repository.folder.string])
    python = try #require(
      InterpreterFinder(cacheFile: nil).all().first { interpreter in
        interpreter.facts.version >= Version(release: [3, 9])
          && (try? Subprocess(interpreter.path.string, ["-m", "pip", "--version"]).run())?.termination.isSuccess == true
      }, "these tests need Python 3.9 or later with pip: apt-get install python3-pip")
    try FileSystem.createDirectories(root)
  }

  private func lock(_ requirement: String, uv: FilePath? = nil) throws -> Lockfile {
    let tool = try uv.map { UvTool(path: $0) } ?? TestTools.uv(python)
    let resolver = UvResolver(uv: tool, python: python, index: index, root: root)
    return try resolver.lock(
      LockRequest(
        requirements: [try Requirement(requirement)],
        requiresPython: try #require(SpecifierSet(">=3.\(python.facts.version.release[1])"))))
  }

  private func wheels(
    _ lock: Lockfile, _ requirement: String, target: PythonPlatform? = nil
  ) throws -> [String] {
    let target = target ?? PythonPlatform(python)
    let packages = try lock.subset(of: [try Requirement(requirement)], for: target, path: "x.lock")
    return try WheelProvider(store: store, root: root, index: index) { [] }.wheels(for: packages, target: target)
      .map(\.fileName)
  }

  /// The digest of the wheel of a package, which every build changes.
  private func built(_ lock: Lockfile, _ name: String) throws -> SHA256Digest? {
    let target = PythonPlatform(python)
    let packages = try lock.subset(of: [try Requirement(name)], for: target, path: "x.lock")
    return try WheelProvider(store: store, root: root, index: index) { [] }.wheels(for: packages, target: target)
      .first { $0.name.text == name }?.sha256
  }

  @Test func aCommitOfAGitRepositoryIsLockedAndBuiltOnce() throws {
    let origin = repository.folder.appending("origin")
    try SourceProject.write("tool", "2.0", to: origin.appending("python"), requires: ["lib"])
    let commit = try SourceProject.commit(origin, tag: "v2")
    let lock = try lock("tool @ git+file://\(origin)@v2#subdirectory=python")
    #expect(lock.packages.map { "\($0.name) \($0.version)" } == ["lib 1.0", "tool 2.0"])
    #expect(lock.packages[1].source?.text == "git+file://\(origin)@\(commit)#subdirectory=python")
    #expect(try Lockfile(parsing: Array(lock.text.utf8), path: "x") == lock)
    // The branch moves on; the lock does not.
    try FileSystem.write(text: "VERSION = 'other'\n", to: origin.appending("python/tool.py"))
    _ = try SourceProject.commit(origin)
    #expect(try wheels(lock, "tool") == ["lib-1.0-py3-none-any.whl", "tool-2.0-py3-none-any.whl"])
    let first = try built(lock, "tool")
    try FileSystem.removeTree(origin)
    #expect(try built(lock, "tool") == first)
  }

  /// A lock of pex that has no commit, as older versions write it.
  private func pexLock(_ url: String, hash: String) throws -> Lockfile {
    let text = """
      {"locked_resolves": [{"locked_requirements": [{"project_name": "tool", "version": "2.0", "requires_dists": [],
       "artifacts": [{"algorithm": "sha256", "hash": "\(hash)", "url": "\(url)"}]}], "platform_tag": null}],
       "requirements": ["tool"], "pex_version": "2.1.137"}
      """
    return try LockfileReader.parse(Array(text.utf8), path: "x.lock", root: root)
  }

  @Test(arguments: ["@v2", "@topic", ""])
  func aReferenceIsResolvedOnceForALock(reference: String) throws {
    let origin = repository.folder.appending("origin\(reference.dropFirst())")
    try SourceProject.write("tool", "2.0", to: origin)
    let commit = try SourceProject.commit(origin, tag: "v2")
    _ = try Subprocess("git", ["branch", "topic"], workingDirectory: origin).run()
    let hash = String(repeating: "a", count: 64)
    let lock = try pexLock("git+file://\(origin)\(reference)", hash: hash)
    let target = PythonPlatform(python)
    let provider = WheelProvider(store: store, root: root, index: index) { [] }
    func digest(_ lock: Lockfile) throws -> SHA256Digest? {
      try provider.wheels(for: lock.packages, target: target).first?.sha256
    }
    let first = try digest(lock)
    #expect(provider.pinnedReferences.count == 1)
    #expect(provider.pinnedReferences[0].contains("now \(commit): its lockfile has no commit"))
    // The branch moves on; what was taken for this lock stays, and is not asked for again.
    try FileSystem.write(text: "VERSION = 'other'\n", to: origin.appending("tool.py"))
    _ = try SourceProject.commit(origin)
    _ = try Subprocess("git", ["branch", "--force", "topic"], workingDirectory: origin).run()
    #expect(try digest(lock) == first)
    #expect(provider.pinnedReferences.count == 1)
    // Another lock has what there is now; a tag is where it was.
    let other = try pexLock("git+file://\(origin)\(reference)", hash: String(repeating: "b", count: 64))
    #expect((try digest(other) == first) == (reference == "@v2"))
  }

  @Test func aReferenceThatIsNotThereIsAnErrorThatNamesIt() throws {
    let origin = repository.folder.appending("origin")
    try SourceProject.write("tool", "2.0", to: origin)
    _ = try SourceProject.commit(origin, tag: "v2")
    let lock = try pexLock("git+file://\(origin)@none", hash: String(repeating: "a", count: 64))
    let error = #expect(throws: IndexError.self) {
      try WheelProvider(store: store, root: root, index: index) { [] }.wheels(
        for: lock.packages, target: PythonPlatform(python))
    }
    #expect(try #require(error).diagnostic.notes == ["it has no branch or tag none"])
    for url in ["git+file:///x@--upload-pack=y", "git+ext::sh -c x", "git+https://u:p@h.invalid/x@main"] {
      #expect(throws: LockError.self) { try pexLock(url, hash: "a") }
    }
  }

  @Test func aRepositoryThatIsGoneIsAnErrorThatNamesThePackageAndTheCommit() throws {
    let commit = String(repeating: "a", count: 40)
    let lock = Lockfile(
      requiresPython: SpecifierSet(), requirements: ["tool"], roots: [],
      packages: [
        LockedPackage(
          name: try #require(PackageName("tool")), version: "2.0",
          source: PackageSource("git+file:///nonexistent/origin@\(commit)"))
      ])
    let error = #expect(throws: IndexError.self) { try wheels(lock, "tool") }
    let diagnostic = try #require(error).diagnostic
    #expect(diagnostic.summary == "cannot fetch tool 2.0 from \"file:///nonexistent/origin\"")
    #expect(diagnostic.notes.last == "expected commit \(commit)")
    #expect(diagnostic.blame == .environment)
  }

  @Test func aFolderOfTheWorkspaceIsBuiltAgainWhenAFileOfItChanges() throws {
    try SourceProject.write("local", "0.1", to: root.appending("libs/local"), requires: ["lib"])
    let lock = try lock("local @ file:libs/local")
    #expect(lock.packages.map { $0.source?.text } == [nil, "file:libs/local"])
    #expect(!lock.text.contains(root.string))
    #expect(try wheels(lock, "local").last == "local-0.1-py3-none-any.whl")
    let first = try built(lock, "local")
    #expect(try built(lock, "local") == first)
    try FileSystem.write(text: "CHANGED = 1\n", to: root.appending("libs/local/local.py"))
    let second = try built(lock, "local")
    #expect(second != first)
    // What builds and Python leave behind is no change.
    try FileSystem.createDirectories(root.appending("libs/local/__pycache__"))
    try FileSystem.write(text: "x", to: root.appending("libs/local/__pycache__/local.pyc"))
    #expect(try built(lock, "local") == second)
  }

  @Test func aWheelInTheWorkspaceIsTakenByItsHash() throws {
    try FileSystem.createDirectories(root.appending("vendored"))
    let file = root.appending("vendored/lib-1.0-py3-none-any.whl")
    try FileSystem.copyFile(repository.folder.appending("lib-1.0-py3-none-any.whl"), to: file)
    let lock = try lock("lib @ file:vendored/lib-1.0-py3-none-any.whl")
    #expect(lock.packages[0].source?.text == "file:vendored/lib-1.0-py3-none-any.whl")
    #expect(try wheels(lock, "lib") == ["lib-1.0-py3-none-any.whl"])
    var changed = lock
    changed.packages[0].files[0].sha256 = .of("other")
    let error = #expect(throws: IndexError.self) { try wheels(changed, "lib") }
    #expect(error?.diagnostic.summary == "\"lib-1.0-py3-none-any.whl\" is not the file that was locked")
  }

  @Test func aSourceDistributionIsBuiltOnceForAnInterpreter() throws {
    let file = try SourceProject.archive("srcpkg", "1.5", in: repository.folder)
    let lock = try lock("srcpkg")
    #expect(lock.packages[0].files.map(\.name) == [file])
    #expect(try wheels(lock, "srcpkg") == ["srcpkg-1.5-py3-none-any.whl"])
    #expect(try built(lock, "srcpkg") == built(lock, "srcpkg"))
  }

  @Test func aSourceServesAnotherPlatformOnlyWhenItsWheelFitsEverywhere() throws {
    let pure = try SourceProject.archive("purepkg", "1.0", in: repository.folder)
    let native = try SourceProject.archive("native", "1.0", in: repository.folder, tag: "cp311-cp311-linux_x86_64")
    func package(_ name: String, _ file: String) throws -> LockedPackage {
      let (digest, size) = try SHA256Digest.ofFile(repository.folder.appending(file))
      return LockedPackage(
        name: try #require(PackageName(name)), version: "1.0",
        files: [LockedFile(name: file, size: size, sha256: digest)])
    }
    let lock = Lockfile(
      requiresPython: SpecifierSet(), requirements: [], roots: [],
      packages: [try package("native", native), try package("purepkg", pure)])
    var mac = try target("3.12", "macos_arm64")
    let refused = #expect(throws: IndexError.self) { try wheels(lock, "purepkg", target: mac) }
    #expect(refused?.diagnostic.notes.last == "it has an sdist, which can be built for this machine only")
    mac.builder = python
    #expect(try wheels(lock, "purepkg", target: mac) == ["purepkg-1.0-py3-none-any.whl"])
    let error = #expect(throws: IndexError.self) { try wheels(lock, "native", target: mac) }
    #expect(
      error?.diagnostic.summary == "the sdist of native 1.0 does not build into a wheel for CPython 3.12 on "
        + "macosx_14_0_arm64")
    #expect(error?.diagnostic.notes.last == "built: native-1.0-cp311-cp311-linux_x86_64.whl")
  }

  @Test(arguments: [
    "tool @ git+https://ann:geheim@example.com/r", "tool @ git+https://geheim@example.com/r",
    "tool @ https://ann:geheim@example.com/tool-1.0-py3-none-any.whl",
  ])
  func aPasswordInARequirementIsRefusedAndNotShown(requirement: String) throws {
    let error = #expect(throws: LockError.self) { try lock(requirement, uv: "/nonexistent/uv") }
    let text = DiagnosticRenderer(color: false).render(try #require(error).diagnostic)
    #expect(text.contains("its URL contains a password"))
    #expect(text.contains("~/.netrc"))
    #expect(!text.contains("geheim"))
  }

  @Test(arguments: ["tool @ git+ext::sh%20-c%20x", "tool @ git+ssh://-oProxyCommand=x/r", "tool @ svn+https://h/r"])
  func whatGitWouldTakeForAnOrderIsRefused(requirement: String) throws {
    #expect(throws: LockError.self) { try lock(requirement, uv: "/nonexistent/uv") }
  }

  @Test func thePasswordOfAnIndexIsInNoLockfileAndNoArguments() throws {
    let server = try RepositoryServer(repository.folder)
    let real = try TestTools.uv(python).path
    let wrapper = repository.folder.appending("uv-wrapper")
    let seen = repository.folder.appending("arguments")
    try FileSystem.write(
      text: "#!/bin/sh\ntr '\\0' ' ' < /proc/$$/cmdline >> '\(seen)'\nexec '\(real)' \"$@\"\n", to: wrapper,
      permissions: 0o755)
    let index = IndexConfiguration(indexes: ["http://ann:geheim@127.0.0.1:\(server.port)/private/json"])
    let resolver = UvResolver(uv: UvTool(path: wrapper), python: python, index: index, root: root)
    let lock = try resolver.lock(
      LockRequest(requirements: [try Requirement("lib")], requiresPython: try #require(SpecifierSet(">=3.9"))))
    #expect(lock.packages.map(\.files.count) == [1])
    #expect(!lock.text.contains("geheim") && !lock.text.contains("127.0.0.1"))
    let arguments = try FileSystem.readText(seen)
    #expect(arguments.contains("lock") && !arguments.contains("geheim"))
  }
}
