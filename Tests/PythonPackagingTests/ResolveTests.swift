import Diagnostics
import SystemSupport
import Testing

@testable import PythonPackaging

/// Locking with the real uv, on folders of wheels and without a network.
@Suite struct ResolveTests {
  private let repository: SimpleRepository
  private let resolver: UvResolver
  private let pythons: SpecifierSet

  init() throws {
    repository = try SimpleRepository()
    try repository.add("lib", "1.0")
    try repository.add(
      "app", "1.0",
      [
        "Requires-Dist: lib", "Requires-Dist: win; sys_platform == 'win32'", "Provides-Extra: fast",
        "Requires-Dist: speed>=2; extra == 'fast'",
      ])
    try repository.add("win", "3.1")
    try repository.add("speed", "2.0", ["Requires-Python: >=3.11"])
    try repository.add("speed", "2.5", ["Requires-Python: >=3.12"])
    let python = try #require(
      InterpreterFinder(cacheFile: nil).all().first { $0.facts.version >= Version(release: [3, 9]) },
      "these tests need Python 3.9 or later: apt-get install python3 python3-venv")
    resolver = UvResolver(
      uv: try TestTools.uv(python), python: python,
      index: IndexConfiguration(findLinks: [repository.folder.string]), root: repository.folder)
    pythons = try #require(SpecifierSet(">=3.11,<3.14"))
  }

  private func request(_ requirements: String...) throws -> LockRequest {
    LockRequest(requirements: try requirements.map { try Requirement($0) }, requiresPython: pythons)
  }

  @Test func aLockHasEveryPlatformAndPythonAndIsTheSameEachTime() throws {
    let request = try request("app[fast]")
    let lock = try resolver.lock(request)
    #expect(
      lock.packages.map { "\($0.name) \($0.version)" } == ["app 1.0", "lib 1.0", "speed 2.0", "speed 2.5", "win 3.1"])
    func subset(_ python: String) throws -> [String] {
      try lock.subset(of: request.requirements, for: target(python), path: "x").map { "\($0.name) \($0.version)" }
    }
    #expect(try subset("3.11") == ["app 1.0", "lib 1.0", "speed 2.0"])
    #expect(try subset("3.13") == ["app 1.0", "lib 1.0", "speed 2.5"])
    #expect(try resolver.lock(request).text == lock.text)
    #expect(try resolver.lock(request, keeping: lock).text == lock.text)
    #expect(!lock.text.contains(repository.folder.string))
    #expect(lock.staleness(against: request) == [])
    let path = repository.folder.appending("sub/default.lock")
    #expect(try lock.write(to: path))
    #expect(try !lock.write(to: path))
    #expect(try LockfileReader.read("sub/default.lock", root: repository.folder) == lock)
  }

  @Test func lockingAgainKeepsVersionsUnlessToldOtherwise() throws {
    let first = try resolver.lock(request("lib"))
    try repository.add("lib", "2.0")
    let lib = try #require(PackageName("lib"))
    #expect(try resolver.lock(request("lib", "win"), keeping: first).packages.map(\.version) == ["1.0", "3.1"])
    #expect(try resolver.lock(request("lib"), keeping: first, upgrading: [lib]).packages.map(\.version) == ["2.0"])
    #expect(try resolver.lock(request("lib")).packages.map(\.version) == ["2.0"])
    #expect(try resolver.lock(request("lib>1"), keeping: first).packages.map(\.version) == ["2.0"])
  }

  @Test("Locking one more requirement leaves each locked package as it is", arguments: 1...3)
  func oneMore(seed: UInt64) throws {
    var state = seed
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    let names = (0..<7).map { "p\($0)" }
    // Each needs some of those behind it.
    var needs: [String: [String]] = [:]
    for (index, name) in names.enumerated() {
      needs[name] = names[(index + 1)...].filter { _ in next(3) == 0 }.map { "Requires-Dist: \($0)" }
      try repository.add(name, "1.0", needs[name] ?? [])
    }
    let wanted = [names[next(3)], names[3 + next(2)]]
    func request(_ names: [String]) throws -> LockRequest {
      LockRequest(requirements: try names.map { try Requirement($0) }, requiresPython: pythons)
    }
    let before = try resolver.lock(try request(wanted))
    // Meanwhile each has a newer version, and another file of the locked one.
    for name in names {
      try repository.add(name, "2.0", needs[name] ?? [])
      try repository.add(name, "1.0", needs[name] ?? [], tag: "py3-none-manylinux_2_17_x86_64")
    }
    let further = names.first { name in !before.packages.contains { $0.name.text == name } } ?? "lib"
    let after = try resolver.lock(try request(wanted + [further]), keeping: before)
    #expect(after.packages.contains { $0.name.text == further })
    for package in before.packages { #expect(after.packages.contains(package), "\(package.name) with \(further)") }
  }

  @Test func constraintsAndOverridesHold() throws {
    try repository.add("lib", "2.0")
    var constrained = try request("app")
    constrained.constraints = [try Requirement("lib<2")]
    #expect(try resolver.lock(constrained).packages.first { $0.name.text == "lib" }?.version == "1.0")
    var overridden = try request("app")
    overridden.overrides = [try Requirement("lib==1.0")]
    #expect(try resolver.lock(overridden).packages.first { $0.name.text == "lib" }?.version == "1.0")
  }

  @Test func requirementsThatCanNotBeMetAreTheUsersAndSayWhy() throws {
    let error = #expect(throws: LockError.self) { try resolver.lock(request("app", "lib>=7")) }
    let diagnostic = try #require(error).diagnostic
    #expect(diagnostic.blame == .input)
    #expect(diagnostic.notes.joined(separator: " ").contains("lib>=7"))
  }

  @Test func aProgramNamedInTheEnvironmentMustExist() throws {
    let python = try InterpreterFinder(cacheFile: nil).find()
    let error = #expect(throws: LockError.self) {
      try UvTool.find(cache: "/nonexistent", python: python) { $0 == "KILT_UV" ? "/nonexistent/uv" : nil }
    }
    #expect(error?.diagnostic.summary.contains("/nonexistent/uv") == true)
  }
}
