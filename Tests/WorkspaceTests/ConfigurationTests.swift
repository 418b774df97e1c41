import Diagnostics
import Testing
import Workspace

@Suite struct ConfigurationTests {
  func message(for text: String) -> String {
    do {
      _ = try WorkspaceConfiguration(kiltFile: "kilt.toml", text: text)
      return "no error"
    } catch {
      #expect(DiagnosticRenderer.exitCode(for: error) == 2)
      return DiagnosticRenderer(color: false).render(error)
    }
  }

  @Test func everyKeyIsRead() throws {
    let configuration = try WorkspaceConfiguration(
      kiltFile: "kilt.toml",
      text: """
        [workspace]
        name = "acme"
        source_roots = ["src", "/tests"]
        ignore = ["gen/"]
        build_patterns = ["BUILD.kilt"]
        unknown_target_types = "ignore"
        prelude_globs = ["macros/*.py"]
        [python]
        interpreter_constraints = [">=3.8"]
        default_resolve = "b"
        [python.resolves]
        a = "a.lock"
        b = "3rdparty/b.lock"
        [python.infer]
        imports = true
        init_files = "never"
        unowned_dependency_behavior = "error"
        ambiguity_resolution = "by_source_root"
        [repository]
        url = "file:.kilt/repository"
        [git]
        main_branch = "trunk"
        [clusters.devcluster]
        scheduler = "http://127.0.0.1:8081"
        """)
    #expect(configuration.name == "acme")
    #expect(configuration.sourceRoots == ["src", "/tests"])
    #expect(configuration.buildPatterns == ["BUILD.kilt"])
    #expect(configuration.ignoresUnknownTargetTypes)
    #expect(configuration.resolves.map(\.name) == ["a", "b"])
    #expect(configuration.lockfile(ofResolve: "b") == "3rdparty/b.lock")
    #expect(configuration.defaultResolve == "b")
    #expect(configuration.inference.initFiles == .never)
    #expect(configuration.inference.unownedImports == .error)
    #expect(configuration.repositoryURL == "file:.kilt/repository")
    #expect(configuration.mainBranch == "trunk")
    #expect(configuration.clusters.map(\.scheduler) == ["http://127.0.0.1:8081"])
  }

  @Test func eachWayOfInferenceCanBeSet() throws {
    let text = """
      imports = false
      string_imports = true
      string_imports_min_dots = 3
      string_import_ignore = ["a.*"]
      assets = true
      assets_min_slashes = 2
      init_files = "always"
      conftests = false
      entry_points = false
      unowned_dependency_behavior = "ignore"
      ambiguity_resolution = "by_source_root"
      ignored_unowned_imports.add = ["gen"]

      """
    var expected = WorkspaceConfiguration().inference
    expected.imports = false
    expected.stringImports = true
    expected.stringImportsMinimumDots = 3
    expected.stringImportIgnore = ["a.*"]
    expected.assets = true
    expected.assetsMinimumSlashes = 2
    expected.initFiles = .always
    expected.conftests = false
    expected.entryPoints = false
    expected.unownedImports = .ignore
    expected.ambiguityResolution = .bySourceRoot
    expected.ignoredUnownedImports = ["gen"]
    #expect(try WorkspaceConfiguration(kiltFile: "kilt.toml", text: "[python.infer]\n" + text).inference == expected)
    #expect(try WorkspaceConfiguration(pantsFile: "pants.toml", text: "[python-infer]\n" + text).inference == expected)
  }

  @Test func anEmptyFileIsAWorkspace() throws {
    let configuration = try WorkspaceConfiguration(kiltFile: "kilt.toml", text: "")
    #expect(configuration.sourceRoots == ["/"])
    #expect(configuration.buildPatterns == ["BUILD", "BUILD.*"])
    #expect(configuration.resolves.isEmpty)
  }

  @Test func theOnlyResolveIsTheDefault() throws {
    let text = "[python.resolves]\nx = \"x.lock\"\n"
    #expect(try WorkspaceConfiguration(kiltFile: "kilt.toml", text: text).defaultResolve == "x")
  }

  @Test func unknownKeysSuggestTheNearest() {
    #expect(
      message(for: "[workspace]\nnane = \"x\"\n") == """
        error: unknown key "nane" in [workspace] of "kilt.toml"
          --> kilt.toml:2:1
           |
         2 | nane = "x"
           | ^^^^
          help: did you mean "name"?

        """)
    #expect(message(for: "[pyton]\n").contains("did you mean \"python\"?"))
    #expect(message(for: "[clusters.a]\nscheduler = \"x\"\nport = 1\n").contains("\"port\""))
  }

  @Test func wrongValuesSayWhatIsTaken() {
    #expect(
      message(for: "[workspace]\nsource_roots = \"/\"\n").contains(
        "\"source_roots\" in \"kilt.toml\" must be an array of strings, not a string"))
    #expect(message(for: "[python.infer]\ninit_files = \"some\"\n").contains("\"content_only\""))
    #expect(
      message(for: "[python]\ndefault_resolve = \"a\"\n[python.resolves]\nb = \"b\"\n").contains("default_resolve"))
    #expect(message(for: "workspace = 3\n").contains("must be a table"))
    #expect(message(for: "[workspace\n").contains("is not TOML"))
  }

  @Test func pantsFilesAreReadForWhatConcernsUs() throws {
    let configuration = try WorkspaceConfiguration(
      pantsFile: "pants.toml",
      text: """
        [GLOBAL]
        pants_version = "2.17.1"
        build_patterns = ["BUILD.pants"]
        build_file_prelude_globs = ["pants-plugins/macros.py"]
        pants_ignore.add = ["vendor/"]
        [source]
        root_patterns = ["/src/python"]
        marker_filenames = ["ROOT"]
        [python]
        enable_resolves = true
        interpreter_constraints = ["==3.9.*"]
        [python-infer]
        string_imports = true
        """)
    #expect(configuration.buildPatterns == ["BUILD.pants"])
    #expect(configuration.ignore == ["vendor/"])
    #expect(configuration.preludeGlobs == ["pants-plugins/macros.py"])
    #expect(configuration.sourceRootMarkers == ["ROOT"])
    #expect(configuration.defaultResolve == "python-default")
    #expect(configuration.inference.stringImports)
  }

  @Test func sourceRootsAreTheDeepestMatch() {
    let roots = SourceRoots(patterns: ["/", "src/python", "/tests/*"])
    #expect(roots.root(of: "") == "")
    #expect(roots.root(of: "lib/a") == "")
    #expect(roots.root(of: "x/src/python/acme") == "x/src/python")
    #expect(roots.root(of: "tests/unit/a") == "tests/unit")
    #expect(SourceRoots(patterns: ["src"]).root(of: "lib") == nil)
    #expect(SourceRoots(patterns: [], marked: ["lib"]).root(of: "lib/a") == "lib")
  }
}
