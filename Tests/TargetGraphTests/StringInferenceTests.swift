import Diagnostics
import TargetGraph
import Testing
import Workspace

/// Dependencies that follow from strings, where `[python-infer]` says so.
@Suite struct StringInferenceTests {
  private func configuration(_ change: (inout WorkspaceConfiguration.Inference) -> Void) -> WorkspaceConfiguration {
    var configuration = WorkspaceConfiguration()
    configuration.sourceRoots = ["src"]
    change(&configuration.inference)
    return configuration
  }

  private let repository = [
    "src/app/BUILD": "python_sources()\nresources(name='res', sources=['data/*.json'])\n",
    "src/app/data/a.json": "", "src/app/data/b.json": "",
    "src/app/main.py": """
    get("data/a.json")
    open("etc/prod.toml")
    open("./etc//prod.toml")
    open("src/app/data/b.json")
    open("../app/data/b.json")
    open("/etc/prod.toml")
    open("etc/none.toml")
    """,
    "etc/BUILD": "files(name='etc', sources=['*.toml'])\n", "etc/prod.toml": "",
  ]

  @Test func assetsAreFoundWhereTheirKindIsWhenAProgramRuns() throws {
    // A resource beside the source file, a file from the root; neither by the other's path.
    let resolver = try GraphFixture(repository, configuration: configuration { $0.assets = true }).resolver()
    #expect(try resolver.dependencies("src/app/main.py") == ["etc/prod.toml", "src/app/data/a.json:../res"])
    #expect(
      try GraphFixture(repository, configuration: configuration { _ in }).resolver()
        .dependencies("src/app/main.py") == [])
  }

  @Test func assetsNeedAsManySlashesAsConfigured() throws {
    var files = repository
    files["src/app/main.py"] = "open('etc/prod.toml')\nget('data/x/c.json')\n"
    files["src/app/BUILD"] = "python_sources()\nresource(name='c', source='data/x/c.json')\n"
    files["src/app/data/x/c.json"] = ""
    let two = configuration {
      $0.assets = true
      $0.assetsMinimumSlashes = 2
      $0.imports = false
    }
    #expect(try GraphFixture(files, configuration: two).resolver().dependencies("src/app/main.py") == ["src/app:c"])
  }

  @Test func aMarkTakesAnAssetAway() throws {
    var files = repository
    files["src/app/main.py"] = "NAMES = [\n  'etc/prod.toml',  # pants: no-infer-dep\n  'data/a.json',\n]\n"
    let resolver = try GraphFixture(files, configuration: configuration { $0.assets = true }).resolver()
    #expect(try resolver.dependencies("src/app/main.py") == ["src/app/data/a.json:../res"])
  }

  @Test func anAssetOfTwoTargetsIsAmbiguousAndNeverAnError() throws {
    var files = repository
    files["src/app/BUILD"] =
      "python_sources()\nresources(name='res', sources=['data/*'])\nresource(name='one', source='data/a.json')\n"
    files["src/app/main.py"] = "get('data/a.json')\n"
    let strict = configuration {
      $0.assets = true
      $0.unownedImports = .error
    }
    let resolver = try GraphFixture(files, configuration: strict).resolver()
    #expect(try resolver.dependencies("src/app/main.py") == [])
    let text = try resolver.warnings().map { DiagnosticRenderer(color: false).render($0, as: .warning) }.joined()
    #expect(
      text == """
        warning: "data/a.json" could come from 2 targets, so nothing was inferred
          --> src/app/main.py:1
          note: provided by src/app/data/a.json:../res, src/app:one
          note: used by src/app/main.py
          help: add dependencies=["!src/app:one"] to "src/app:app" (src/app/BUILD:1), or run `kilt tailor --fix`

        """)
    files["src/app/BUILD"] = files["src/app/BUILD"]?.replacingFirst(
      "python_sources(", "python_sources(dependencies=['!:one'], ")
    let settled = try GraphFixture(files, configuration: strict).resolver()
    #expect(try settled.dependencies("src/app/main.py") == ["src/app/data/a.json:../res"])
    #expect(try settled.warnings().isEmpty)
  }

  @Test func stringsWithEnoughDotsAreWeakImports() throws {
    let files = [
      "src/p/BUILD": "python_sources()\n", "src/p/q.py": "", "src/p/r.py": "",
      "src/p/main.py": "A = ['p.q.Thing', 'p.r', 'p.gone.Thing', 'p.r.x-y.z', 'nothing.of.that']\n",
    ]
    let two = configuration { $0.stringImports = true }
    let resolver = try GraphFixture(files, configuration: two).resolver()
    #expect(try resolver.dependencies("src/p/main.py") == ["src/p/q.py"])
    #expect(try resolver.warnings().isEmpty)
    let one = configuration {
      $0.stringImports = true
      $0.stringImportsMinimumDots = 1
      $0.stringImportIgnore = ["p.?.Th*"]
    }
    #expect(try GraphFixture(files, configuration: one).resolver().dependencies("src/p/main.py") == ["src/p/r.py"])
  }
}

extension String {
  fileprivate func replacingFirst(_ text: String, _ other: String) -> String {
    guard let range = firstRange(of: text) else { return self }
    return self[..<range.lowerBound] + other + self[range.upperBound...]
  }
}
