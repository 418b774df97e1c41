import Diagnostics
import TargetGraph
import Testing
import Workspace

/// What inference cannot settle, and what it makes superfluous: what `kilt tailor --fix` goes by.
@Suite struct AmbiguityTests {
  private let providers = [
    "a/BUILD": "python_requirement(name='one', requirements=['PyYAML'])\n"
      + "python_requirement(name='two', requirements=['pyyaml-ft'], modules=['yaml'])\n",
    "m/BUILD": "python_sources(overrides={'y.py': dict(dependencies=['m/x.py'])})\n",
    "m/x.py": "import yaml\n", "m/y.py": "\nimport yaml.nodes\n",
  ]

  @Test func itIsAValueWithWhatSettlesIt() throws {
    let resolver = try GraphFixture(providers).resolver()
    try resolver.resolveAll()
    let ambiguity = try #require(resolver.ambiguities.first)
    #expect(resolver.ambiguities.count == 1)
    #expect(ambiguity.needs == [.module("yaml"), .module("yaml.nodes")])
    #expect(resolver.names(ambiguity.providers) == ["a:one", "a:two"])
    #expect(resolver.names(ambiguity.places.map(\.target)) == ["m/x.py", "m/y.py"])
    #expect(ambiguity.places.map(\.line) == [1, 2])
    let graph = resolver.graph
    let fields = ambiguity.places.map { graph.dependenciesField(of: $0.target) }
    #expect(fields.map { resolver.names([$0.target]) } == [["m:m"], ["m:m"]])
    #expect(fields.map(\.file) == [nil, "y.py"])
    #expect(resolver.settlingEntries(ambiguity, for: fields[0].target) == ["!a:two"])
    #expect(
      resolver.settlingEntries(ambiguity, for: fields[0].target, choosing: try resolver.id("a:two")) == ["!a:one"])
    #expect(
      try resolver.warnings().flatMap(\.remedies) == [
        "add dependencies=[\"!a:two\"] to \"m:m\" (m/BUILD:1), the overrides of \"y.py\" in \"m:m\" (m/BUILD:1), "
          + "or run `kilt tailor --fix`"
      ])
  }

  @Test("All requirements of one package in one resolve are one provider")
  func onePackage() throws {
    let files = [
      "a/BUILD": "python_requirement(name='old', requirements=['PyYAML<6; python_version < \"3.9\"'])\n"
        + "python_requirement(name='new', requirements=['pyyaml>=6; python_version >= \"3.9\"', 'PyYaml[libyaml]'])\n"
        + "python_requirements(name='reqs')\n",
      "a/requirements.txt": "attrs>=22\nattrs[cov]\nAttrs<24; sys_platform == 'linux'\n",
      "m/BUILD": "python_sources()\n", "m/x.py": "import yaml.nodes\nimport attr\n",
    ]
    let resolver = try GraphFixture(files).resolver()
    #expect(try resolver.dependencies("m/x.py") == ["a:new", "a:old", "a:reqs#Attrs", "a:reqs#attrs"])
    #expect(try resolver.warnings().isEmpty)
    #expect(resolver.ambiguities.isEmpty)
  }

  @Test("The requirements of a package are excluded and proposed together")
  func onePackageAmongProviders() throws {
    var files = providers
    files["a/BUILD"] = (files["a/BUILD"] ?? "") + "python_requirement(name='three', requirements=['pyyaml>7'])\n"
    files["m/BUILD"] = "python_sources()\n"
    let resolver = try GraphFixture(files).resolver()
    try resolver.resolveAll()
    let ambiguity = try #require(resolver.ambiguities.first)
    #expect(resolver.settlingEntries(ambiguity, for: try resolver.id("m:m")) == ["!a:two"])
    #expect(
      resolver.settlingEntries(ambiguity, for: try resolver.id("m:m"), choosing: try resolver.id("a:two"))
        == ["!a:one", "!a:three"])
    #expect(try resolver.warnings().map(\.summary).first?.contains("could come from 2 providers") == true)
    files["m/BUILD"] = "python_sources(dependencies=['!a:two'])\n"
    let settled = try GraphFixture(files).resolver()
    #expect(try settled.dependencies("m/x.py") == ["a:one", "a:three"])
  }

  @Test("Requirements of one package in two resolves stay apart")
  func onePackageInTwoResolves() throws {
    var configuration = WorkspaceConfiguration()
    configuration.resolves = [
      .init(name: "one", lockfile: "one.lock"), .init(name: "two", lockfile: "two.lock"),
    ]
    configuration.defaultResolve = "one"
    let files = [
      "a/BUILD": "python_requirement(name='r', requirements=['pyyaml'], resolve=parametrize('one', 'two'))\n",
      "m/BUILD": "python_sources()\n", "m/x.py": "import yaml\n",
    ]
    let resolver = try GraphFixture(files, configuration: configuration).resolver()
    #expect(try resolver.dependencies("m/x.py") == ["a:r@resolve=one"])
  }

  @Test func theNearestImplementationIsProposed() throws {
    let files = [
      "l/a/BUILD": "python_sources()\n", "l/a/t.py": "", "l/b/BUILD": "python_sources()\n", "l/b/t.py": "",
      "l/b/t.pyi": "", "l/b/n.py": "import t\n",
    ]
    var configuration = WorkspaceConfiguration()
    configuration.sourceRoots = ["l/a", "l/b"]
    let resolver = try GraphFixture(files, configuration: configuration).resolver()
    #expect(try resolver.dependencies("l/b/n.py") == [])
    let ambiguity = try #require(resolver.ambiguities.first)
    #expect(
      resolver.settlingEntries(ambiguity, for: try resolver.id("l/b/n.py")) == ["!l/a/t.py", "!l/b/t.pyi"])
    configuration.inference.ambiguityResolution = .bySourceRoot
    let near = try GraphFixture(files, configuration: configuration).resolver()
    #expect(try near.dependencies("l/b/n.py") == ["l/b/t.py", "l/b/t.pyi"])
  }

  @Test func whatIsNeededInOnePlaceIsNeeded() throws {
    let files = [
      "m/BUILD": "python_sources()\n",
      "m/x.py": "try:\n  import gone\nexcept ImportError:\n  gone = None\nimport gone\nimport gone\n",
    ]
    let resolver = try GraphFixture(files).resolver()
    try resolver.resolveAll()
    #expect(try resolver.warnings().map(\.summary) == ["no target provides \"gone\" (line 5), imported by \"m/x.py\""])
  }

  @Test func anAmbiguousImportIsAnErrorWhereUnownedOnesAre() throws {
    var configuration = WorkspaceConfiguration()
    configuration.inference.unownedImports = .error
    let strict = try GraphFixture(providers, configuration: configuration).resolver()
    try strict.resolveAll()
    #expect(throws: DiagnosticList.self) { try strict.warnings() }
    var weak = providers
    weak["m/x.py"] = "try:\n  import yaml\nexcept ImportError:\n  pass\n"
    weak["m/y.py"] = ""
    let lenient = try GraphFixture(weak, configuration: configuration).resolver()
    try lenient.resolveAll()
    #expect(try lenient.warnings().count == 1)
  }

  @Test func aRelativeImportOutOfTheSourceRootHasNoOwner() throws {
    let files = ["BUILD": "python_sources(name='top')\n", "x.py": "from . import y\n", "y.py": ""]
    let resolver = try GraphFixture(files).resolver()
    #expect(try resolver.dependencies("x.py") == [])
    #expect(
      try resolver.warnings().map(\.summary) == ["no target provides \".y\" (line 1), imported by \"//x.py:top\""])
  }

  @Test func entriesThatInferenceMakesRedundantAreFound() throws {
    let files = [
      "r/BUILD": "python_requirement(name='one', requirements=['PyYAML'])\n"
        + "python_requirement(name='two', requirements=['pyyaml-ft'], modules=['yaml'])\n"
        + "python_requirement(name='req', requirements=['requests'])\n",
      "lib/BUILD": "python_sources()\nresources(name='data', sources=['*.txt'])\n", "lib/d.txt": "",
      "lib/a.py": "import lib.b\n", "lib/b.py": "import requests\n",
      "app/BUILD": """
      python_sources(dependencies=['lib/a.py', 'r:one', 'lib:data', '!r:two', 'lib/b.py'])
      pex_binary(name='bin', entry_point='x.py', dependencies=['lib', 'app', 'r:req', 'lib:data'])
      """,
      "app/x.py": "import lib.a, yaml\n", "app/y.py": "import lib.a\n",
      "two/BUILD": "python_sources(dependencies=['lib/a.py'])\n", "two/x.py": "import lib.a\n", "two/y.py": "",
    ]
    let resolver = try GraphFixture(files).resolver()
    func redundant(_ spec: String) throws -> [String] {
      let id = try resolver.id(spec)
      let graph = resolver.graph
      let takers = graph.isGenerator(id) ? graph.generated(by: id) : [id]
      return try resolver.redundantEntries(graph[id].strings(of: "dependencies"), takenBy: takers)
    }
    // "r:one" settles an ambiguity, "lib:data" is no Python: both stay.
    #expect(try redundant("app:app") == ["lib/a.py", "lib/b.py"])
    // The binary reaches all of lib and requests, but not app/y.py.
    #expect(try redundant("app:bin") == ["lib", "r:req"])
    // y.py does not import what the field gives it.
    #expect(try redundant("two:two") == [])
  }
}
