internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import SchedulerClient

/// `kilt token fingerprint`.
struct TokenFingerprint: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fingerprint", abstract: "Print the fingerprint of a scheduler's TLS key.",
    discussion: """
      Run the command on the scheduler's machine, where the Unix socket identifies the scheduler. On other machines, \
      KILT_TOKEN=TOKEN@FINGERPRINT connects only to a server with this key.

      EXAMPLES
        kilt token fingerprint
        kilt token fingerprint --state-directory /var/lib/kilt
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var options: SchedulerOptions

  func run() throws {
    guard let fingerprint = try options.client(global).cluster()["fingerprint"]?.string else {
      throw Diagnostic(
        .environment, "the scheduler has no TLS key",
        remedies: ["start it with --tls, or with --listen on an address beyond loopback"])
    }
    Terminal.standardOutput.print(fingerprint)
  }
}
