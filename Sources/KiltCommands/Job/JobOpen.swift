internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// `kilt job open`.
struct JobOpen: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "open", abstract: "Open the page of a job in the browser, or print a link.",
    discussion: """
      The link works once, within five minutes. With it, the browser can read the pages for one hour. Without a \
      desktop, or with --print, prints the link.

      EXAMPLES
        kilt job open devcluster/www-data/prod/fiddler
        kilt job open jobs/fiddler.yaml --stage devel --print
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions

  @OptionGroup var output: FormatOption

  @Flag(help: "Print the link instead of opening a browser.")
  var print = false

  func run() throws {
    let session = try JobSession(global, job)
    let key = try session.job(job).summary.key
    let link = PlainText.line(try session.client.loginLink()) + "&to=/jobs/\(key)"
    if output.format == .json {
      return writeText((["url": .string(link)] as JSONValue).text(.pretty) + "\n", to: 1)
    }
    let hasDesktop = environmentVariable("DISPLAY") != nil || environmentVariable("WAYLAND_DISPLAY") != nil
    guard !print, hasDesktop, let program = Subprocess.find("xdg-open") else {
      return Terminal.standardOutput.print(link)
    }
    let end = try Subprocess(program.string, [link], environment: environmentStrings()).run()
    if !end.termination.isSuccess { Terminal.standardOutput.print(link) }
  }
}
