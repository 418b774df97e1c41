import SystemSupport
import Testing

/// What helps at the command line.
@Suite struct SupportTests {
  @Test func bashCompletesVerbs() throws {
    let example = try Example()
    let script = """
      source "$1"
      COMP_WORDS=(kilt pac) COMP_CWORD=1 COMP_LINE="kilt pac" COMP_POINT=8
      _kilt kilt pac kilt
      echo "${COMPREPLY[@]}"
      COMPREPLY=() COMP_WORDS=(kilt job cr) COMP_CWORD=2 COMP_LINE="kilt job cr" COMP_POINT=11
      _kilt kilt cr job
      echo "${COMPREPLY[@]}"
      """
    let file = example.scratch.appending("kilt.bash")
    try FileSystem.write(example.kilt("completions", "bash").output, to: file)
    #expect(try example.execute("bash", ["-c", script, "bash", file.string]) == "package\ncreate")
  }

  @Test(arguments: ["zsh", "fish"])
  func otherShellsHaveCompletions(shell: String) throws {
    let example = try Example()
    let script = try example.kilt("completions", shell).text
    for verb in ["package", "publish", "scheduler", "completions"] { #expect(script.contains(verb)) }
  }

  @Test func aFolderBecomesAWorkspace() throws {
    let example = try Example()
    let folder = example.scratch.appending("new")
    try FileSystem.createDirectories(folder.appending("lib"))
    let before = try example.kilt(["list", "::", "-C", folder.string])
    #expect(before.termination == .exited(2))
    try example.kilt("init", "-C", folder.string)
    try FileSystem.write(text: "python_sources()\n", to: folder.appending("lib/BUILD"))
    try FileSystem.write(text: "import os\n", to: folder.appending("lib/a.py"))
    #expect(try example.kilt("list", "::", "-C", folder.string).text.contains("lib/a.py"))
    try expectFailure(
      example, try example.kilt(["init", "-C", folder.string]), code: 2,
      """
      error: "SCRATCH/new" is already a workspace: it has a kilt.toml
        help: run `kilt list ::` to list its targets
      """)
  }
}
