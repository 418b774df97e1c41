import Diagnostics
import SystemSupport
import Testing

@testable import Workspace

/// Options of Pants: which are followed, which are named, and where values come from.
@Suite struct PantsOptionTests {
  private static let listed: [(scope: String, option: String)] = {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let text = (try? FileSystem.readText(root.appending("scripts/lib/pants-options.txt"))) ?? ""
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      let words = line.split(separator: " ").map(String.init)
      return (words[0], words[1])
    }
  }()

  @Test("The table has every option of Pants' core and Python backends, with the effect of each")
  func complete() {
    #expect(Self.listed.count > 500)
    for (scope, option) in Self.listed {
      let entry = PantsOptionTable.entries[scope]?[option]
      #expect(entry != nil, "[\(scope)] \(option)")
      if let entry, entry.kind == .warned { #expect(!entry.effect.isEmpty, "[\(scope)] \(option)") }
    }
    let scopes = Set(Self.listed.map(\.scope))
    #expect(PantsOptionTable.entries.keys.allSatisfy { scopes.contains($0) })
  }

  @Test("The page on Pants repositories names each option that is not followed, with its effect")
  func documented() throws {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let page = try FileSystem.readText(root.appending("docs/pants-compatibility.md"))
    for (scope, options) in PantsOptionTable.entries {
      for (option, entry) in options where entry.kind == .warned {
        #expect(page.contains("| `[\(scope)] \(option)` | \(entry.effect) |"), "[\(scope)] \(option)")
      }
    }
  }

  private func configuration(
    _ text: String, _ files: [String: String] = [:], _ variables: [String: String] = [:]
  ) throws -> WorkspaceConfiguration {
    try WorkspaceConfiguration(
      pantsFile: "pants.toml", text: text, read: { files[$0] }, variable: { variables[$0] })
  }

  @Test("Each option that is not followed is named once, with location and effect")
  func notices() throws {
    let found = try configuration(
      """
      [GLOBAL]
      pants_version = "2.30.0"
      pantsd = false
      pants_distdir = "%(buildroot)s/dist"
      [python]
      interpreter_constraints = ["==3.11.*"]
      run_against_entire_lockfile = true
      enable_lockfile_targets = true
      resolver_manylinux = ""
      intrepreter_constraints = []
      misspelt = ["x"]
      [black]
      args = ["-l 100"]
      [pytest]
      execution_slot_var = "SLOT"
      [DEFAULT]
      anything = "x"
      [docker]
      tools = ["sh"]
      [test]
      output = "failed"
      """)
    #expect(
      found.pantsNotices.map { "\($0.scope).\($0.option)" } == [
        "pytest.execution_slot_var", "python.intrepreter_constraints", "python.misspelt",
        "python.run_against_entire_lockfile",
      ])
    let warning = try #require(found.pantsOptionsWarning)
    let text = DiagnosticRenderer(color: false).render(warning, as: .warning)
    #expect(text.hasPrefix("warning: Kilt does not follow 4 options of Pants that can change results\n"), "\(text)")
    #expect(
      text.contains("[pytest] execution_slot_var (pants.toml:15): tests would find the number of their slot"), "\(text)"
    )
    #expect(text.contains("help: write pants_options = \"ignore\" under [workspace]"), "\(text)")
    #expect(try configuration("[python]\nenable_resolves = false\n").pantsOptionsWarning == nil)
    let silent = try WorkspaceConfiguration(
      kiltFile: "kilt.toml", text: "[workspace]\nextends = \"pants.toml\"\npants_options = \"ignore\"\n",
      read: { _ in "[pytest]\nskip = true\n" })
    #expect(silent.pantsOptionsWarning == nil)
  }

  @Test("Values come in layers: the file, further files, files of the user, variables")
  func layers() throws {
    let text = """
      [GLOBAL]
      tag = ["one"]
      build_ignore = ["a", "b"]
      build_patterns = ["BUILD"]
      [python-infer]
      assets = false
      [python]
      enable_resolves = true
      resolves = {a = "a.lock"}
      default_resolve = "a"
      [test]
      timeout_default = 1
      """
    let files = [
      "pants.ci.toml": """
      [GLOBAL]
      tag = ["two"]
      build_ignore.add = ["c"]
      build_ignore.remove = ["a"]
      [python]
      resolves = "+{'b': 'b.lock'}"
      default_resolve = "b"
      [python-infer]
      assets = true
      """,
      "/home/u/.pants.rc": "[GLOBAL]\nbuild_patterns = \"+['TARGETS']\"\n[test]\ntimeout_default = 2\n",
      ".pants.rc": "[test]\ntimeout_default = 3\n",
    ]
    let plain = try configuration(text)
    #expect(plain.tags == ["one"] && plain.buildIgnore == ["a", "b"] && plain.testing.timeoutDefault == 1)
    let found = try configuration(
      text, files,
      ["PANTS_CONFIG_FILES": "pants.ci.toml", "HOME": "/home/u", "PANTS_PYTHON_INFER_ASSETS": "false"])
    #expect(found.tags == ["two"])
    #expect(found.buildIgnore == ["b", "c"])
    #expect(found.buildPatterns == ["BUILD", "TARGETS"])
    #expect(found.resolves.map(\.name) == ["a", "b"] && found.defaultResolve == "b")
    #expect(!found.inference.assets)
    #expect(found.testing.timeoutDefault == 3)
    #expect(found.layerPaths == ["pants.ci.toml", "/home/u/.pants.rc", ".pants.rc"])
    let last = try configuration(
      text, files,
      ["PANTS_CONFIG_FILES": "['pants.ci.toml']", "PANTS_TAG": "+['three']", "PANTS_TEST_TIMEOUT_DEFAULT": "9"])
    #expect(last.tags == ["two", "three"] && last.testing.timeoutDefault == 9)
    // No file of the user is read where the first file, or a variable, says so.
    for (head, variables) in [("[GLOBAL]\npantsrc = false\n", [:]), ("", ["PANTS_PANTSRC": "false"])] {
      #expect(try configuration(head, files, variables).testing.timeoutDefault == nil)
    }
    #expect(throws: Diagnostic.self) { try configuration("", [:], ["PANTS_CONFIG_FILES": "gone.toml"]) }
    let error = #expect(throws: Diagnostic.self) {
      try configuration("", ["ci.toml": "[GLOBAL]\nbuild_ignore = 1\n"], ["PANTS_CONFIG_FILES": "ci.toml"])
    }
    #expect(error?.location?.path == "ci.toml" && error?.location?.line == 2)
  }

  @Test("Values can refer to variables of the environment and to files")
  func names() throws {
    let found = try configuration(
      """
      [python-repos]
      indexes = ["https://%(env.USER_NAME)s:%(env.SECRET)s@index.invalid/simple"]
      [GLOBAL]
      build_ignore = "@ignored.txt"
      """, ["ignored.txt": "['x', 'y']\n"], ["USER_NAME": "ann", "SECRET": "s"])
    #expect(found.indexes == ["https://ann:s@index.invalid/simple"])
    #expect(!found.addsToDefaultIndex)
    #expect(found.buildIgnore == ["x", "y"])
    #expect(throws: Diagnostic.self) { try configuration("[GLOBAL]\nbuild_ignore = \"@gone.txt\"\n") }
    #expect(try configuration("[python-repos]\nindexes.add = [\"https://b.invalid\"]\n").addsToDefaultIndex)
  }

  @Test("Options of tests and coverage are followed")
  func testing() throws {
    let testing = try configuration(
      """
      [pytest]
      args = ["-k 'a and b' --tb=short", "-x"]
      config = "ci/pytest.ini"
      [test]
      use_coverage = true
      timeouts = false
      [coverage-py]
      report = ["xml", "html"]
      fail_under = 87.5
      """
    ).testing
    #expect(testing.pytestArguments == ["-k", "a and b", "--tb=short", "-x"])
    #expect(testing.pytestConfiguration == "ci/pytest.ini")
    #expect(testing.usesCoverage && !testing.hasTimeouts && testing.coverageFailUnder == 87.5)
    #expect(testing.coverageReports == ["xml", "html"])
    #expect(throws: Diagnostic.self) { try configuration("[pytest]\nconfig = \"../x.ini\"\n") }
  }

  @Test(
    "Texts are split as a shell splits them",
    arguments: [
      ("a  b", ["a", "b"]), ("'a b' \"c d\"", ["a b", "c d"]), ("a\\ b", ["a b"]), ("''", [""]), ("x'y z'w", ["xy zw"]),
      ("\"a\\\"b\"", ["a\"b"]), ("", []), ("'open", ["open"]),
    ])
  func shellWords(text: String, words: [String]) {
    #expect(ShellWords.split(text) == words)
  }
}
