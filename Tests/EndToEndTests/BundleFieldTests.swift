import JSON
import SystemSupport
import Testing

/// The fields of `pex_binary`: each has its effect, or is refused or noted.
@Suite struct BundleFieldTests {
  private static let start = """
    python_sources(name="lib")
    file(name="notes", source="notes.txt")
    resource(name="data", source="data.txt")

    """

  /// The example with a folder of its own for binaries.
  private func example(_ binaries: String) throws -> Example {
    let example = try Example()
    try example.append("tools/probe/BUILD", Self.start + binaries)
    try example.append("tools/probe/notes.txt", "notes\n")
    try example.append("tools/probe/data.txt", "data\n")
    try example.append("tools/probe/library.py", "x = 1\n")
    try example.append(
      "tools/probe/run-it.py",
      "import os, sys\nfrom tools.probe import library\nprint(__name__, sys.argv[1:], os.environ['MODE'], library.x)\n")
    return example
  }

  /// Packs a binary, and runs it with nothing but a Python on the PATH.
  private func run(
    _ example: Example, _ name: String, _ arguments: [String] = [], environment: [String] = []
  ) throws -> (said: String, outcome: Subprocess.Outcome) {
    let said = try example.kilt("package", "tools/probe:\(name)").errorText
    let home = example.scratch.appending("home")
    try FileSystem.createDirectories(home)
    let known = example.scratch.appending("tools-python3")
    let tools = FileSystem.exists(known) ? known : try Tools.folder(of: ["python3"], in: example)
    let outcome = try Subprocess(
      example.root.appending("dist/\(name).pex").string, arguments,
      environment: ["PATH=\(tools)", "HOME=\(home)"] + environment
    ).run()
    return (said, outcome)
  }

  @Test func anExecutableIsPackedWithItsArgumentsAndVariables() throws {
    let example = try example(
      """
      pex_binary(
        name="plain", executable="run-it.py", args=["--port", "a 'b'"], env={"MODE": "frozen"},
        shebang="#!/usr/bin/env python3", include_tools=True, output_path="plain.pex",
        dependencies=[":lib", ":data", ":notes"], execution_mode="venv", sh_boot=True, restartable=True)
      """)
    let (said, outcome) = try run(example, "plain", ["more"])
    #expect(outcome.text == "__main__ ['--port', \"a 'b'\", 'more'] frozen 1", "\(outcome.errorText)")
    #expect(said.contains("depends on \"tools/probe:notes\": a bundle contains resources, but not files"), "\(said)")
    #expect(said.contains("restartable=True has no effect"))
    let information = try run(example, "plain", ["info"], environment: ["PEX_TOOLS=1"]).outcome
    #expect(information.text.contains("\"includes_tools\": true"), "\(information.errorText)")
    let sizes = try JSONValue(
      parsing: try example.kilt("explain", "size", "--format", "json", "dist/plain.pex").output)
    #expect(sizes["largest"]?.array?.contains { $0["path"]?.string == "__pex_executable__.py" } == true)
  }

  @Test func optionsOfPexDoWhatFieldsDo() throws {
    let example = try example(
      """
      pex_binary(
        name="options", executable="run-it.py", args=["a"], env={"MODE": "field"}, output_path="options.pex",
        dependencies=[":lib"], extra_build_args=[
          "--inject-args=--port 'b c'", "--inject-env", "MODE=option", "--include-tools", "--no-compress", "-j", "4",
          "--venv", "--scie=lazy", "--scie-pbs-stripped", "--index-url=https://example.org/simple"])
      """)
    let (said, outcome) = try run(example, "options", ["more"])
    #expect(outcome.text == "__main__ ['a', '--port', 'b c', 'more'] option 1", "\(outcome.errorText)")
    #expect(said.contains("--scie of extra_build_args: ignored; Kilt bundles do not embed Python"), "\(said)")
    #expect(!said.contains("--scie-pbs-stripped"))
    #expect(said.contains("--index-url of extra_build_args has no effect: files come from the package index"))
    #expect(said.contains("wheels stay as their projects compressed them"))
    let information = try run(example, "options", ["info"], environment: ["PEX_TOOLS=1"]).outcome
    #expect(information.text.contains("\"includes_tools\": true"), "\(information.errorText)")
  }

  @Test func aScriptOfAWheelStarts() throws {
    let example = try example(
      """
      pex_binary(name="script", script="bottle.py", output_path="script.pex", dependencies=["3rdparty/python:reqs#bottle"])
      """)
    let outcome = try run(example, "script", ["--version"]).outcome
    #expect(outcome.text.hasPrefix("Bottle "), "\(outcome.errorText)")
  }

