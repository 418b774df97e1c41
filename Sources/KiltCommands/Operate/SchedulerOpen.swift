internal import ArgumentParser
internal import Diagnostics
internal import SchedulerClient

/// `kilt scheduler open`.
struct SchedulerOpen: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "open", abstract: "Print a link that opens the scheduler's pages once.",
    discussion: """
      Open the link in a browser within five minutes. It sets a cookie that reads the pages for an hour, with no more \
      rights than you have.

      EXAMPLES
        kilt scheduler open
        kilt scheduler open --state-directory /var/lib/kilt
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: SchedulerOptions

  func run() throws {
    Terminal.standardOutput.print(PlainText.line(try options.client(global).loginLink()))
  }
}

/// `kilt scheduler code`.
struct SchedulerCode: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "code", abstract: "Print a code that allows one change from a page.",
    discussion: """
      The login by link only reads. A change asks for a code, which works once and within five minutes.

      EXAMPLES
        kilt scheduler code
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: SchedulerOptions

  func run() throws {
    Terminal.standardOutput.print(PlainText.line(try options.client(global).oneTimeCode()))
  }
}
