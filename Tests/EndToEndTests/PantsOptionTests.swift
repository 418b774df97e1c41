import SystemSupport
import Testing

/// Options of a `pants.toml` as the command line meets them.
@Suite struct PantsOptionTests {
  private static let warning = "warning: Kilt does not follow 1 option of Pants that can change results"

  @Test("The first run after a change names options that are not followed, and never with --quiet")
  func saidOnce() throws {
    let example = try Example()
    let root = try example.makeWorkspace([
      "pants.toml": "[python]\nrun_against_entire_lockfile = true\n", "a/BUILD": "python_sources(tags=['t'])\n",
      "a/m.py": "",
      "a/n.py": "", "b/BUILD": "python_sources()\n", "b/m.py": "",
      "pants.ci.toml": "[GLOBAL]\ntag = [\"t\"]\n[changed]\ndependents = \"transitive\"\n",
    ])
    func list(_ arguments: String..., variables: [String] = []) throws -> Subprocess.Outcome {
      try example.kilt(["list", "::"] + arguments, in: root, environment: ["HOME=\(example.scratch)"] + variables)
    }
    #expect(try list("--quiet").errorText == "")
    let first = try list()
    #expect(first.errorText.hasPrefix(Self.warning), "\(first.errorText)")
    #expect(first.errorText.contains("[python] run_against_entire_lockfile (pants.toml:2): "), "\(first.errorText)")
    #expect(try list().errorText == "")
    // A line above is no change; another option is.
    let file = root.appending("pants.toml")
    try FileSystem.write(text: "# above\n\n[python]\nrun_against_entire_lockfile = true\n", to: file)
    #expect(try list().errorText == "")
    try FileSystem.write(text: "[pytest]\nskip = true\n", to: file)
    #expect(try list().errorText.hasPrefix(Self.warning))
    #expect(try list().errorText == "")
    // Layers of the configuration, by variable and by option, before the verb and behind it.
    #expect(try list().text.split(separator: "\n").count == 5)
    #expect(try list(variables: ["PANTS_CONFIG_FILES=pants.ci.toml"]).text == "a/m.py\na/n.py\na:a")
    #expect(try list("--pants-config-files=pants.ci.toml").text == "a/m.py\na/n.py\na:a")
    #expect(try list("--pants-config-files", "pants.ci.toml", "--tag=-t").text == "b/m.py\nb:b")
    #expect(try list(variables: ["PANTS_TAG=-t"]).text == "b/m.py\nb:b")
    let gone = try list("--pants-config-files=gone.toml")
    #expect(
      gone.termination == .exited(2) && gone.errorText.contains("\"gone.toml\" does not exist"), "\(gone.errorText)")
  }
}
