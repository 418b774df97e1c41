import BuildFiles
import Diagnostics
import JSON
import TargetGraph
import Testing
import Workspace

@Suite struct QueryTests {
  let repository = [
    "lib/BUILD": "python_sources(tags=['x'])\n", "lib/a.py": "", "lib/b.py": "import lib.a\n",
    "app/BUILD":
      "python_sources(name='lib')\npex_binary(name='bin', entry_point='main.py:run', args=['-v'], env={'A': '1'})\n"
      + "pex_binary(name='app', entry_point='app.main')\n",
    "app/main.py": "import lib.b\nimport lib.a\n",
    "BUILD": "target(name='all', dependencies=['app:bin'])\n",
  ]

  func selected(_ specs: String..., filter: TargetFilter = .none) throws -> [String] {
    let resolver = try GraphFixture(repository).resolver()
    return resolver.names(try resolver.graph.select(try specs.map { try Spec(parsing: $0) }, filter: filter))
  }

  @Test func specsSelectTargets() throws {
    #expect(try selected("lib::") == ["lib/a.py", "lib/b.py", "lib:lib"])
    #expect(try selected("app:") == ["app/main.py:lib", "app:app", "app:bin", "app:lib"])
    #expect(try selected("lib/a.py", "//:all") == ["//:all", "lib/a.py"])
    #expect(try selected("lib") == ["lib/a.py", "lib/b.py", "lib:lib"])
    #expect(try selected("lib/*.py") == ["lib/a.py", "lib/b.py"])
    // A binary belongs to the file that it names as its entry point as well, as in Pants.
    #expect(try selected("app/main.py") == ["app/main.py:lib", "app:bin"])
    #expect(try selected("app/*.py", "-app:bin") == ["app/main.py:lib"])
    #expect(try selected("::", "-lib::", "-app:") == ["//:all"])
    #expect(try selected("::", filter: TargetFilter(types: ["pex_binary"])) == ["app:app", "app:bin"])
    #expect(try selected("lib::", filter: TargetFilter(types: ["-python_source"], tags: ["x,y"])) == ["lib:lib"])
    #expect(try selected("lib::", filter: TargetFilter(tags: ["-x"])).isEmpty)
  }

