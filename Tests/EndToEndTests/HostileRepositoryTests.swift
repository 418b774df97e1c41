import SystemSupport
import Testing

/// Nothing that a repository brings along is executed or believed by asking what is in it.
@Suite struct HostileRepositoryTests {
  /// A copy of the example whose git configuration names a program for everything that git runs programs for. The program
  /// leaves a file beside the repository.
  ///
  /// - Parameter inSubmodule: whether `.git` is a file that leads to a directory of another repository.
  private func trapped(inSubmodule: Bool) throws -> (example: Example, mark: FilePath) {
    let example = try Example()
    let mark = example.scratch.appending("executed")
    let program = example.scratch.appending("trap.sh")
    try FileSystem.write(
      text: "#!/bin/sh\necho \"$0 $*\" >> \(mark)\ncat 2>/dev/null\nexit 0\n", to: program, permissions: 0o755)
    try example.append(".gitattributes", "*.py filter=trap diff=trap\n")
    try example.commit("attributes")
    var repository = example.root.appending(".git")
    if inSubmodule {
      let modules = example.scratch.appending("outer/.git/modules/acme")
      try FileSystem.createDirectories(modules.removingLastComponent())
      try FileSystem.rename(repository, to: modules)
      try FileSystem.write(text: "gitdir: ../outer/.git/modules/acme\n", to: repository)
      repository = modules
      try example.git("config", "core.worktree", example.root.string)
    }
    for key in [
      "core.fsmonitor", "core.pager", "pager.diff", "pager.status", "diff.external", "diff.trap.command",
      "diff.trap.textconv", "filter.trap.clean", "filter.trap.smudge", "filter.trap.process", "core.sshCommand",
      "core.askPass", "credential.helper", "core.editor", "alias.diff", "alias.status",
    ] { try example.git("config", key, program.string) }
    try example.git("config", "filter.trap.required", "true")
    let hooks = repository.appending("hooks")
    try FileSystem.createDirectories(hooks)
    for name in ["post-index-change", "pre-commit", "post-checkout", "fsmonitor-watchman", "reference-transaction"] {
      try FileSystem.copyFile(program, to: hooks.appending(name), permissions: 0o755)
    }
    try example.git("config", "core.hooksPath", hooks.string)
    if FileSystem.exists(mark) { try FileSystem.removeFile(mark) }
    return (example, mark)
  }

  @Test(
    "git executes no program that the configuration of a repository or a submodule names", arguments: [false, true])
  func gitConfiguration(inSubmodule: Bool) throws {
    let (example, mark) = try trapped(inSubmodule: inSubmodule)
    // Something for filters and diffs to be asked about.
    try example.append("lib/auth/tokens.py", "\n# More.\n")
    try example.append("lib/auth/new.py", "import os\n")
    for arguments in [
      ["list", "::"], ["list", "--changed-since=HEAD"], ["list", "--changed-diffspec=HEAD~1..HEAD"],
      ["list", "--changed-since=HEAD~1", "--changed-dependents=transitive"], ["peek", "lib/auth:"],
      ["dependencies", "lib/auth:"], ["package", "services/eightball:server"], ["package", "--help"],
      ["completions", "bash"], ["tailor", "--check", "::"],
    ] {
      let outcome = try example.kilt(arguments)
      #expect(outcome.termination == .exited(0) || arguments[0] == "tailor", "\(arguments) \(outcome.errorText)")
      let executed = FileSystem.exists(mark) ? try FileSystem.readText(mark) : ""
      #expect(executed == "", "\(arguments)")
    }
    #expect(try example.kilt("list", "--changed-since=HEAD").text.contains("lib/auth/tokens.py"))
  }

