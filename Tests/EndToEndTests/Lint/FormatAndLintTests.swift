import JSON
import SystemSupport
import Testing

/// `kilt fmt` and `kilt lint` with the real ruff.
@Suite struct FormatAndLintTests {
  private static let files = [
    "lib/BUILD": "python_sources()\n", "lib/good.py": "import sys\n\nprint(sys.path)\n",
    "lib/bad.py": "import os\nx=1\n",
  ]

  @Test("fmt formats with a pinned ruff, says where it is locked, and then finds nothing to do")
  func format() throws {
    let workspace = try LintWorkspace(Self.files)
    let check = try workspace.kilt("fmt", "::", "--check")
    #expect(check.termination == .exited(1), "\(check.errorText)")
    #expect(check.text == "lib/bad.py: the file is not formatted [ruff-format]")
    #expect(check.errorText.hasSuffix("fix: kilt fmt //lib/bad.py"), "\(check.errorText)")
    #expect(try workspace.read("lib/bad.py") == "import os\nx=1\n")
    let first = try workspace.kilt("fmt", "::")
    #expect(first.termination == .exited(0), "\(first.errorText)")
    #expect(first.errorText.contains("2 files (2 cached), 1 changed"), "\(first.errorText)")
    #expect(try workspace.read("lib/bad.py") == "import os\n\nx = 1\n")
    #expect(try workspace.read("lib/good.py") == Self.files["lib/good.py"])
    let second = try workspace.kilt("fmt", "::", "--check")
    #expect(second.termination == .exited(0) && second.errorText.contains("2 files (1 cached)"), "\(second.errorText)")
  }