  @Test func whatIsNotThereIsExplained() throws {
    #expect(
      message { _ = try selected("lib:lbi") } == """
        error: the target "lib:lbi" does not exist
          note: targets in "lib": lib
          help: did you mean "lib:lib"?

        """)
    #expect(message { _ = try selected("lbi::") }.contains("did you mean \"lib\"?"))
    #expect(message { _ = try selected("lib/c.py") }.contains("file or directory \"lib/c.py\" does not exist"))
    #expect(message { _ = try selected("app/main.py:nope") }.contains("no target owns the file"))
    var files = repository
    files["app/BUILD"] = "python_sources(\n  dependencies=['lib:lbi'],\n)\n"
    #expect(
      message { _ = try GraphFixture(files).resolver().dependencies("app/main.py") } == """
        error: the target "lib:lbi", a dependency of "app/main.py", does not exist
          --> app/BUILD:2:18
           |
         2 |   dependencies=['lib:lbi'],
           |                  ^^^^^^^
          note: targets in "lib": lib
          help: did you mean "lib:lib"?

        """)
  }

  @Test func dependentsAndPathsGoBothWays() throws {
    let resolver = try GraphFixture(repository).resolver()
    let a = try resolver.id("lib/a.py")
    #expect(
      resolver.names(try resolver.dependents(of: [a], depth: .direct)) == ["app/main.py:lib", "lib/b.py", "lib:lib"])
    #expect(
      resolver.names(try resolver.dependents(of: [a], depth: .transitive))
        == [
          "//:all", "app/main.py:lib", "app:app", "app:bin", "app:lib", "lib/b.py", "lib:lib",
        ].sorted())
    let paths = try resolver.paths(from: try resolver.id("app:bin"), to: a)
    #expect(
      paths.map { $0.map { resolver.graph.address(of: $0).description } } == [
        ["app:bin", "app/main.py:lib", "lib/a.py"], ["app:bin", "app/main.py:lib", "lib/b.py", "lib/a.py"],
      ])
    #expect(try resolver.paths(from: a, to: try resolver.id("app:bin")).isEmpty)
    #expect(try resolver.files(of: [try resolver.id("lib:lib")]) == ["lib/BUILD", "lib/a.py", "lib/b.py"])
  }

  @Test func aBundlePlanHoldsAllThatPackagingNeeds() throws {
    let resolver = try GraphFixture(repository).resolver()
    let plan = try resolver.bundlePlan(for: try resolver.id("app:bin"))
    #expect(plan.artifact == "app_bin")
    #expect(plan.entryPoint == .module("app.main", function: "run"))
    #expect(plan.files.map(\.bundlePath) == ["app/main.py", "lib/a.py", "lib/b.py"])
    #expect(plan.args == ["-v"])
    #expect(plan.env.map(\.value) == ["1"])
    #expect(try resolver.bundlePlan(for: try resolver.id("app:app")).artifact == "app")
    #expect(resolver.names(try resolver.binaries(among: [try resolver.id("//:all")])) == ["app:bin"])
    #expect(message { _ = try resolver.bundlePlan(for: try resolver.id("lib:lib")) }.contains("is a python_sources"))
  }

  @Test func sourceRootsAreStrippedInBundles() throws {
    var configuration = WorkspaceConfiguration()
    configuration.sourceRoots = ["src"]
    let files = [
      "src/p/BUILD": "python_sources()\nresources(name='r', sources=['**/*.txt'])\n"
        + "pex_binary(name='b', entry_point='m.py', dependencies=[':r'])\n",
      "src/p/m.py": "", "src/p/d/x.txt": "", "tools/BUILD": "pex_binary(name='t', entry_point='t.py')\n",
      "tools/t.py": "",
    ]
    let resolver = try GraphFixture(files, configuration: configuration).resolver()
    let plan = try resolver.bundlePlan(for: try resolver.id("src/p:b"))
    #expect(plan.files.map(\.bundlePath) == ["p/d/x.txt", "p/m.py"])
    #expect(plan.files.map(\.isPython) == [false, true])
    #expect(resolver.graph.usedSourceRoots() == ["src"])
    #expect(
      message { _ = try resolver.bundlePlan(for: try resolver.id("tools:t")) }.contains("is not in a source root"))
  }

  @Test func artifactsOfOneNameAreAnError() throws {
    let resolver = try GraphFixture([
      "a/x/BUILD": "pex_binary(name='s', entry_point='m')\n", "b/x/BUILD": "pex_binary(name='s', entry_point='m')\n",
    ]).resolver()
    #expect(
      message { _ = try resolver.bundlePlan(for: try resolver.id("a/x:s")) }.contains(
        "\"a/x:s\" and \"b/x:s\" are both named \"x_s\" as artifacts"))
  }

  @Test func filesThatAreNotThereAreErrors() throws {
    let text = message {
      _ = try GraphFixture(["a/BUILD": "resources(sources=['dta.txt'])\n", "a/data.txt": ""]).graph()
    }
    #expect(text.contains("names the file \"dta.txt\", which does not exist"))
    #expect(text.contains("did you mean \"data.txt\"?"))
    let entry = message {
      let resolver = try GraphFixture(["a/BUILD": "pex_binary(name='b', entry_point='mian.py')\n", "a/main.py": ""])
        .resolver()
      _ = try resolver.dependencies("a:b")
    }
    #expect(entry.contains("did you mean \"main.py\"?"))
  }

  @Test func overridesAndBinariesAreGenerated() throws {
    let resolver = try GraphFixture([
      "a/BUILD":
        "python_sources(overrides={'x.py': dict(tags=['o']), ('y.py',): dict(dependencies=[':b'])}, tags=['g'])\n"
        + "pex_binaries(name='bins', entry_points=['x.py:f'])\nfiles(name='b', sources=['*.txt'])\n",
      "a/x.py": "", "a/y.py": "", "a/t.txt": "",
    ]).resolver()
    #expect(resolver.graph[try resolver.id("a/x.py")].tags == ["o"])
    #expect(resolver.graph[try resolver.id("a/y.py")].tags == ["g"])
    #expect(try resolver.dependencies("a/y.py") == ["a:b"])
    #expect(try resolver.dependencies("a:bins") == ["a:bins#x.py-f"])
    #expect(try resolver.dependencies("a:bins#x.py-f") == ["a/x.py"])
  }

  @Test func peekShowsFieldsAndDependencies() throws {
    let resolver = try GraphFixture(repository).resolver()
    let value = try resolver.peek(try resolver.id("app:bin"), excludesDefaults: true)
    #expect(value["address"]?.string == "app:bin")
    #expect(value["target_type"]?.string == "pex_binary")
    #expect(value["args"]?.strings == ["-v"])
    #expect(value["dependencies"]?.strings == ["app/main.py:lib"])
    #expect(value["layout"] == nil)
    #expect(try resolver.peek(try resolver.id("lib:lib"))["sources"]?.strings == ["lib/a.py", "lib/b.py"])
  }
}
