import SystemSupport
import Testing

/// Results of `kilt lint` and `kilt check` that two machines of a team share, and files that several resolves have.
@Suite struct SharedLintTests {
  private static let files = [
    "lib/BUILD": "python_sources()\n", "lib/bad.py": "import os\n", "lib/good.py": "x: int = \"1\"\n",
  ]

  @Test("Results of one machine are known on another, in another directory, by content")
  func shared() throws {
    let remote = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-lint-remote"))
    defer { do { try FileSystem.removeTree(remote) } catch { Issue.record("\(error)") } }
    func variables(_ mode: String) -> [String] { ["KILT_CACHE_REMOTE=\(remote)", "KILT_CACHE_REMOTE_MODE=\(mode)"] }
    let (server, laptop) = (try LintWorkspace(Self.files), try LintWorkspace(Self.files))
    for verb in ["lint", "check"] {
      let first = try server.kilt(verb, "::", environment: variables("write"))
      #expect(first.termination == .exited(1) && !first.errorText.contains("cached"), "\(first.errorText)")
      let second = try laptop.kilt(verb, "::", environment: variables("read"))
      #expect(second.text == first.text, "\(second.text)")
      #expect(second.errorText.contains("2 files (2 cached)"), "\(second.errorText)")
    }
    // Other content is checked here, and what is not a record is not believed.
    try laptop.write("lib/bad.py", "import sys\n")
    let edited = try laptop.kilt("lint", "::", environment: variables("read"))
    #expect(edited.text.contains("`sys` imported but unused"), "\(edited.text)")
    for file in try server.run("find", [remote.string, "-type", "f"]).text.split(separator: "\n") {
      try FileSystem.write(text: "poison", to: FilePath(String(file)))
    }
    let third = try LintWorkspace(Self.files)
    let poisoned = try third.kilt("lint", "::", environment: variables("read"))
    #expect(poisoned.text.contains("`os` imported but unused"), "\(poisoned.text) \(poisoned.errorText)")
    #expect(poisoned.errorText.contains("2 files, 1 finding in 1 file"), "\(poisoned.errorText)")
  }

  @Test("Each file is linted with the tool, and type-checked with the packages, of its own resolve")
  func resolves() throws {
    let workspace = try LintWorkspace(
      [
        "one/BUILD": """
        python_sources()
        python_requirement(name="reqs", requirements=["iniconfig", "isort==5.12.0"])

        """,
        "one/a.py": "import iniconfig\n\nprint(iniconfig)\n",
        "two/BUILD": """
        python_sources(resolve="two")
        python_requirement(name="reqs", requirements=["packaging", "isort==5.13.2"], resolve="two")

        """,
        "two/b.py": "import iniconfig\n\nprint(iniconfig)\n",
      ],
      configuration: """
        [workspace]
        name = "lint"
        [python.resolves]
        default = "one.lock"
        two = "two.lock"
        [lint]
        tools = ["isort"]

        """)
    try #require(try workspace.kilt("lock").termination.isSuccess)
    let linted = try workspace.kilt("lint", "::")
    #expect(linted.termination == .exited(0), "\(linted.text) \(linted.errorText)")
    #expect(linted.errorText.contains("✓ isort 5.12.0, 5.13.2  2 files"), "\(linted.errorText)")
    let checked = try workspace.kilt("check", "::")
    #expect(checked.termination == .exited(1), "\(checked.errorText)")
    #expect(checked.text.contains("two/b.py:1:1: import-not-found "), "\(checked.text)")
    #expect(!checked.text.contains("one/a.py"), "\(checked.text)")
  }
}
