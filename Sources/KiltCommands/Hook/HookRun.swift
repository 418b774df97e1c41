internal import ArgumentParser
internal import Diagnostics
internal import LintCommands
internal import SystemSupport
internal import Workspace

/// `kilt hook run`.
struct HookRun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run the checks of a git hook.",
    discussion: """
      Checks the files of the work tree. pre-commit takes what differs from HEAD, pre-push what differs from the \
      upstream branch, or else from the branch main_branch of kilt.toml. All commands run, and the exit code is the \
      highest one.

      EXAMPLES
        kilt hook run pre-commit
        kilt hook run pre-push --run test
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("The hook: pre-commit or pre-push.", valueName: "hook"))
  var hook: GitHook

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp("Commands to run, comma-separated: fmt, lint, check, test.", valueName: "verbs"))
  var verbs: HookVerbs?

  func run() throws {
    let root = try Workspace.find(from: try global.workingDirectory).root
    guard let revision = try revision(root) else { return }
    let changes = try Subprocess(
      "git", ["diff", "--quiet", revision, "--", "."], workingDirectory: root, deadlineMilliseconds: 120_000
    ).run()
    let untracked = try Subprocess(
      "git", ["ls-files", "--others", "--exclude-standard", "--", "."], workingDirectory: root,
      deadlineMilliseconds: 120_000
    ).run()
    if changes.termination.isSuccess, untracked.output.isEmpty {
      return global.note("nothing differs from \(revision)")
    }
    var worst: Int32 = 0
    for verb in verbs?.verbs ?? hook.verbs {
      // A program of its own for each: what one finds does not keep the next from running.
      let arguments =
        words(verb) + ["--changed-since=\(revision)", "-C", root.string] + (global.quiet ? ["--quiet"] : [])
      let command = Subprocess(try executablePath().string, arguments)
      switch try command.runInteractively() {
      case .exited(let code): worst = max(worst, code)
      case .signaled, .timedOut: worst = max(worst, 1)
      }
    }
    if worst != 0 { throw ExitCode(worst) }
  }

  private func words(_ verb: HookVerb) -> [String] {
    switch verb {
    case .fmt: ["fmt", "--check"]
    case .lint: ["lint", "code"]
    case .check: ["check"]
    case .test: ["test"]
    }
  }

  /// The commit that changes are counted from; nil where there is none yet.
  private func revision(_ root: FilePath) throws -> String? {
    func exists(_ name: String) throws -> Bool {
      try Subprocess(
        "git", ["rev-parse", "--verify", "--quiet", name + "^{commit}"], workingDirectory: root,
        deadlineMilliseconds: 30_000
      ).run().termination.isSuccess
    }
    if hook == .prePush {
      let main = try Workspace.find(from: root).configuration.mainBranch
      for name in ["@{upstream}", "origin/\(main)", main] where try exists(name) { return name }
    }
    return try exists("HEAD") ? "HEAD" : nil
  }
}
