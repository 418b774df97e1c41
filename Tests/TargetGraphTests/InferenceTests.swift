import Diagnostics
import TargetGraph
import Testing
import Workspace

@Suite struct InferenceTests {
  let repository = [
    "3rdparty/BUILD": "python_requirements(name='reqs', module_mapping={'Odd-Name': ['strange']})\n",
    "3rdparty/requirements.txt":
      "PyYAML==6.0  # yaml\nodd-name>=1 \\\n  --hash=sha256:00\nrequests[socks]>=2\n-r other.txt\n",
    "3rdparty/other.txt": "# nothing more\n",
    "lib/BUILD": "python_sources()\npython_tests(name='tests')\npython_test_utils(name='utils')\n",
    "lib/__init__.py": "\n", "lib/a.py": "from . import b\nfrom lib.b import f\nimport yaml.nodes\nimport os.path\n",
    "lib/b.py": "import strange, lib.a\n", "lib/a_test.py": "from lib.a import x\n",
    "lib/conftest.py": "import requests\n",
    "app/BUILD": "python_sources()\npex_binary(name='bin', entry_point='main.py:run', dependencies=[':data'])\n"
      + "resources(name='data', sources=['*.txt'])\n",
    "app/__init__.py": "VERSION = 1\n", "app/main.py": "from lib import a\n", "app/x.txt": "",
  ]

