import BuildFiles
import Diagnostics
import Starlark
import Testing

/// The package that a text declares in a directory.
func evaluate(
  _ text: String, in directory: String = "lib/auth", prelude: String? = nil, ignoringUnknownTypes: Bool = false,
  files: [String: String] = [:]
) throws -> BuildDirectory {
  var options = BuildFileEvaluator.Options(
    environment: { ["HOME": "/home/x"][$0] },
    read: { path in
      guard let text = files[path] else { throw Diagnostic(.input, "the file \"\(path)\" does not exist") }
      return Array(text.utf8)
    })
  options.ignoresUnknownTypes = ignoringUnknownTypes
  let macros = prelude.map { [SourceFile(name: "macros.py", bytes: Array($0.utf8))] } ?? []
  let evaluator = try BuildFileEvaluator(prelude: macros, options: options)
  let path = Paths.join(directory, "BUILD")
  return try evaluator.evaluate(directory: directory, files: [SourceFile(name: path, bytes: Array(text.utf8))])
}

/// The targets of a package once defaults and parameters are applied.
func resolved(_ packages: BuildDirectory...) throws -> [TargetDeclaration] {
  let (packages, errors) = BuildDirectory.resolve(packages)
  if let first = errors.first { throw first }
  return packages.flatMap(\.targets)
}

@Suite struct EvaluationTests {
  @Test func targetsKeepTheirFieldsAndPlaces() throws {
    let package = try evaluate(
      """
      # Auth.
      python_sources()

      python_tests(
          name="tests",
          timeout=60,
          dependencies=[":auth", "!./x.py"],
      )
      """)
    #expect(package.targets.map(\.name) == ["auth", "tests"])
    #expect(package.targets.map(\.type) == [.pythonSources, .pythonTests])
    #expect(package.targets[1].value(of: "timeout") == .int(60))
    #expect(package.targets[1].strings(of: "dependencies") == [":auth", "!./x.py"])
    #expect(package.targets[1].strings(of: "sources") == ["test_*.py", "*_test.py", "tests.py"])
    #expect(package.targets[1].site.line == 4)
    let place = package.targets[1].site.location(field: "dependencies", text: "!./x.py")
    #expect(place.line == 7)
    #expect(place.column == 29)
    #expect(place.length == 7)
  }

  @Test func aTargetInAPreludeFileIsAnErrorWithItsPlace() throws {
    let error = try #require(throws: BuildFileError.self) { try evaluate("", prelude: "target(name=\"x\")\n") }
    #expect(error.diagnostic.summary.contains("targets can be declared in BUILD files only"))
    #expect(error.diagnostic.location?.path == "macros.py")
    #expect(error.diagnostic.location?.line == 1)
  }

  @Test func allThatLoadedFilesLoadIsAnInputOfEachPackage() throws {
    let files = ["a.star": "load(\"//b.star\", \"B\")\nA = B\n", "b.star": "B = \"b\"\n"]
    let evaluator = try BuildFileEvaluator(
      options: .init(read: { path in Array((files[path] ?? "").utf8) }))
    // The second of two finds the file read and evaluated already.
    for directory in ["one", "two"] {
      let source = SourceFile(name: directory + "/BUILD", bytes: Array("load(\"//a.star\", \"A\")\n".utf8))
      #expect(try evaluator.evaluate(directory: directory, files: [source]).loadedFiles == ["a.star", "b.star"])
    }
  }

  @Test func theNamesOf2017StillWork() throws {
    let package = try evaluate(
      """
      python_library(
        name='lib',
        sources=globs('*.py', exclude=[globs('*_test.py')]) + ['extra.py'],
        dependencies=['3rdparty:six'],
        provides=None,
      )
      resources(name='r', sources=rglobs('*.mustache') - rglobs('old/*'))
      python_binary(name='main', source='main.py', compatibility=['CPython>=2.7,<4'], zip_safe=False)
      python_requirement_library(name='six', requirements=[python_requirement('six>=1.9,<2')])
      """)
    #expect(package.targets.map(\.type) == [.pythonSources, .resources, .pexBinary, .pythonRequirement])
    #expect(package.targets[0].strings(of: "sources") == ["*.py", "extra.py", "!*_test.py"])
    #expect(package.targets[1].strings(of: "sources") == ["**/*.mustache", "!old/**/*"])
    #expect(package.targets[2].value(of: "entry_point") == .string("main.py"))
    #expect(package.targets[2].strings(of: "interpreter_constraints") == ["CPython>=2.7,<4"])
    #expect(package.targets[3].strings(of: "requirements") == ["six>=1.9,<2"])
  }

