internal import ArgumentParser

/// `kilt token`: access of remote callers to a scheduler.
struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Create, list and revoke the tokens of a scheduler.",
    discussion: """
      A token gives its holder access to a scheduler over TLS. On the scheduler's own machine you need no token: the \
      Unix socket identifies root and the user of the scheduler. You need the right "admin" to create, list and revoke \
      tokens.

      EXAMPLES
        kilt token create ci --right "deploy www-data/prod" --expires 90d
        kilt token list
        kilt token revoke ci
      """,
    subcommands: [TokenCreate.self, TokenList.self, TokenRevoke.self, TokenFingerprint.self])
}
