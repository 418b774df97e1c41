internal import ArgumentParser
internal import Diagnostics
internal import SchedulerClient

/// `kilt scheduler open`.
struct SchedulerOpen: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "open", abstract: "Print a link to the scheduler's pages that works once.",
    discussion: """
      Open the link in a browser within five minutes. The link sets a cookie that can read the pages for one hour, \
      with your rights and no more.

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
    commandName: "code", abstract: "Print a code that allows one change on a page.",
    discussion: """
      The login by link can only read. A change asks for a code, which works once, within five minutes.

      EXAMPLES
        kilt scheduler code
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: SchedulerOptions

  func run() throws {
    Terminal.standardOutput.print(PlainText.line(try options.client(global).oneTimeCode()))
  }
}
