internal import ArgumentParser
internal import Diagnostics
internal import SystemSupport

/// The options of the commands that change running jobs.
struct ChangeOptions: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Do not ask for confirmation. Default: ask on a terminal.")
  var yes = false

  @Flag(help: .dryRun)
  var dryRun = false

  @Option(help: .reason)
  var reason: String?

  @Flag(inversion: .prefixedNo, help: .wait)
  var wait = true

  @Option(help: .timeout)
  var timeout = 900

  func validate() throws {
    if timeout < 1 { throw ValidationError("--timeout must be at least 1") }
  }

  /// Asks on a terminal whether to continue; without a terminal, continues without a question.
  ///
  /// - Throws: exit code 1 if the answer is not yes.
  func confirm(_ question: String) throws {
    guard !yes, isTerminal(0), Terminal.standardError.isInteractive else { return }
    writeText("\(question) [y/N] ", to: 2)
    let answer = (readLine() ?? "").lowercased()
    if answer == "y" || answer == "yes" { return }
    Terminal.standardError.print("nothing was changed")
    throw ExitCode(1)
  }
}
