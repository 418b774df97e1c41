internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import SchedulerAccess
internal import SchedulerClient

/// `kilt token create`.
struct TokenCreate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Create a token and print it once, as a value for KILT_TOKEN.",
    discussion: """
      The scheduler stores only a digest, so nobody can print the token again. The printed value names the only server \
      that gets the token, by the fingerprint of its key if it uses TLS.

      EXAMPLES
        kilt token create ci --right "deploy www-data/prod" --expires 90d
        kilt token create grafana --right read
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: SchedulerOptions
  @OptionGroup var output: FormatOption

  @Argument(help: "Name of the token, shown in the audit trail.")
  var name: String

  @Option(
    name: .customLong("right"),
    help: ArgumentHelp(
      "One of: read, \"deploy ROLE/STAGE\" (* for any), admin. Repeatable.", valueName: "right"))
  var rights: [String] = []

  @Option(help: ArgumentHelp("Lifetime, such as 12h or 90d. Default: unlimited.", valueName: "time"))
  var expires: String?

  func run() throws {
    guard !rights.isEmpty else {
      throw Diagnostic(
        .input, "the token needs a right",
        remedies: ["add --right read, --right \"deploy ROLE/STAGE\" or --right admin"])
    }
    // The problem is already reported here, with the help of the command line.
    let rights = try rights.map { try AccessRight(parsing: $0).description }
    let lifetime = try expires.map(Self.seconds)
    let answer = try options.client(global).createToken(name: name, rights: rights, lifetimeSeconds: lifetime)
    guard let token = answer["token"]?.string else {
      throw Diagnostic(.environment, "the scheduler did not answer with a token")
    }
    let value = answer["server"]?.string.map { "\(token)@\($0)" } ?? token
    switch output.format {
    case .json: Terminal.standardOutput.print(answer.text(.pretty))
    case .text:
      Terminal.standardOutput.print(value)
      if answer["fingerprint"] == nil {
        global.note("This scheduler has no TLS, and kilt sends tokens to proven servers only.")
        global.note("Send the part before \"@\" with `Authorization: Bearer`, or start the scheduler with --tls.")
      }
    }
  }

  /// Seconds of a text such as `90s`, `15m`, `12h`, `90d`.
  static func seconds(_ text: String) throws -> Int64 {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604_800]
    guard let unit = text.last.flatMap({ units[$0] }), let number = Int64(text.dropLast()), number > 0,
      case let (seconds, isTooLarge) = number.multipliedReportingOverflow(by: unit), !isTooLarge
    else {
      throw Diagnostic(.input, "invalid time \"\(text)\"", remedies: ["write a number with s, m, h, d or w: 90d"])
    }
    return seconds
  }
}
