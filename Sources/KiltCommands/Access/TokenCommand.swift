internal import ArgumentParser

/// `kilt token`: who may ask a scheduler from elsewhere.
struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Create, list and revoke the tokens of a scheduler.",
    discussion: """
      A token lets its holder ask a scheduler over TLS. On the scheduler's own machine no token is needed: its user and \
      root are known by the Unix socket. Tokens need the right "admin" to create, list and revoke.

      EXAMPLES
        kilt token create ci --right "deploy www-data/prod" --expires 90d
        kilt token list
        kilt token revoke ci
      """,
    subcommands: [TokenCreate.self, TokenList.self, TokenRevoke.self, TokenFingerprint.self])
}
