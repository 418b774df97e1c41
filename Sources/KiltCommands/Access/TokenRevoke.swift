internal import ArgumentParser
internal import Diagnostics
internal import SchedulerClient

/// `kilt token revoke`.
struct TokenRevoke: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Revoke a token at once.",
    discussion: """
      EXAMPLES
        kilt token revoke ci
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: SchedulerOptions

  @Argument(help: "Name of the token.")
  var name: String

  func run() throws {
    try options.client(global).revokeToken(name: name)
    Terminal.standardOutput.print("revoked \(PlainText.line(name))")
  }
}