  @Test func defaultsReachTheSubtree() throws {
    let top = try evaluate(
      """
      __defaults__({(files, resources): dict(tags=["data"])}, all=dict(description="d"))
      resources(name="a", sources=["x"])
      """, in: "")
    let below = try evaluate(
      """
      files(name="b", sources=["x"])
      files(name="c", sources=["x"], tags=["own"])
      __defaults__({files: dict(tags=["more"])}, extend=True)
      files(name="d", sources=["x"])
      """, in: "x/y")
    let targets = try resolved(below, top)
    #expect(targets.map(\.name) == ["a", "b", "c", "d"])
    #expect(targets.map(\.site.path) == ["BUILD", "x/y/BUILD", "x/y/BUILD", "x/y/BUILD"])
    #expect(targets.map { $0.strings(of: "tags") } == [["data"], ["data"], ["own"], ["more"]])
    #expect(targets[3].value(of: "description") == .string("d"))
  }

  @Test func parametrizeMakesTheProduct() throws {
    let package = try evaluate(
      """
      python_tests(
        name="t", timeout=parametrize(1, 2), resolve=parametrize("a", "b"),
        tags=parametrize(slow=["x"], fast=[]))
      """)
    let targets = try resolved(package)
    #expect(targets.count == 8)
    let addresses = targets.map { Address(directory: "lib/auth", name: $0.name, parameters: $0.parameters).description }
    #expect(addresses.contains("lib/auth:t@resolve=b,tags=slow,timeout=2"))
    #expect(Set(addresses).count == 8)
  }

  @Test func macrosLoadsAndFunctionsOfTheDirectory() throws {
    let package = try evaluate(
      """
      load("//tools/defs.star", "names")
      for name in names:
        service(name, tag=f"in-{build_file_dir()}")
      file(name="env", source="f", description=env("HOME") + env("NONE", "/else"))
      """, prelude: "def service(name, tag):\n  python_sources(name=name, tags=[tag])\n",
      files: ["tools/defs.star": "names = ['a', 'b']\n"])
    #expect(package.targets.map(\.name) == ["a", "b", "env"])
    #expect(package.targets[0].tags == ["in-lib/auth"])
    #expect(package.targets[0].site.path == "lib/auth/BUILD")
    #expect(package.targets[0].site.line == 3)
    #expect(package.targets[2].value(of: "description") == .string("/home/x/else"))
    #expect(package.loadedFiles == ["macros.py", "tools/defs.star"])
    #expect(package.environmentNames == ["HOME", "NONE"])
  }

  @Test func unknownTypesCanBeKept() throws {
    let package = try evaluate(
      "acme_service(name='s', dependencies=[':x'], replicas=3)\n", ignoringUnknownTypes: true)
    #expect(package.targets[0].type == .foreign)
    #expect(package.targets[0].typeName == "acme_service")
    #expect(package.targets[0].strings(of: "dependencies") == [":x"])
  }

  @Test func objectsKeepTheirArguments() throws {
    let package = try evaluate(
      """
      python_distribution(name="d", provides=python_artifact(name="acme", version="1.0"))
      file(name="f", source=http_source("a-url", len=3, sha256="0" * 64, filename="x"))
      """)
    guard case .object("python_artifact", let entries) = package.targets[0].value(of: "provides") else {
      Issue.record("\(package.targets[0].value(of: "provides"))")
      return
    }
    #expect(entries.map { $0.key.string } == ["name", "version"])
  }
}

extension TargetDeclaration {
  fileprivate var tags: [String] { strings(of: "tags") }
}
