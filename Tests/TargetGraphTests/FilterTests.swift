import BuildFiles
import Diagnostics
import TargetGraph
import Testing

@Suite struct FilterTests {
  let repository = [
    "lib/BUILD": "python_sources(tags=['team-a', 'slow'])\n", "lib/a.py": "", "lib/b_test.py": "",
    "app/BUILD": "python_tests(tags=['team-b'])\npython_sources(name='lib')\n", "app/main_test.py": "",
    "app/main.py": "",
  ]

  func selected(_ filter: TargetFilter) throws -> [String] {
    let resolver = try GraphFixture(repository).resolver()
    return resolver.names(try resolver.graph.select([try Spec(parsing: "::")], filter: filter))
  }

  @Test func addressesAreSearchedForExpressions() throws {
    #expect(try selected(TargetFilter(addresses: ["_test\\.py$"])) == ["app/main_test.py"])
    #expect(
      try selected(TargetFilter(addresses: ["^lib,main\\.py"])) == ["app/main.py:lib", "lib/a.py", "lib:lib"])
    #expect(try selected(TargetFilter(addresses: ["-^app", "-:"])) == ["lib/a.py"])
  }

  @Test func tagsAreSearchedForExpressions() throws {
    #expect(try selected(TargetFilter(tagPatterns: ["^team-[ac]$"])) == ["lib/a.py", "lib:lib"])
    #expect(try selected(TargetFilter(tagPatterns: ["-team", "-x"])) == ["app/main.py:lib", "app:lib"])
  }

  @Test func granularityTellsFilesFromDeclarations() throws {
    #expect(
      try selected(TargetFilter(granularity: .file)) == ["app/main.py:lib", "app/main_test.py", "lib/a.py"])
    #expect(try selected(TargetFilter(granularity: .build)) == ["app:app", "app:lib", "lib:lib"])
  }

  @Test func slipsAreErrors() throws {
    #expect(message { _ = try TargetFilter(addresses: ["("]) }.contains("\"(\" is not a regular expression"))
    #expect(
      message { _ = try selected(TargetFilter(types: ["pex_binray"])) } == """
        error: unknown target type "pex_binray" in --filter-target-type
          help: did you mean "pex_binary"?

        """)
    #expect(try selected(TargetFilter(types: ["docker_image"])).isEmpty)
  }
}
