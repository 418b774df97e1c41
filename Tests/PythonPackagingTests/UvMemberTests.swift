import SystemSupport
import Testing

@testable import PythonPackaging

/// What projects of a uv workspace need, followed through `uv.lock`.
@Suite struct UvMemberTests {
  private static let digest = String(repeating: "0", count: 64)

  private static func package(_ name: String, _ rest: String = "", version: String = "1.0") -> String {
    """
    [[package]]
    name = "\(name)"
    version = "\(version)"
    source = { registry = "https://index.invalid/simple" }
    wheels = [{ url = "https://index.invalid/\(name)-\(version)-py3-none-any.whl", hash = "sha256:\(digest)" }]
    \(rest)

    """
  }

  private func lock(_ parts: String...) throws -> Lockfile {
    let text = "version = 1\nrequires-python = \">=3.9\"\n" + parts.joined(separator: "\n")
    return try LockfileReader.parse(Array(text.utf8), path: "uv.lock", root: "/nonexistent")
  }

  private func names(_ lock: Lockfile, _ requirements: String...) throws -> [String] {
    try lock.subset(of: try requirements.map { try Requirement($0) }, for: try target("3.11"), path: "uv.lock").map {
      $0.title
    }
  }

  private static let members = """
    [manifest]
    members = ["api", "lib"]
    [manifest.dependency-groups]
    dev = [{ name = "tool", specifier = ">=1" }]

    [[package]]
    name = "api"
    version = "0.1"
    source = { editable = "packages/api" }
    dependencies = [{ name = "lib" }, { name = "win", marker = "sys_platform == 'win32'" }]
    [package.optional-dependencies]
    cli = [{ name = "click" }]
    [package.dev-dependencies]
    dev = [{ name = "lib", extra = ["fast"] }]

    [[package]]
    name = "lib"
    version = "0.1"
    source = { virtual = "packages/lib" }
    dependencies = [{ name = "base" }]
    [package.optional-dependencies]
    fast = [{ name = "speed" }]

    """
  private static let packages = ["base", "click", "speed", "tool", "win"].map { package($0) }.joined()

  @Test("A member adds the packages that its members declare, without extras of others") func extrasPerPath() throws {
    let lock = try lock(Self.members, Self.packages)
    #expect(try names(lock, "api") == ["base 1.0"])
    #expect(try names(lock, "api[cli]") == ["base 1.0", "click 1.0"])
    #expect(try names(lock, "lib[fast]") == ["base 1.0", "speed 1.0"])
  }

  @Test("A member whose pyproject.toml cannot be read is an error, not a project without compiled code")
  func unreadableMember() throws {
    let root = try FileSystem.makeTemporaryDirectory(prefix: "uv-member")
    defer { try? FileSystem.removeTree(root) }
    let text = "version = 1\nrequires-python = \">=3.9\"\n" + Self.members + Self.packages
    func read() throws -> Lockfile { try LockfileReader.parse(Array(text.utf8), path: "uv.lock", root: root) }
    let project = root.appending("packages/api")
    try FileSystem.createDirectories(project)
    // A project that is not there yet compiles nothing.
    #expect(try read().members.contains { $0.name.text == "api" })
    let file = project.appending("pyproject.toml")
    try FileSystem.write(text: "[build-system]\nbuild-backend = \"maturin\"\n", to: file)
    #expect(try !read().members.contains { $0.name.text == "api" })
    try FileSystem.write(text: "[build-system\n", to: file)
    #expect(throws: LockError.self) { try read() }
    try FileSystem.removeFile(file)
    // A shortage or another failure of the file system: here a directory in the file's place.
    try FileSystem.createDirectories(file)
    #expect(throws: LockError.self) { try read() }
  }

  @Test("Dependency groups are extras, and can be requested alone") func groups() throws {
    let lock = try lock(Self.members, Self.packages)
    #expect(try names(lock, "api[kilt-group-dev]") == ["base 1.0", "speed 1.0"])
    #expect(try names(lock, "kilt-workspace-root[kilt-only-groups,kilt-group-dev]") == ["tool 1.0"])
  }

  @Test("Conflicting extras choose their own versions") func conflicts() throws {
    let lock = try lock(
      """
      conflicts = [[{ package = "api", extra = "cpu" }, { package = "api", extra = "gpu" }]]

      [[package]]
      name = "api"
      source = { editable = "." }
      [package.optional-dependencies]
      cpu = [{ name = "torch", version = "1.0", marker = "extra == 'extra-3-api-cpu'" }]
      gpu = [{ name = "torch", version = "2.0", marker = "extra == 'extra-3-api-gpu' and extra != 'extra-3-api-cpu'" }]

      """, Self.package("torch"), Self.package("torch", version: "2.0"))
    #expect(try names(lock, "api[cpu]") == ["torch 1.0"])
    #expect(try names(lock, "api[gpu]") == ["torch 2.0"])
    #expect(try names(lock, "api") == [])
  }

  @Test("The chain to a package leads through an extra that is requested late") func lateExtra() throws {
    let lock = try lock(
      Self.members, Self.packages,
      "[[package]]\nname = \"app\"\nsource = { editable = \"app\" }\ndependencies = [{ name = \"lib\" }, { name = \"api\", extra = [\"cli\"] }]\n"
    )
    let chain = try lock.shortestPath(
      from: [try Requirement("app")], to: try #require(PackageName("click")), for: try target("3.11"), path: "uv.lock")
    #expect(chain?.map(\.name.text) == ["app", "api", "click"])
  }

  @Test("A changed package changes only the transitive dependencies of projects that reach it") func closures() throws {
    let old = try lock(Self.members, Self.packages)
    let new = try lock(
      Self.members.replacing("version = \"0.1\"", with: "version = \"0.2\""),
      Self.packages.replacing("base-1.0", with: "base-1.0.0"))
    let (api, root) = (try #require(PackageName("api")), try #require(PackageName("kilt-workspace-root")))
    #expect(old.closure(of: api, extras: []) != new.closure(of: api, extras: []))
    #expect(
      old.closure(of: root, extras: ["kilt-only-groups", "kilt-group-dev"])
        == new.closure(of: root, extras: ["kilt-only-groups", "kilt-group-dev"]))
  }
}
