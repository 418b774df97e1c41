internal import ArgumentParser
internal import Diagnostics
internal import Glibc
internal import SystemSupport

/// `kilt router`: becomes `kilt-router`, so that `kilt` does not link its web server.
struct OperateRouter: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "router", abstract: "Keep HAProxy in step with the instances of jobs.",
    discussion: """
      Follows the scheduler's catalogue, and moves HAProxy's servers without losing a request. Verbs: run (default), \
      show, check, stop. All options of a verb: kilt router VERB -- --help

      EXAMPLES
        kilt router --config routes.yaml
        kilt router show
        kilt router check --config routes.yaml
      """)

  @Argument(parsing: .captureForPassthrough, help: "A verb and options for kilt-router.")
  var arguments: [String] = []

  func run() throws {
    let program = try executablePath().removingLastComponent().appending("kilt-router")
    let error = withCStrings([program.string] + arguments.filter { $0 != "--" }) { strings in
      withCStrings(environmentStrings()) { environment in
        if let path = strings[0] { execve(path, strings, environment) }
        return errno
      }
    }
    throw Diagnostic(
      .environment, "cannot start \"\(program)\": \(Errno(rawValue: error))",
      remedies: ["install all executables of Kilt in one folder"])
  }
}