  @Test("A first run names the version and the lockfile of ruff")
  func origin() throws {
    let workspace = try LintWorkspace(Self.files)
    let cache = workspace.root.appending("cache")
    try FileSystem.createDirectories(cache)
    // The files of the index are there; the lock is not.
    _ = try workspace.kilt("lint", "::")
    for name in ["blobs", "unpacked"] {
      try FileSystem.createSymbolicLink(at: cache.appending(name), to: Example.cache.appending(name))
    }
    let outcome = try workspace.kilt("fmt", "::", environment: ["KILT_CACHE_DIR=\(cache)"])
    #expect(outcome.termination == .exited(0), "\(outcome.errorText)")
    #expect(
      outcome.errorText.contains("note: locked ruff ") && outcome.errorText.contains("\(cache)/tools/ruff-"),
      "\(outcome.errorText)")
  }

  @Test("lint finds, --fix fixes, and an unchanged file is not checked again")
  func lint() throws {
    let workspace = try LintWorkspace(Self.files)
    let first = try workspace.kilt("lint", "::")
    #expect(first.termination == .exited(1))
    #expect(first.text.contains("lib/bad.py:1:8: F401 `os` imported but unused [ruff-check]"), "\(first.text)")
    #expect(first.errorText.contains("fix: kilt lint --fix //lib/bad.py"), "\(first.errorText)")
    let again = try workspace.kilt("lint", "::")
    #expect(again.text == first.text && again.errorText.contains("2 files (2 cached)"), "\(again.errorText)")
    let fixed = try workspace.kilt("lint", "::", "--fix")
    #expect(fixed.termination == .exited(0), "\(fixed.text) \(fixed.errorText)")
    #expect(try workspace.read("lib/bad.py") == "x = 1\n")
    #expect(try workspace.kilt("lint", "::").termination == .exited(0))
  }

  @Test("A result holds for the rules of the configuration that it was found with")
  func configuration() throws {
    let workspace = try LintWorkspace(Self.files.merging(["ruff.toml": "[lint]\nselect = []\n"]) { $1 })
    #expect(try workspace.kilt("lint", "::", "--only", "ruff-check").termination == .exited(0))
    try workspace.write("ruff.toml", "[lint]\nselect = [\"F401\"]\n")
    #expect(try workspace.kilt("lint", "::", "--only", "ruff-check").termination == .exited(1))
    try workspace.write("lib/ruff.toml", "[lint]\nselect = []\n")
    #expect(try workspace.kilt("lint", "::", "--only", "ruff-check").termination == .exited(0))
    // What another file extends counts as well.
    try workspace.write("lib/ruff.toml", "extend = \"../ruff.toml\"\n")
    #expect(try workspace.kilt("lint", "::", "--only", "ruff-check").termination == .exited(1))
    try workspace.write("ruff.toml", "[lint]\nselect = []\n")
    #expect(try workspace.kilt("lint", "::", "--only", "ruff-check").termination == .exited(0))
  }

  @Test("A field skip_ruff leaves a file out, and a tag filter does")
  func skipped() throws {
    let workspace = try LintWorkspace(Self.files)
    try workspace.write("lib/BUILD", "python_sources(overrides={\"bad.py\": {\"skip_ruff\": True}})\n")
    let outcome = try workspace.kilt("lint", "::")
    #expect(outcome.termination == .exited(0) && outcome.errorText.contains("1 file"), "\(outcome.errorText)")
    try workspace.write("lib/BUILD", "python_sources(overrides={\"bad.py\": {\"tags\": [\"generated\"]}})\n")
    #expect(try workspace.kilt("lint", "::", "--tag=-generated").termination == .exited(0))
    #expect(try workspace.kilt("lint", "::").termination == .exited(1))
  }

  @Test(
    "Reports come as JSON, SARIF, annotations and JUnit, also in a file",
    arguments: ["json", "sarif", "github", "junit"])
  func reports(_ format: String) throws {
    let workspace = try LintWorkspace(Self.files)
    let outcome = try workspace.kilt("lint", "::", "--only", "ruff-check", "--format", format, "--output", "out/report")
    #expect(outcome.termination == .exited(1) && outcome.text.contains("F401"), "\(outcome.text)")
    let report = try workspace.read("out/report")
    switch format {
    case "json":
      let json = try JSONValue(parsing: Array(report.utf8))
      let finding = json["findings"]?.array?.first { $0["rule"]?.string == "F401" }
      #expect(finding?["path"]?.string == "lib/bad.py" && finding?["line"]?.int == 1)
    case "sarif":
      let json = try JSONValue(parsing: Array(report.utf8))
      #expect(json["version"]?.string == "2.1.0")
      #expect(json["runs"]?.array?.first?["results"]?.array?.contains { $0["ruleId"]?.string == "F401" } == true)
    case "github": #expect(report.contains("::error file=lib/bad.py,line=1,col=8,title=ruff-check F401::`os`"))
    default: #expect(report.contains("<testcase classname=\"ruff-check\" name=\"lib/bad.py\""))
    }
  }

  @Test("A file that is not UTF-8 or does not parse is a finding, and others are formatted")
  func broken() throws {
    let workspace = try LintWorkspace(Self.files)
    try FileSystem.write(
      Array("x = \"".utf8) + [0xE9] + Array("\"\n".utf8), to: workspace.root.appending("lib/latin.py"))
    try workspace.write("lib/syntax.py", "def f(:\n")
    let outcome = try workspace.kilt("fmt", "::")
    #expect(outcome.termination == .exited(1), "\(outcome.errorText)")
    #expect(outcome.text.contains("lib/latin.py: read stream did not contain valid UTF-8"), "\(outcome.text)")
    #expect(outcome.text.contains("lib/syntax.py:1:7: syntax "), "\(outcome.text)")
    #expect(try workspace.read("lib/bad.py") == "import os\n\nx = 1\n")
  }

  @Test("An unknown tool of --only or the configuration is refused with the known ones")
  func unknownTools() throws {
    let workspace = try LintWorkspace(Self.files)
    let only = try workspace.kilt("lint", "::", "--only", "ruf")
    #expect(only.termination == .exited(2) && only.errorText.contains("did you mean \"ruff\""), "\(only.errorText)")
    let other = try workspace.kilt("lint", "::", "--only", "mypy")
    #expect(other.errorText.contains("run `kilt check --only mypy`"), "\(other.errorText)")
    try workspace.write("kilt.toml", "[lint]\ntools = [\"black\", \"rufff\"]\n")
    let configured = try workspace.kilt("lint", "::")
    #expect(configured.termination == .exited(2))
    #expect(configured.errorText.contains("unknown tool \"rufff\" in [lint]"), "\(configured.errorText)")
  }

  /// Runs a command, and says whether it opened the state of the workspace.
  private func traced(
    _ workspace: LintWorkspace, _ arguments: String...
  ) throws -> (opened: Bool, outcome: Subprocess.Outcome) {
    let trace = workspace.root.appending(".kilt/trace")
    let kilt = try executablePath().removingLastComponent().appending("kilt").string
    let outcome = try workspace.run(
      "strace", ["-f", "-o", trace.string, "-e", "trace=openat", kilt] + arguments)
    return (try FileSystem.readText(trace).contains("/state/"), outcome)
  }

  @Test("A repeated run loads no state, and a run after changes of names or rules does")
  func quiet() throws {
    let workspace = try LintWorkspace(["lib/BUILD": "python_sources()\n", "lib/good.py": "x = 1\n"])
    // Creates the directory of the state.
    _ = try workspace.kilt("list", "::")
    try workspace.settle()
    #expect(try workspace.kilt("lint", "::").termination == .exited(0))
    #expect(try !traced(workspace, "lint", "::").opened)
    for change in ["new", "configuration", "build", "gone", "link"] {
      switch change {
      case "new": try workspace.write("lib/other.py", "x = 3\n")
      case "configuration": try workspace.write("ruff.toml", "line-length = 90\n")
      case "build": try workspace.write("lib/BUILD", "python_sources(tags=[\"a\"])\n")
      case "gone": try FileSystem.removeTree(workspace.root.appending("lib/other.py"))
      default:
        try FileSystem.removeTree(workspace.root.appending("lib/good.py"))
        try workspace.write("lib/file.txt", "x = 1\n")
        try FileSystem.createSymbolicLink(at: workspace.root.appending("lib/good.py"), to: "file.txt")
      }
      #expect(try traced(workspace, "lint", "::").opened, "\(change)")
      try workspace.settle()
      #expect(try workspace.kilt("lint", "::").termination == .exited(0))
      #expect(try !traced(workspace, "lint", "::").opened, "after \(change)")
    }
  }

  @Test("After edits, tools run for the edited files, and no state is loaded")
  func edited() throws {
    let workspace = try LintWorkspace([
      "lib/BUILD": "python_sources()\n", "lib/good.py": "x = 1\n", "lib/kept.py": "y = 1\n",
    ])
    _ = try workspace.kilt("list", "::")
    try workspace.settle()
    #expect(try workspace.kilt("lint", "::").termination == .exited(0))
    // The file is replaced, as editors and git do it: its directory changes as well.
    try workspace.write("lib/good.py", "import os\n\nx = 2\n")
    let found = try traced(workspace, "lint", "::")
    #expect(!found.opened && found.outcome.termination == .exited(1), "\(found.outcome.errorText)")
    #expect(found.outcome.text == "lib/good.py:1:8: F401 `os` imported but unused [ruff-check]")
    #expect(found.outcome.errorText.contains("2 files (1 cached), 1 finding in 1 file"), "\(found.outcome.errorText)")
    for time in ["first", "second"] {
      let again = try traced(workspace, "lint", "::")
      #expect(!again.opened && again.outcome.text == found.outcome.text, "\(time)")
      #expect(again.outcome.errorText.contains("2 files (2 cached)"), "\(time) \(again.outcome.errorText)")
    }
    try workspace.write("lib/good.py", "x = 3\n")
    let clean = try traced(workspace, "lint", "::")
    #expect(!clean.opened && clean.outcome.termination == .exited(0) && clean.outcome.text.isEmpty)
    // The permission counts where a rule looks at it.
    try workspace.write("lib/good.py", "#!/usr/bin/env python3\nx = 3\n")
    try workspace.write("ruff.toml", "[lint]\nselect = [\"EXE\"]\n")
    func lintRule() throws -> String { try workspace.kilt("lint", "::", "--only", "ruff-check").text }
    #expect(try lintRule().contains("EXE001"))
    #expect(try workspace.run("chmod", ["+x", "lib/good.py"]).termination.isSuccess)
    #expect(try lintRule().isEmpty)
    try FileSystem.removeFile(workspace.root.appending("ruff.toml"))
    // A whole run, and one that starts from nothing, say the same.
    for environment in ["KILT_SNAPSHOT=off", "KILT_SNAPSHOT=on"] {
      #expect(try workspace.kilt("lint", "::", environment: [environment]).termination == .exited(0))
    }
  }

  @Test("After an edit, fmt formats the file, and reports have the form that was asked for")
  func editedFormat() throws {
    let workspace = try LintWorkspace([
      "lib/BUILD": "python_sources()\n", "lib/good.py": "x = 1\n", "lib/kept.py": "y = 1\n",
    ])
    _ = try workspace.kilt("list", "::")
    try workspace.settle()
    for verb in ["fmt", "lint"] { #expect(try workspace.kilt(verb, "::").termination == .exited(0)) }
    #expect(try workspace.kilt("lint", "::", "--format", "json").termination == .exited(0))
    try workspace.write("lib/good.py", "x=2\n")
    let json = try JSONValue(parsing: Array(try workspace.kilt("lint", "::", "--format", "json").text.utf8))
    #expect(json["findings"]?.array?.first?["path"]?.string == "lib/good.py")
    let formatted = try traced(workspace, "fmt", "::")
    #expect(!formatted.opened && formatted.outcome.termination == .exited(0), "\(formatted.outcome.errorText)")
    #expect(try workspace.read("lib/good.py") == "x = 2\n")
    #expect(formatted.outcome.errorText.contains("2 files (2 cached), 1 changed"), "\(formatted.outcome.errorText)")
    let after = try traced(workspace, "fmt", "::")
    #expect(!after.opened && after.outcome.termination == .exited(0))
    #expect(try !traced(workspace, "lint", "::").opened)
    // Two verbs in one call are both run.
    try workspace.write("lib/good.py", "import os\n\nx=2\n")
    let both = try workspace.kilt("fmt", "lint", "::")
    #expect(both.termination == .exited(1) && both.text.contains("F401"), "\(both.text) \(both.errorText)")
    #expect(try workspace.read("lib/good.py") == "import os\n\nx = 2\n")
  }
}