  @Test func importsFindTheirProviders() throws {
    let resolver = try GraphFixture(repository).resolver()
    #expect(try resolver.dependencies("lib/a.py") == ["3rdparty:reqs#PyYAML", "lib/b.py"])
    #expect(try resolver.dependencies("lib/b.py") == ["3rdparty:reqs#odd-name", "lib/a.py"])
    #expect(try resolver.dependencies("app/main.py") == ["app/__init__.py", "lib/a.py"])
    #expect(try resolver.dependencies("lib/a_test.py") == ["lib/a.py", "lib/conftest.py:utils"])
    #expect(try resolver.dependencies("app:bin") == ["app/main.py", "app:data"])
    #expect(try resolver.dependencies("lib:lib") == ["lib/__init__.py", "lib/a.py", "lib/b.py"])
    #expect(
      try resolver.dependencies("3rdparty:reqs#requests") == [
        "3rdparty/other.txt:reqs", "3rdparty/requirements.txt:reqs",
      ])
    #expect(try resolver.warnings().isEmpty)
  }

  @Test func filesMayDependOnEachOtherInCircles() throws {
    let resolver = try GraphFixture(repository).resolver()
    try resolver.checkCycles(from: resolver.graph.allTargets)
    let all = try resolver.transitiveDependencies(of: [try resolver.id("lib/a.py")])
    #expect(resolver.names(all).contains("lib/a.py"))
  }

  @Test func targetsMayNot() throws {
    let resolver = try GraphFixture([
      "a/BUILD": "target(dependencies=['b'])\n", "b/BUILD": "target(dependencies=['c'])\n",
      "c/BUILD": "target(dependencies=['a'])\n",
    ]).resolver()
    let text = message { try resolver.checkCycles(from: resolver.graph.allTargets) }
    #expect(text.contains("a:a\n        -> b:b\n        -> c:c\n        -> a:a"))
  }

  @Test func exclusionsTakeInferredDependenciesAway() throws {
    var files = repository
    files["app/BUILD"] = "python_sources(dependencies=['!lib/a.py', '3rdparty:reqs#requests'])\n"
    #expect(
      try GraphFixture(files).resolver().dependencies("app/main.py") == ["3rdparty:reqs#requests", "app/__init__.py"])
    files["app/BUILD"] = "python_sources()\npex_binary(name='bin', entry_point='main.py', dependencies=['!!lib'])\n"
    let resolver = try GraphFixture(files).resolver()
    let closure = resolver.names(try resolver.transitiveDependencies(of: [try resolver.id("app:bin")]))
    #expect(closure.contains("app/main.py"))
    #expect(!closure.contains("lib/a.py"))
  }

  @Test func ambiguityIsReportedOnceWithTheLineToAdd() throws {
    let files = [
      "a/BUILD": "python_requirement(name='one', requirements=['PyYAML'])\n"
        + "python_requirement(name='two', requirements=['pyyaml-ft'], modules=['yaml'])\n",
      "m/BUILD": "python_sources()\n", "m/x.py": "import yaml\n", "m/y.py": "import yaml.nodes\n",
    ]
    let resolver = try GraphFixture(files).resolver()
    try resolver.resolveAll()
    let warnings = try resolver.warnings()
    #expect(warnings.count == 1)
    let text = warnings.map { DiagnosticRenderer(color: false).render($0, as: .warning) }.joined()
    #expect(
      text == """
        warning: "yaml", "yaml.nodes" could come from 2 targets, so nothing was inferred
          --> m/x.py:1
          note: provided by a:one, a:two
          note: imported by m/x.py, m/y.py
          help: add dependencies=["!a:two"] to "m:m" (m/BUILD:1), or run `kilt tailor --fix`

        """)
    var settled = files
    settled["m/BUILD"] = "python_sources(dependencies=['!a:two'])\n"
    let second = try GraphFixture(settled).resolver()
    #expect(try second.dependencies("m/x.py") == ["a:one"])
    #expect(try second.warnings().isEmpty)
    settled["m/BUILD"] = "python_sources(dependencies=['a:two'])\n"
    let third = try GraphFixture(settled).resolver()
    #expect(try third.dependencies("m/x.py") == ["a:two"])
    #expect(try third.warnings().isEmpty)
  }

  @Test func importsOfCodeThatPantsGeneratesSayWhatGeneratesIt() throws {
    let files = [
      "m/BUILD": "python_sources()\n", "m/x.py": "from api.v1 import things_pb2\n", "m/y.py": "import nowhere\n",
      "api/BUILD": "protobuf_sources()\n", "api/v1.proto": "",
    ]
    let resolver = try GraphFixture(files).resolver()
    try resolver.resolveAll()
    let warnings = try resolver.warnings()
    #expect(warnings.map(\.notes) == [["Pants generates such code from protobuf_sources; Kilt does not"], []])
    #expect(warnings[0].remedies[0].contains("experimental_wrap_as_python_sources"))
    #expect(warnings[1].remedies[0].contains("no-infer-dep"))
  }

  @Test func unownedImportsAreWarnedAbout() throws {
    let files = [
      "m/BUILD": "python_sources()\n",
      "m/x.py": "import sys\nimport nowhere\ntry:\n  import maybe\nexcept ImportError:\n  pass\n",
    ]
    let resolver = try GraphFixture(files).resolver()
    try resolver.resolveAll()
    #expect(
      try resolver.warnings().map(\.summary) == ["no target provides \"nowhere\" (line 2), imported by \"m/x.py\""])
    var configuration = WorkspaceConfiguration()
    configuration.inference.unownedImports = .error
    let strict = try GraphFixture(files, configuration: configuration).resolver()
    try strict.resolveAll()
    #expect(throws: DiagnosticList.self) { try strict.warnings() }
  }

  @Test func resolvesAreKeptApart() throws {
    var configuration = WorkspaceConfiguration()
    configuration.resolves = [.init(name: "a", lockfile: "a.lock"), .init(name: "b", lockfile: "b.lock")]
    configuration.defaultResolve = "a"
    let files = [
      "r/BUILD": "python_requirement(name='ya', requirements=['PyYAML'])\n"
        + "python_requirement(name='yb', requirements=['PyYAML'], resolve='b')\n",
      "m/BUILD":
        "python_sources(resolve=parametrize('a', 'b'))\npex_binary(name='x', entry_point='x.py', resolve='b')\n",
      "m/x.py": "import yaml\n", "a.lock": "", "n/BUILD": "python_sources()\n", "n/y.py": "import q\n",
      "q/BUILD": "python_requirement(requirements=['q'], resolve='b')\n",
    ]
    let resolver = try GraphFixture(files, configuration: configuration).resolver()
    #expect(try resolver.dependencies("m/x.py@resolve=a") == ["r:ya"])
    #expect(try resolver.dependencies("m/x.py@resolve=b") == ["r:yb"])
    let plan = try resolver.bundlePlan(for: try resolver.id("m:x"))
    #expect(plan.resolve == "b")
    #expect(plan.lockfile == "b.lock")
    #expect(plan.requirements.map(\.text) == ["PyYAML"])
    _ = try resolver.dependencies("n/y.py")
    #expect(try resolver.warnings().flatMap(\.notes) == ["\"q\" is in the resolve \"b\": q:q"])
  }

  @Test func stubsAndImplementationsGoTogether() throws {
    let files = [
      "s/BUILD": "python_sources()\n", "s/a.py": "", "s/a.pyi": "", "m/BUILD": "python_sources()\n",
      "m/x.py": "import s.a\nimport requests\n",
      "r/BUILD": "python_requirement(name='r', requirements=['requests'])\n"
        + "python_requirement(name='t', requirements=['types-requests'])\n",
    ]
    let resolver = try GraphFixture(files).resolver()
    #expect(try resolver.dependencies("m/x.py") == ["r:r", "r:t", "s/a.py", "s/a.pyi"])
  }
}
