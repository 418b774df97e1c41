internal import ArgumentParser

/// `kilt hook`: git's hooks.
struct HookCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hook", abstract: "Run format, lint, type checks and tests from git hooks.",
    discussion: """
      EXAMPLES
        kilt hook install                      pre-commit and pre-push
        kilt hook run pre-commit               what the hook does
        kilt hook uninstall
      """, subcommands: [HookInstall.self, HookRun.self, HookUninstall.self])
}

/// The hooks that Kilt installs.
enum GitHook: String, CaseIterable, ExpressibleByArgument {
  case preCommit = "pre-commit"
  case prePush = "pre-push"

  /// The commands that it runs by default, in this order.
  var verbs: [HookVerb] {
    switch self {
    case .preCommit: [.fmt, .lint, .check]
    case .prePush: [.fmt, .lint, .check, .test]
    }
  }
}

/// What a hook can run.
enum HookVerb: String, CaseIterable {
  case fmt, lint, check, test
}

/// `fmt,lint`.
struct HookVerbs: ExpressibleByArgument {
  var verbs: [HookVerb]

  init?(argument: String) {
    let words = argument.split(separator: ",").map(String.init)
    verbs = words.compactMap { HookVerb(rawValue: $0) }
    if verbs.count != words.count || verbs.isEmpty { return nil }
  }

  /// As it is written on a command line.
  var text: String { verbs.map(\.rawValue).joined(separator: ",") }
}
