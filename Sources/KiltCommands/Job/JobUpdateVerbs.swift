internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// The arguments of the verbs that change an update in progress.
struct UpdateVerbArguments: ParsableArguments {
  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var output: FormatOption

  @Option(help: .reason)
  var reason: String?

  // These verbs never ask. Scripts give the option to every change all the same.
  @Flag(name: .shortAndLong, help: .hidden)
  var yes = false

  func run(_ verb: String, done: String) throws {
    let session = try JobSession(global, job)
    session.explain(reason)
    let receipt = try session.client.changeUpdate(try session.key(job), verb)
    switch output.format {
    case .json: writeText(receipt.json.text(.pretty) + "\n", to: 1)
    case .text: Terminal.standardOutput.print("\(done) the update of \(receipt.key)")
    }
  }
}

/// `kilt job pause` and `kilt update pause`.
struct JobPause: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Pause the update of a job: stop before the next instance.",
    discussion: """
      EXAMPLES
        kilt job pause devcluster/www-data/prod/fiddler
        kilt update pause devcluster/www-data/prod/fiddler
      """)

  @OptionGroup var arguments: UpdateVerbArguments

  func run() throws { try arguments.run("pause", done: "paused") }
}

/// `kilt job resume` and `kilt update resume`.
struct JobResume: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Resume a paused update of a job.",
    discussion: """
      EXAMPLES
        kilt job resume devcluster/www-data/prod/fiddler
        kilt update resume devcluster/www-data/prod/fiddler
      """)

  @OptionGroup var arguments: UpdateVerbArguments

  func run() throws { try arguments.run("resume", done: "resumed") }
}

/// `kilt job pulse` and `kilt update pulse`.
struct JobPulse: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pulse", abstract: "Send a sign of life to an update with a pulse interval.",
    discussion: """
      An update with `pulse_interval_secs` begins at its first pulse, and waits if pulses stop. A monitor of the \
      service sends the pulses.

      EXAMPLES
        kilt job pulse devcluster/www-data/prod/fiddler
        kilt update pulse devcluster/www-data/prod/fiddler
      """)

  @OptionGroup var arguments: UpdateVerbArguments

  func run() throws { try arguments.run("pulse", done: "pulsed") }
}

/// `kilt job abort` and `kilt update abort`.
struct JobAbort: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "abort", abstract: "End the update of a job, and leave every instance as it is.",
    discussion: """
      Instances that are already updated keep the new release. `kilt job rollback` returns them to the former release.

      EXAMPLES
        kilt job abort devcluster/www-data/prod/fiddler
        kilt update abort devcluster/www-data/prod/fiddler
      """)

  @OptionGroup var arguments: UpdateVerbArguments

  func run() throws { try arguments.run("abort", done: "aborted") }
}
