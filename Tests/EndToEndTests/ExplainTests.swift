import JSON
import SystemSupport
import Testing

/// Why things are built, and why things are in them.
@Suite struct ExplainTests {
  @Test func theInputThatChangedIsNamed() throws {
    let example = try Example()
    let target = "services/fiddler:server"
    #expect(
      try example.kilt("explain", target).text == """
        services/fiddler:server
          never built here
        """)
    try example.kilt("package", target)
    let fresh = try example.kilt("explain", target).text.split(separator: "\n")
    try #require(fresh.count == 3)
    #expect(fresh[1].hasPrefix("  last built 20") && fresh[1].hasSuffix("Z, for the first time"))
    #expect(fresh[2].hasPrefix("  up to date: none of its ") && fresh[2].hasSuffix(" inputs has changed since"))

    try example.append("lib/auth/tokens.py", "\n# changed\n")
    let stale = try example.kilt("explain", target).text.split(separator: "\n")
    try #require(stale.count == 4)
    #expect(stale[2] == "  will build, because")
    #expect(stale[3].hasPrefix("    source lib/auth/tokens.py changed: "))

    // Once built, the same change is the reason of that build.
    try example.kilt("package", target)
    let json = try JSONValue(parsing: try example.kilt("explain", target, "--format", "json").output).array?.first
    #expect(json?["state"]?.string == "up_to_date")
    let changes = json?["last_changes"]?.array ?? []
    #expect(changes.count == 1)
    #expect(changes.first?["change"]?.string == "changed")
    #expect(changes.first?["name"]?.string == "lib/auth/tokens.py")
  }

  @Test func whatNothingIsBuiltOfIsRefused() throws {
    let example = try Example()
    try expectFailure(
      example, try example.kilt(["explain", "lib/auth/tokens.py"]), code: 2,
      """
      error: cannot explain "lib/auth/tokens.py": python_source targets are not built
        help: run `kilt dependents --transitive lib/auth/tokens.py` to list the targets that include it
      """)
  }

  @Test func theShortestWayToAModuleAFileAndAWheelIsShown() throws {
    let example = try Example()
    let target = "services/fiddler:server"
    let toModule = try example.kilt("explain", "why", target, "lib.auth.tokens").text
    #expect(toModule.hasPrefix(target + "\n-> "))
    #expect(toModule.hasSuffix("lib/auth/tokens.py  (lib.auth.tokens)"))
    #expect(try example.kilt("explain", "why", target, "lib/auth/tokens.py").text == toModule)
    let json = try JSONValue(
      parsing: try example.kilt("explain", "why", target, "Bottle", "--format", "json").output)
    let names = json.array?.compactMap { $0["name"]?.string } ?? []
    #expect(names.first == target && names.last == "3rdparty/python:reqs#bottle", "\(names)")
    // Each step is a dependency of the one before, and no way is shorter: `paths` leaves out generators, one at most.
    for (target, dependency) in zip(names, names.dropFirst()) {
      #expect(try example.kilt("dependencies", target).text.split(separator: "\n").contains { $0 == dependency })
    }
    let paths = try JSONValue(
      parsing: try example.kilt("paths", "--from", target, "--to", "3rdparty/python:reqs#bottle", "--format", "json")
        .output)
    let shortest = paths.array?.first?.array?.count ?? 0
    #expect((names.count - 1...names.count).contains(shortest))
  }

  @Test func whatIsNotInATargetIsSaidWithANearName() throws {
    let example = try Example()
    try expectFailure(
      example, try example.kilt(["explain", "why", "services/fiddler:server", "botle"]), code: 2,
      """
      error: "services/fiddler:server" does not include "botle"
        note: the target does not depend on a module, file, target or package with this name
        help: did you mean "bottle"?
      """)
  }
}
