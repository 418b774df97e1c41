import Digests
import SystemSupport
import Testing

@testable import PythonPackaging

/// Names in lockfiles are spelled by whoever wrote them: case, and runs of `-`, `_` and `.`, mean nothing (PEP 503, 685).
@Suite struct LockedNameTests {
  /// Spellings of the names of one lock.
  private struct Speller {
    var numbers: UInt64
    let isPlain: Bool

    mutating func next(_ bound: Int) -> Int {
      numbers = numbers &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((numbers >> 33) % UInt64(bound))
    }

    mutating func callAsFunction(_ name: String) -> String {
      if isPlain { return name }
      var result = ""
      for character in name {
        if character == "-" {
          for _ in 0...next(3) { result += ["-", "_", "."][next(3)] }
        } else {
          result += next(2) == 0 ? character.uppercased() : String(character)
        }
      }
      return result
    }
  }

  private static let hash = SHA256Digest.of("x").hex

  private static func file(_ name: String) -> String {
    name.replacing("-", with: "_") + "-1.0-py3-none-any.whl"
  }

  private static func pex(_ name: inout Speller) -> String {
    func package(_ name: inout Speller, _ text: String, _ requires: String = "") -> String {
      """
      {"project_name": "\(name(text))", "version": "1.0", "requires_dists": [\(requires)], "artifacts": [
       {"algorithm": "sha256", "hash": "\(hash)", "url": "https://index.invalid/\(file(text))"}]}
      """
    }
    let requires = """
      "\(name("lib-b2"))[\(name("tls-io"))]>=1", "\(name("speed-up")); extra == \\"\(name("fast-x"))\\""
      """
    return """
      {"locked_resolves": [{"locked_requirements": [\(package(&name, "app-a", requires)),
       \(package(&name, "lib-b2", "\"\(name("crypto-c")); extra == '\(name("tls-io"))'\"")),
       \(package(&name, "crypto-c")), \(package(&name, "speed-up"))]}],
       "requirements": ["\(name("app-a"))", "\(name("lib-b2"))[\(name("tls-io"))]"], "constraints": ["\(name("lib-b2"))<2"],
       "overridden": ["\(name("lib-b2"))==1.0"], "excluded": ["\(name("win-w"))"], "requires_python": []}
      """
  }

  private static func uv(_ name: inout Speller) -> String {
    func package(_ name: inout Speller, _ text: String, _ rest: String = "") -> String {
      """
      [[package]]
      name = "\(name(text))"
      version = "1.0"
      source = { registry = "https://index.invalid/simple" }
      wheels = [{ url = "https://index.invalid/\(file(text))", hash = "sha256:\(hash)" }]
      \(rest)

      """
    }
    return """
      version = 1
      requires-python = ">=3.9"
      [[package]]
      name = "\(name("the-project"))"
      version = "1"
      source = { virtual = "." }
      dependencies = [{ name = "\(name("app-a"))" }, { name = "\(name("lib-b2"))", extra = ["\(name("tls-io"))"] }]

      """
        + package(
          &name, "app-a",
          """
          dependencies = [{ name = "\(name("lib-b2"))", extra = ["\(name("tls-io"))"] }]
          [package.optional-dependencies]
          "\(name("fast-x"))" = [{ name = "\(name("speed-up"))" }]
          """)
        + package(
          &name, "lib-b2",
          """
          [package.optional-dependencies]
          "\(name("tls-io"))" = [{ name = "\(name("crypto-c"))" }]
          """)
        + package(&name, "crypto-c") + package(&name, "speed-up")
  }

  private static func pylock(_ name: inout Speller) -> String {
    func package(_ name: inout Speller, _ text: String, _ marker: String = "") -> String {
      """
      [[packages]]
      name = "\(name(text))"
      version = "1.0"
      \(marker.isEmpty ? "" : "marker = \"\(marker)\"")
      wheels = [{ url = "https://index.invalid/\(file(text))", hashes = { sha256 = "\(hash)" } }]

      """
    }
    return "lock-version = \"1.0\"\nextras = [\"\(name("fast-x"))\"]\ndependency-groups = [\"\(name("dev-d"))\"]\n"
      + package(&name, "app-a") + package(&name, "lib-b2")
      + package(&name, "crypto-c", "'\(name("dev-d"))' in dependency_groups")
      + package(&name, "speed-up", "'\(name("fast-x"))' in extras")
  }

