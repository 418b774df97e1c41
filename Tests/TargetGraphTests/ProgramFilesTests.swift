import BuildFiles
import TargetGraph
import Testing
import Workspace

/// Which files a program sees, and where.
@Suite struct ProgramFilesTests {
  private func resolver(
    _ files: [String: String], _ change: (inout WorkspaceConfiguration) -> Void = { _ in }
  ) throws -> DependencyResolver {
    var configuration = WorkspaceConfiguration()
    change(&configuration)
    return try GraphFixture(files, configuration: configuration).resolver()
  }

  private func places(_ resolver: DependencyResolver, _ spec: String) throws -> [String] {
    try resolver.bundlePlan(for: try resolver.id(spec)).files.map(\.bundlePath)
  }

  private static let packages = [
    "app/BUILD": "python_sources()\nresources(name='data', sources=['**/*.txt'])\n"
      + "pex_binary(name='bin', entry_point='main.py', dependencies=[':data'])\n",
    "app/__init__.py": "", "app/main.py": "import lib.deep.a\n", "app/data/__init__.py": "# no code\n",
    "app/data/x.txt": "", "lib/BUILD": "python_sources(sources=['**/*.py', '!**/__init__.py'])\n",
    "lib/__init__.py": "", "lib/deep/__init__.py": "", "lib/deep/__init__.pyi": "", "lib/deep/a.py": "",
    "lib/other/__init__.py": "", "__init__.py": "",
  ]

  @Test("A bundle has every package file above its files, even blank and unowned ones")
  func packageFiles() throws {
    #expect(
      try places(try resolver(Self.packages), "app:bin") == [
        "__init__.py", "app/__init__.py", "app/data/__init__.py", "app/data/x.txt", "app/main.py", "lib/__init__.py",
        "lib/deep/__init__.py", "lib/deep/__init__.pyi", "lib/deep/a.py",
      ])
  }

  @Test("If init_files is set, package files that it excludes are omitted")
  func initFilesOption() throws {
    let never = try resolver(Self.packages) { $0.inference.packedInitFiles = .never }
    #expect(try places(never, "app:bin") == ["app/data/x.txt", "app/main.py", "lib/deep/a.py"])
    var files = Self.packages
    files["lib/__init__.py"] = "X = 1\n"
    files["app/data/__init__.py"] = "\n"
    let content = try resolver(files) { $0.inference.packedInitFiles = .contentOnly }
    #expect(try places(content, "app:bin") == ["app/data/x.txt", "app/main.py", "lib/__init__.py", "lib/deep/a.py"])
    for (text, packed) in [("", "always"), ("init_files = 'never'", "never"), ("init_files = 'always'", "always")] {
      let read = try WorkspaceConfiguration(kiltFile: "kilt.toml", text: "[python.infer]\n\(text)\n")
      #expect(read.inference.packedInitFiles.rawValue == packed)
    }
  }

  private static let twoRoots = [
    "one/BUILD": "python_sources()\npex_binary(name='bin', entry_point='main.py', dependencies=['two/p'])\n",
    "one/main.py": "", "one/p/BUILD": "python_sources()\n", "one/p/__init__.py": "", "one/p/m.py": "A = 1\n",
    "two/p/BUILD": "python_sources()\n", "two/p/__init__.py": "", "two/p/m.py": "A = 2\n",
    "one/b/BUILD": "pex_binary(name='both', dependencies=['one/p', 'two/p'])\n",
  ]

  @Test("Two files with one path in a bundle are an error that names both")
  func samePlace() throws {
    let resolver = try resolver(Self.twoRoots) { $0.sourceRoots = ["/one", "/two"] }
    #expect(
      message { _ = try places(resolver, "one/b:both") } == """
        error: two files of "one/b:both" have the same path "p/m.py" in the bundle
          --> one/b/BUILD:1:1
           |
         1 | pex_binary(name='both', dependencies=['one/p', 'two/p'])
           | ^^^^^^^^^^
          note: "one/p/m.py" is in the source root "/one"
          note: "two/p/m.py" is in the source root "/two"
          help: rename one of the files, or move it to a directory with another name
          help: run `kilt paths --from one/b:both --to FILE` to see why each of them is needed

        """)
  }

  @Test("Two files of equal bytes can have one path in a bundle")
  func equalBytes() throws {
    var files = Self.twoRoots
    files["two/p/m.py"] = "A = 1\n"
    let resolver = try resolver(files) { $0.sourceRoots = ["/one", "/two"] }
    #expect(try places(resolver, "one/b:both") == ["p/__init__.py", "p/m.py"])
  }
}
