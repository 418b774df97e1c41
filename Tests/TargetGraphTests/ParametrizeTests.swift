import BuildFiles
import TargetGraph
import Testing

/// Targets that `parametrize` makes, and dependencies on them.
@Suite struct ParametrizeTests {
  private func addresses(_ build: String, _ files: [String: String] = ["d/a.py": ""]) throws -> [String] {
    let resolver = try GraphFixture(files.merging(["d/BUILD": build]) { $1 }).resolver()
    return resolver.names(resolver.graph.allTargets)
  }

  @Test func fieldsMakeACartesianProduct() throws {
    #expect(
      try addresses("target(name=\"t\", description=parametrize(\"x\", \"y\"), tags=parametrize(none=[], one=[\"1\"]))")
        == [
          "d:t@description=x,tags=none", "d:t@description=x,tags=one", "d:t@description=y,tags=none",
          "d:t@description=y,tags=one",
        ])
  }

  @Test func groupsSetSeveralFieldsAtOnce() throws {
    let build = """
      target(
        name="t", tags=["all"],
        **parametrize("a", description="x", tags=["1"]),
        **parametrize("b", description="y"),
      )
      """
    let resolver = try GraphFixture(["d/BUILD": build]).resolver()
    #expect(resolver.names(resolver.graph.allTargets) == ["d:t@parametrize=a", "d:t@parametrize=b"])
    let a = resolver.graph[try resolver.id("d:t@parametrize=a")]
    let b = resolver.graph[try resolver.id("d:t@parametrize=b")]
    #expect((a.tags, a.value(of: "description").string) == (["1"], "x"))
    #expect((b.tags, b.value(of: "description").string) == (["all"], "y"))
  }

  @Test func groupsMultiplyWithFields() throws {
    #expect(
      try addresses(
        "target(name=\"t\", **parametrize(\"a\", description=\"x\"), **parametrize(\"b\", description=\"y\"), tags=parametrize(p=[\"p\"], q=[\"q\"]))"
      ) == [
        "d:t@parametrize=a,tags=p", "d:t@parametrize=a,tags=q", "d:t@parametrize=b,tags=p", "d:t@parametrize=b,tags=q",
      ])
  }

  @Test func defaultsAndOverridesParametrizeToo() throws {
    let build = """
      __defaults__({python_sources: dict(**parametrize("g", tags=["1"]), **parametrize("h", tags=["2"]))})
      python_sources()
      """
    #expect(
      Set(try addresses(build)) == [
        "d/a.py@parametrize=g", "d/a.py@parametrize=h", "d@parametrize=g", "d@parametrize=h",
      ])
    let overridden = """
      python_sources(overrides={"a.py": {"tags": parametrize(p=["p"], q=["q"])}})
      """
    #expect(
      Set(try addresses(overridden, ["d/a.py": "", "d/b.py": ""])) == [
        "d:d", "d/a.py@tags=p", "d/a.py@tags=q", "d/b.py",
      ])
  }

  @Test func overridesSelectByGlobsToo() throws {
    let build = """
      python_sources(overrides={"*_gen.py": {"tags": ["generated"]}, ("a.py", "b.py"): {"description": "x"}})
      """
    let files = ["d/BUILD": build, "d/a.py": "", "d/b.py": "", "d/x_gen.py": ""]
    let resolver = try GraphFixture(files).resolver()
    #expect(resolver.graph[try resolver.id("d/x_gen.py")].tags == ["generated"])
    #expect(resolver.graph[try resolver.id("d/a.py")].tags == [])
    #expect(resolver.graph[try resolver.id("d/b.py")].value(of: "description").string == "x")
    let slip = GraphFixture(["d/BUILD": "python_sources(overrides={\"*.pyx\": {\"tags\": []}})", "d/a.py": ""])
    #expect(message { _ = try slip.resolver() }.contains("overrides \"*.pyx\", which is not among its sources"))
  }

  @Test(
    arguments: [
      ("target(name=\"t\", **parametrize(description=\"x\"))", "begins with its name"),
      ("target(name=\"t\", **parametrize(\"a\", tag=[\"x\"]))", "tag"),
      ("target(name=\"t\", tags=parametrize([\"x\"]))", "needs an alias"),
      ("target(name=\"t\", tags=parametrize())", "at least one value"),
      ("target(name=\"t\", description=parametrize(\"x\", \"x\"))", "two values named"),
    ])
  func whatMakesNoSenseIsRefused(build: String, expected: String) throws {
    let text = message { _ = try addresses(build) }
    #expect(text.contains(expected), "\(text)")
  }

  @Test func aDependencyMeansTheVariantWhoseFieldsFit() throws {
    let build = """
      python_sources(name="lib", sources=["a.py"], interpreter_constraints=parametrize(new=[">=3.9"], old=[">=3.8"]))
      python_sources(name="user", sources=["b.py"], dependencies=[":lib"], interpreter_constraints=[">=3.8"])
      target(name="both", dependencies=[":lib@interpreter_constraints=new", ":lib@interpreter_constraints=old"])
      target(name="lost", dependencies=[":lib"])
      """
    let resolver = try GraphFixture(["d/BUILD": build, "d/a.py": "", "d/b.py": ""]).resolver()
    #expect(try resolver.dependencies("d/b.py:user") == ["d:lib@interpreter_constraints=old"])
    #expect(
      try resolver.dependencies("d:both") == ["d:lib@interpreter_constraints=new", "d:lib@interpreter_constraints=old"])
    #expect(message { _ = try resolver.dependencies("d:lost") }.contains("none of its variants fits"))
  }
}
