import BuildFiles
import Diagnostics
import SystemSupport
import Testing

@testable import Workspace

@Suite struct PantsConfigurationTests {
  @Test func additionsAndRemovalsChangeTheDefault() throws {
    let configuration = try WorkspaceConfiguration(
      pantsFile: "pants.toml",
      text: """
        [GLOBAL]
        build_patterns.add = ["TARGETS"]
        [source]
        root_patterns = {add = ["/lib"], remove = ["/"]}
        """)
    #expect(configuration.buildPatterns == ["BUILD", "BUILD.*", "TARGETS"])
    #expect(configuration.sourceRoots == ["src", "src/python", "src/py", "/lib"])
  }

  @Test func stringsStandForListsAndTables() throws {
    let configuration = try WorkspaceConfiguration(
      pantsFile: "pants.toml",
      text: """
        [GLOBAL]
        build_patterns = "+['TARGETS']"
        build_ignore = "one"
        [source]
        root_patterns = \"\"\"
        [
          '/',
          'lib',  # a comment
        ]\"\"\"
        [python]
        enable_resolves = true
        resolves = "{'a': 'a.lock', 'b': 'b.lock'}"
        default_resolve = "a"
        resolves_to_interpreter_constraints = "{'a': ['==3.11.*']}"
        [pytest]
        extra_requirements.add = ["pytest-x"]
        """)
    #expect(configuration.buildPatterns == ["BUILD", "BUILD.*", "TARGETS"])
    #expect(configuration.buildIgnore == ["one"])
    #expect(configuration.sourceRoots == ["/", "lib"])
    #expect(configuration.resolves.map(\.lockfile) == ["a.lock", "b.lock"])
    #expect(configuration.resolves.map(\.options.interpreterConstraints) == [["==3.11.*"], []])
    #expect(configuration.testing.pytestPlugins == ["pytest-x"])
    #expect(throws: Diagnostic.self) {
      try WorkspaceConfiguration(
        pantsFile: "pants.toml", text: "[python]\nenable_resolves = true\nresolves = \"{'a'\"\n")
    }
    // Only of Pants' file.
    #expect(throws: Diagnostic.self) {
      try WorkspaceConfiguration(kiltFile: "kilt.toml", text: "[workspace]\nsource_roots = \"['/']\"\n")
    }
  }

  @Test func namesInPathsAreReplaced() throws {
    let configuration = try WorkspaceConfiguration(
      pantsFile: "pants.toml",
      text: """
        [DEFAULT]
        locks = "3rdparty/%(flavour)s"
        flavour = "python"
        pythons = "CPython>=3.10"
        [GLOBAL]
        pythonpath = ["%(buildroot)s/pants-plugins", "%(nothing)s"]
        build_file_prelude_globs = ["%(buildroot)s/macros/*.py"]
        [python]
        enable_resolves = true
        interpreter_constraints = ["%(pythons)s,<4"]
        resolves = {a = "%(locks)s/a.lock"}
        resolves_to_interpreter_constraints = {a = ["%(pythons)s"]}
        default_resolve = "a"
        """)
    #expect(configuration.interpreterConstraints == ["CPython>=3.10,<4"])
    #expect(configuration.resolves[0].options.interpreterConstraints == ["CPython>=3.10"])
    #expect(configuration.pluginPaths == ["pants-plugins", "%(nothing)s"])
    #expect(configuration.preludeGlobs == ["macros/*.py"])
    #expect(configuration.lockfile(ofResolve: "a") == "3rdparty/python/a.lock")
  }

  @Test func aNameThatHoldsItselfComesToAnEnd() throws {
    let text = "[DEFAULT]\na = \"%(a)s\"\n[GLOBAL]\nbuild_file_prelude_globs = [\"%(a)s\"]\n"
    #expect(try WorkspaceConfiguration(pantsFile: "pants.toml", text: text).preludeGlobs == ["%(a)s"])
  }

  @Test func aFileOfOursExtendsPants() throws {
    let pants =
      "[source]\nroot_patterns = [\"/src\"]\n[python]\nenable_resolves = true\nresolves = {x = \"x.lock\"}\n"
      + "default_resolve = \"x\"\n[python-infer]\nassets = true\n"
    let files = [
      "pants.toml": pants, "src/a.py": "",
      "kilt.toml":
        "[workspace]\nextends = \"pants.toml\"\nunknown_target_types = \"ignore\"\n[git]\nmain_branch = \"trunk\"\n",
    ]
    try withFiles(files) { root in
      let configuration = try Workspace.find(from: root).configuration
      #expect(configuration.path == "kilt.toml")
      #expect(configuration.sourceRoots == ["/src"])
      #expect(configuration.lockfile(ofResolve: "x") == "x.lock")
      #expect(configuration.defaultResolve == "x")
      #expect(configuration.inference.assets)
      #expect(configuration.ignoresUnknownTargetTypes)
      #expect(configuration.mainBranch == "trunk")
    }
    #expect(throws: Diagnostic.self) {
      try withFiles(["kilt.toml": "[workspace]\nextends = \"pants.tml\"\n"]) { try Workspace.find(from: $0) }
    }
  }

  @Test(arguments: [
    ("    alias = \"st2_pack\"", "st2_pack"), ("alias: ClassVar[str] = 'x'", "x"), ("  alias='y'", "y"),
    ("    nfpm_alias = \"z\"", nil), ("    alias = name", nil), ("    alias_of = \"x\"", nil), ("alias = \"a b\"", nil),
    ("", nil), ("alias", nil),
  ])
  func pluginsStateTheirNames(line: String, name: String?) {
    #expect(Workspace.alias(in: line) == name)
  }

  @Test func whatPluginsOfTheRepositoryDefineIsNoError() throws {
    let files = [
      "pants.toml":
        "[GLOBAL]\npythonpath = [\"%(buildroot)s/plugins\", \"%(buildroot)s/gone\"]\npants_ignore = [\"/plugins\"]\n",
      "plugins/own/target_types.py":
        "class PackTarget(Target):\n    alias = \"pack\"\n\nclass Uses(Field):\n    alias = \"uses\"\n",
      "lib/BUILD":
        "__defaults__(all=dict(uses=['mongo']))\npython_tests(uses=['redis'], skip_mypy=True)\n"
        + "pack(name='p', anything=[1], dependencies=[':lib'])\n",
      "lib/a_test.py": "",
    ]
    try withFiles(files) { root in
      let packages = try packages(try Workspace.find(from: root))
      #expect(packages.flatMap(\.targets).map(\.typeName) == ["python_tests", "pack"])
      #expect(packages[0].targets[1].strings(of: "dependencies") == [":lib"])
    }
    var slip = files
    slip["lib/BUILD"] = "pack(name='p')\npakc(name='q')\n"
    #expect(throws: DiagnosticList.self) {
      try withFiles(slip) { root in
        try packages(try Workspace.find(from: root))
      }
    }
  }

  /// The evaluated BUILD files of a workspace.
  private func packages(_ workspace: Workspace) throws -> [BuildDirectory] {
    let files = try workspace.scanFiles()
    let evaluation = try PackageEvaluation(
      workspace, files: files, reader: ContentReader(workspace, files: files, ignoringInode: false))
    let directories = files.allDirectories.filter { !workspace.buildFiles(in: $0, of: files).isEmpty }
    let (evaluated, problems) = try evaluation.evaluate(Array(directories))
    let (resolved, errors) = BuildDirectory.resolve(evaluated.map(\.package))
    let all = problems + errors.map(\.diagnostic)
    guard all.isEmpty else { throw DiagnosticList(all) }
    return resolved
  }
}
