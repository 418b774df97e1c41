internal import ArgumentParser
internal import Diagnostics
internal import SystemSupport
internal import Workspace

/// `kilt hook install`.
struct HookInstall: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "install", abstract: "Install a pre-commit and a pre-push hook.",
    discussion: """
      The pre-commit hook checks format, lint and types of what differs from HEAD. The pre-push hook also runs tests, \
      for what differs from the upstream branch. `git commit --no-verify` skips a hook.

      EXAMPLES
        kilt hook install
        kilt hook install --pre-commit fmt,lint --pre-push check,test
        kilt hook install --force
      """)

  @OptionGroup var global: GlobalOptions

  @Option(
    help: ArgumentHelp("Commands of the pre-commit hook. Default: fmt,lint,check.", valueName: "verbs"))
  var preCommit: HookVerbs?

  @Option(
    help: ArgumentHelp("Commands of the pre-push hook. Default: fmt,lint,check,test.", valueName: "verbs"))
  var prePush: HookVerbs?

  @Flag(help: "Replace hooks that Kilt did not write. The old ones are kept as NAME.old.")
  var force = false

  func run() throws {
    let directory = try HookDirectory(global)
    let chosen: [(GitHook, HookVerbs?)] = [(.preCommit, preCommit), (.prePush, prePush)]
    if !force {
      for (hook, _) in chosen { try directory.refuseForeign(hook) }
    }
    for (hook, verbs) in chosen {
      let kept = try directory.install(hook, verbs)
      if let kept { global.note("kept the old hook as \(kept)") }
      global.note("installed \(directory.path(of: hook))")
    }
  }
}

/// `kilt hook uninstall`.
struct HookUninstall: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uninstall", abstract: "Remove the hooks that `kilt hook install` wrote.",
    discussion: """
      Hooks of other programs stay. A hook that `kilt hook install --force` put aside takes its place again.

      EXAMPLES
        kilt hook uninstall
      """)

  @OptionGroup var global: GlobalOptions

  func run() throws {
    let directory = try HookDirectory(global)
    var count = 0
    for hook in GitHook.allCases where try directory.uninstall(hook) {
      global.note("removed \(directory.path(of: hook))")
      count += 1
    }
    if count == 0 { global.note("nothing to do: no hook of Kilt is installed") }
  }
}

/// Where git looks for the hooks of a repository.
struct HookDirectory {
  private static let mark = "# Installed by `kilt hook install`."

  private let directory: FilePath
  /// The workspace, from the top of the work tree.
  private let workspace: String

  init(_ global: GlobalOptions) throws {
    let root = try Workspace.find(from: try global.workingDirectory).root
    // Also where core.hooksPath names another directory, and in further work trees.
    func git(_ arguments: [String]) throws -> String {
      let outcome = try Subprocess("git", arguments, workingDirectory: root, deadlineMilliseconds: 30_000).run()
      guard outcome.termination.isSuccess else {
        throw Diagnostic(
          .input, "\"\(root)\" is not in a git work tree", notes: [PlainText.line(outcome.errorText)],
          remedies: ["run `git init`"])
      }
      return outcome.text
    }
    directory = root.pushing(FilePath(try git(["rev-parse", "--git-path", "hooks"])))
    let top = try git(["rev-parse", "--show-prefix"])
    workspace = top.hasSuffix("/") ? String(top.dropLast()) : top
  }

  func path(of hook: GitHook) -> FilePath { directory.appending(hook.rawValue) }

  private func isOwn(_ path: FilePath) throws -> Bool { try FileSystem.readText(path).contains(Self.mark) }

  /// Throws where there is a hook that Kilt did not write.
  func refuseForeign(_ hook: GitHook) throws {
    let path = path(of: hook)
    guard FileSystem.exists(path), try !isOwn(path) else { return }
    throw Diagnostic(
      .input, "the hook \"\(path)\" exists, and Kilt did not write it",
      remedies: [
        "add the line `kilt hook run \(hook.rawValue)` to it",
        "run `kilt hook install --force` to replace it; the old one is kept as \(hook.rawValue).old",
      ])
  }

  /// Writes a hook; returns where the hook of another program was put.
  func install(_ hook: GitHook, _ verbs: HookVerbs?) throws -> FilePath? {
    let path = path(of: hook)
    try FileSystem.createDirectories(directory)
    var kept: FilePath?
    if FileSystem.exists(path), try !isOwn(path) {
      let old = directory.appending(hook.rawValue + ".old")
      try FileSystem.rename(path, to: old)
      kept = old
    }
    let place = workspace.isEmpty ? "" : "cd \(Self.quoted(workspace)) || exit 1\n"
    let choice = verbs.map { " --run \($0.text)" } ?? ""
    let text = """
      #!/bin/sh
      \(Self.mark) `kilt hook uninstall` removes it.
      command -v kilt > /dev/null || { echo "kilt is not on the PATH: the \(hook.rawValue) hook checks nothing" >&2; exit 0; }
      # git sets them for itself; they would hold for the workspace as well.
      unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX
      \(place)exec kilt hook run \(hook.rawValue)\(choice)

      """
    try FileSystem.write(text: text, to: path, permissions: 0o755)
    return kept
  }

  /// Removes a hook of Kilt's; false where there is none.
  func uninstall(_ hook: GitHook) throws -> Bool {
    let path = path(of: hook)
    guard FileSystem.exists(path), try isOwn(path) else { return false }
    let old = directory.appending(hook.rawValue + ".old")
    if FileSystem.exists(old) { try FileSystem.rename(old, to: path) } else { try FileSystem.removeFile(path) }
    return true
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}