  private static func requirements(_ name: inout Speller) -> String {
    ["app-a[fast-x]", "lib-b2[tls-io]", "crypto-c", "speed-up"].map { text in
      let parts = text.split { "[]".contains($0) }.map { name(String($0)) }
      return "\(parts[0])\(parts.count > 1 ? " [ \(parts[1]) ]" : "")==1.0 --hash=sha256:\(hash)\n"
    }.joined()
  }

  private static let texts: [LockfileFormat: @Sendable (inout Speller) -> String] = [
    .pex: { pex(&$0) }, .uv: { uv(&$0) }, .pylock: { pylock(&$0) }, .requirements: { requirements(&$0) },
  ]

  @Test(
    "A lockfile has the same meaning in any spelling of its names",
    arguments: [LockfileFormat.pex, .uv, .pylock, .requirements])
  func spellings(format: LockfileFormat) throws {
    let text = try #require(Self.texts[format])
    func lock(_ speller: Speller) throws -> Lockfile {
      var speller = speller
      return try LockfileReader.parse(Array(text(&speller).utf8), path: "a.lock", root: "/")
    }
    func names(_ lock: Lockfile, _ requirement: String) throws -> [String] {
      try lock.subset(of: [Requirement(requirement)], for: target("3.11"), path: "a.lock").map(\.name.text).sorted()
    }
    let plain = try lock(Speller(numbers: 0, isPlain: true))
    #expect(plain.format == format && plain.packages.count == 4)
    // These two have edges; for the others the wheels are asked.
    let hasEdges = format == .pex || format == .uv
    if hasEdges {
      #expect(try names(plain, "app-a") == ["app-a", "crypto-c", "lib-b2"])
      #expect(try names(plain, "app-a[fast-x]") == ["app-a", "crypto-c", "lib-b2", "speed-up"])
    }
    for seed in 1...60 {
      var speller = Speller(numbers: UInt64(seed), isPlain: false)
      let found = try lock(speller)
      #expect(found.packages.map(\.name) == plain.packages.map(\.name))
      #expect(found.packages.map(\.dependencies) == plain.packages.map(\.dependencies))
      #expect(found.packages.map(\.extras) == plain.packages.map(\.extras))
      #expect(found.packages.map(\.files) == plain.packages.map(\.files))
      #expect(found.roots == plain.roots)
      #expect(found.requirements == plain.requirements && found.constraints == plain.constraints)
      #expect(found.overrides == plain.overrides && found.excludes == plain.excludes)
      #expect(found.staleness(against: try request(plain)) == plain.staleness(against: try request(plain)))
      _ = speller("a")
      let requirement = "\(speller("app-a")) [ \(speller("fast-x")) ]"
      #expect(try names(found, requirement) == names(plain, "app-a[fast-x]"), "\(requirement)")
      for package in ["crypto-c", "speed-up"] {
        #expect(try names(found, speller(package)) == names(plain, package))
      }
    }
  }

  private func request(_ lock: Lockfile) throws -> LockRequest {
    LockRequest(requirements: try lock.requirements.map { try Requirement($0) }, requiresPython: lock.requiresPython)
  }

  @Test(
    "A file with any spelling of a package's name belongs to the package",
    arguments: [
      "app_a-1.0-py3-none-any.whl", "App.A-1.0-py3-none-any.whl", "APP_A-1.0-py3-none-any.whl",
      "app_a-1.0.0-py3-none-any.whl", "app_a-1.0-1build-py3-none-any.whl",
    ])
  func fileNames(name: String) throws {
    #expect(try #require(WheelFileName(name)).name.text == "app-a")
  }
}
