import JSON
import SystemSupport
import Testing

/// Packages that the state knows to be up to date, against a run that works everything out anew.
@Suite struct PackageStateTests {
  /// What one run did for each package, by address.
  private func work(_ example: Example, _ specs: [String] = ["::"], environment: [String] = []) throws -> [String:
    String]
  {
    let outcome = try example.kilt(["package"] + specs + ["--format", "json"], environment: environment)
    try #require(outcome.termination.isSuccess, "\(outcome.errorText)")
    let packages = try #require(JSONValue(parsing: outcome.output).array)
    return Dictionary(
      packages.map { ($0["address"]?.string ?? "", $0["work"]?.string ?? "") }, uniquingKeysWith: { $1 })
  }

  /// Nothing is left to do for a run without state: so nothing was taken for unchanged that was not.
  private func expectComplete(_ example: Example, after what: String) throws {
    let anew = try work(example, environment: ["KILT_SNAPSHOT=off"])
    #expect(Set(anew.values) == ["unchanged"], "after \(what): \(anew)")
  }

  @Test func nothingIsTakenForUnchangedThatIsNot() throws {
    let example = try Example()
    let first = try work(example)
    #expect(Set(first.values) == ["built"])
    #expect(Set(try work(example).values) == ["unchanged"])
    #expect(Set(try work(example).values) == ["unchanged"])
    let fiddler = "services/fiddler:server"
    let eightball = "services/eightball:server"
    func step(_ what: String, _ expected: [String: String], _ change: () throws -> Void) throws {
      try change()
      let done = try work(example)
      for (address, expected) in expected { #expect(done[address] == expected, "\(address) after \(what)") }
      try expectComplete(example, after: what)
      #expect(Set(try work(example).values) == ["unchanged"], "again after \(what)")
    }
    try step("an edit of a source", [fiddler: "built", eightball: "renamed"]) {
      try example.append("services/fiddler/app.py", "# more\n")
    }
    try step("an edit of a resource", [fiddler: "built", eightball: "unchanged"]) {
      try example.edit("services/fiddler/constants.yaml", "Hello from fiddler", "Hello")
    }
    try step("an edit that a query saw first", [fiddler: "unchanged", eightball: "built"]) {
      try example.append("services/eightball/answers.py", "# more\n")
      try example.kilt("dependents", "--transitive", "services/eightball/answers.py")
    }
    try step("a resource that may be executed", [fiddler: "built"]) {
      try example.execute("chmod", ["+x", "services/fiddler/constants.yaml"])
    }
    try step("a commit", [fiddler: "renamed", eightball: "renamed"]) { try example.commit("all") }
    try step("a field", [fiddler: "built", eightball: "renamed"]) {
      try example.edit("services/fiddler/BUILD", "    entry_point=", "    emit_warnings=False,\n    entry_point=")
    }
    try step("an output that was altered", [fiddler: "built", eightball: "unchanged"]) {
      try FileSystem.write(text: "damaged", to: example.bundle("fiddler_server-\(dirty(example))"))
    }
    try step("an output that was removed", [eightball: "built"]) {
      try FileSystem.removeFile(example.bundle("eightball_server-\(dirty(example))"))
    }
    try step("the lockfile", [fiddler: "unchanged"]) { try example.append("3rdparty/python/default.lock", "\n") }
    try step("the configuration", [fiddler: "built"]) { try example.edit("kilt.toml", "\">=3.8\"", "\">=3.9\"") }
  }

  private func dirty(_ example: Example) throws -> String {
    String(try example.git("rev-parse", "HEAD").prefix(12)) + ".dirty"
  }

  @Test func twoWorkspacesWithOneCacheKnowTheirOwn() throws {
    let (one, other) = (try Example(), try Example())
    let spec = ["services/eightball:server"]
    #expect(Set(try work(one, spec).values) == ["built"])
    #expect(Set(try work(other, spec).values) == ["built"])
    try one.append("services/eightball/answers.py", "# more\n")
    #expect(Set(try work(other, spec).values) == ["unchanged"])
    #expect(Set(try work(one, spec).values) == ["built"])
  }

  @Test func whyItWasBuiltIsStillExplained() throws {
    let example = try Example()
    let address = "services/eightball:server"
    try example.kilt("package", address)
    try example.kilt("package", address)
    try example.append("services/eightball/answers.py", "# more\n")
    let before = try example.kilt("explain", address).text
    #expect(before.contains("will build, because"))
    #expect(before.contains("source services/eightball/answers.py changed"))
    try example.kilt("package", address)
    #expect(try example.kilt("explain", address).text.contains("up to date"))
  }
}