  @Test("A bare git repository among the files does not replace the git repository")
  func bareRepository() throws {
    let example = try Example()
    let mark = example.scratch.appending("executed")
    let inner = example.root.appending("lib/auth")
    for folder in ["objects", "refs"] { try FileSystem.createDirectories(inner.appending(folder)) }
    try FileSystem.write(text: "ref: refs/heads/main\n", to: inner.appending("HEAD"))
    try FileSystem.write(
      text: "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tfsmonitor = \"touch \(mark)\"\n",
      to: inner.appending("config"))
    try FileSystem.write(text: "[workspace]\n", to: inner.appending("kilt.toml"))
    _ = try example.kilt(["list", "--changed-since=HEAD"], in: inner)
    _ = try example.kilt(["list", "::"], in: inner)
    #expect(!FileSystem.exists(mark))
  }

  @Test("Queries start no program of the workspace")
  func asking() throws {
    let example = try Example()
    let mark = example.scratch.appending("executed")
    for name in ["git", "python3", "python", "sh", "uv", "pip"] {
      try FileSystem.write(text: "#!/bin/sh\ntouch \(mark)\n", to: example.root.appending(name), permissions: 0o755)
    }
    for (name, text) in [
      ("sitecustomize.py", "open('\(mark)', 'w')\n"), ("conftest.py", "open('\(mark)', 'w')\n"),
      ("json.py", "open('\(mark)', 'w')\n"),
    ] { try FileSystem.write(text: text, to: example.root.appending(name)) }
    let path = environmentVariable("PATH") ?? "/usr/bin:/bin"
    for arguments in [
      ["list", "::"], ["peek", "::"], ["dependencies", "--transitive", "::"], ["package", "--help"],
      ["completions", "bash"], ["list", "--changed-since=HEAD"],
    ] {
      let outcome = try example.kilt(arguments, environment: ["PATH=\(path)"])
      #expect(outcome.termination == .exited(0), "\(outcome.errorText)")
      #expect(!FileSystem.exists(mark), "\(arguments)")
    }
  }

  @Test("A .kilt that git tracks is not trusted")
  func trackedState() throws {
    let example = try Example()
    let home = example.scratch.appending("home")
    try FileSystem.createDirectories(home)
    let changes = ["HOME=\(home)", "XDG_STATE_HOME", "KILT_STATE_DIR"]
    func list() throws -> Subprocess.Outcome { try example.kilt(["list", "::"], environment: changes) }
    let before = try list()
    #expect(FileSystem.exists(example.root.appending(".kilt/state")))
    #expect(before.errorText == "")
    try example.git("add", "--force", ".kilt")
    let after = try list()
    #expect(after.text == before.text)
    #expect(after.errorText.contains("is not used: git tracks files in it"), "\(after.errorText)")
    let states = home.appending(".local/state/kilt/workspaces")
    #expect(try FileSystem.list(states).count == 1)
    // What is kept there serves the next run.
    #expect(try list().text == before.text)
    try example.git("rm", "-r", "--quiet", "--cached", ".kilt")
    #expect(try list().errorText == "")
  }

  @Test("A .kilt that is a link or belongs to another user is not trusted")
  func foreignState() throws {
    let example = try Example()
    let home = example.scratch.appending("home")
    let changes = ["HOME=\(home)", "XDG_STATE_HOME", "KILT_STATE_DIR"]
    let elsewhere = example.scratch.appending("elsewhere")
    try FileSystem.createDirectories(elsewhere)
    try FileSystem.createSymbolicLink(at: example.root.appending(".kilt"), to: elsewhere)
    let linked = try example.kilt(["list", "::"], environment: changes)
    #expect(linked.termination == .exited(0))
    #expect(linked.errorText.contains("is not used: it is a symbolic link"), "\(linked.errorText)")
    #expect(try FileSystem.list(elsewhere).isEmpty)
    guard try Subprocess("id", ["-u"]).run().text == "0" else { return }
    try FileSystem.removeTree(example.root.appending(".kilt"))
    try FileSystem.createDirectories(example.root.appending(".kilt"))
    try example.execute("chown", ["65534", ".kilt"])
    let foreign = try example.kilt(["list", "::"], environment: changes)
    #expect(foreign.errorText.contains("is not used: another user owns it"), "\(foreign.errorText)")
    #expect(try FileSystem.list(example.root.appending(".kilt")).isEmpty)
  }
}