  @Test func aBundleForSeveralPlatformsHoldsTheWheelsOfEach() throws {
    let example = try example(
      """
      pex_binary(
        name="many", entry_point="library.py", output_path="many.pex", platforms=["macos_arm64", "current"],
        dependencies=["3rdparty/python:pyyaml"])
      """)
    let outcome = try run(
      example, "many", ["-c", "import yaml; print(yaml.safe_load('[1]'))"], environment: ["PEX_INTERPRETER=1"]
    )
    .outcome
    #expect(outcome.text == "[1]", "\(outcome.errorText)")
    let sizes = try JSONValue(parsing: try example.kilt("explain", "size", "--format", "json", "dist/many.pex").output)
    let names = sizes["distributions"]?.array?.compactMap { $0["name"]?.string } ?? []
    #expect(names.contains { $0.lowercased().hasPrefix("pyyaml") && $0.contains("macosx") }, "\(names)")
    #expect(names.filter { $0.lowercased().hasPrefix("pyyaml") }.count == 2, "\(names)")
  }

  @Test(arguments: [
    (
      "extra_build_args=[\"--pex-path=a.pex\"]",
      "extra_build_args of \"tools/probe:refused\": --pex-path is not supported"
    ),
    ("complete_platforms=[\":data\"]", "invalid complete platform \"tools/probe/data.txt\""),
    (
      "shebang=\"#!/usr/bin/python3 -sE run.py\"",
      "\"run.py\" of \"tools/probe:refused\" is not a flag that Python can start a bundle with"
    ),
    ("platforms=[\"solaris_sparc\"]", "unknown platform \"solaris_sparc\" in the platforms of \"tools/probe:refused\""),
  ])
  func whatIsNotDoneIsRefused(field: String, message: String) throws {
    let example = try example("pex_binary(name=\"refused\", entry_point=\"library.py\", \(field))\n")
    let outcome = try example.kilt(["package", "tools/probe:refused"])
    #expect(outcome.termination == .exited(2))
    #expect(outcome.errorText.contains(message), "\(outcome.errorText)")
    #expect(outcome.errorText.contains("help: "), "\(outcome.errorText)")
  }

  @Test(arguments: ["packed", "loose"])
  func aDirectoryIsBuiltStartedAndKept(layout: String) throws {
    let example = try example(
      """
      pex_binary(
        name="folder", executable="run-it.py", env={"MODE": "x"}, layout="\(layout)", output_path="folder.pex",
        dependencies=[":lib", "3rdparty/python:reqs#bottle"])
      """)
    try example.kilt("package", "tools/probe:folder")
    let home = example.scratch.appending("home")
    try FileSystem.createDirectories(home)
    let environment = ["PATH=\(try Tools.folder(of: ["python3", "readlink"], in: example))", "HOME=\(home)"]
    func start() throws -> Subprocess.Outcome {
      try Subprocess(example.root.appending("dist/folder.pex/pex").string, ["a"], environment: environment).run()
    }
    let outcome = try start()
    #expect(outcome.text == "__main__ ['a'] x 1", "\(outcome.errorText)")
    #expect(try example.kilt("package", "tools/probe:folder").errorText.contains("unchanged  dist/folder.pex"))
    // An edit leaves nothing of the old directory, and the wheels are not written again.
    try example.append("tools/probe/library.py", "x = 2\n")
    let wheel = try #require(
      FileSystem.list(example.root.appending("dist/folder.pex/.deps")).first { $0.name.hasPrefix("bottle") })
    var file = example.root.appending("dist/folder.pex/.deps").appending(wheel.name)
    if layout == "loose" { file.append("bottle.py") }
    let inode = try FileSystem.status(of: file).inode
    #expect(try example.kilt("package", "tools/probe:folder").errorText.contains("built  dist/folder.pex"))
    #expect(try FileSystem.status(of: file).inode == inode)
    #expect(try start().text == "__main__ ['a'] x 2")
    #expect(try FileSystem.list(example.root.appending("dist")).allSatisfy { !$0.name.hasSuffix(".tmp") })
    // One that was touched is not trusted.
    try FileSystem.write(text: "", to: file)
    #expect(try example.kilt("package", "tools/probe:folder").errorText.contains("built  dist/folder.pex"))
    #expect(try FileSystem.status(of: file).size > 1000)
    let sizes = try example.kilt("explain", "size", "dist/folder.pex").text
    #expect(sizes.contains("bottle"), "\(sizes)")
    let published = try example.kilt(["publish", "tools/probe:folder", "--repository", "repository"])
    #expect(published.termination == .exited(2))
  }

  @Test func aDifferenceBetweenBundlesIsShownByMember() throws {
    let example = try example("pex_binary(name=\"one\", entry_point=\"library.py\", output_path=\"one.pex\")\n")
    try example.kilt("package", "tools/probe:one")
    try example.execute("cp", ["dist/one.pex", "old.pex"])
    try example.append("tools/probe/library.py", "y = 2\n")
    try example.kilt("package", "tools/probe:one")
    let outcome = try example.kilt(["explain", "diff", "old.pex", "dist/one.pex"])
    #expect(outcome.termination == .exited(1))
    #expect(outcome.text.contains("~ tools/probe/library.py  6 B -> 12 B"), "\(outcome.text)")
    let same = try example.kilt(["explain", "diff", "old.pex", "old.pex"])
    #expect(same.termination == .exited(0))
    #expect(try example.kilt("explain", "size", "--format", "html", "old.pex").text.hasPrefix("<!doctype html>"))
    let missing = try example.kilt(["explain", "size", "nothing.pex"])
    #expect(missing.termination == .exited(2))
  }
}
