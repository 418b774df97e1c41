internal import ArgumentParser
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// `kilt update list`.
struct UpdateList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the updates of all jobs, from newest to oldest.",
    discussion: """
      EXAMPLES
        kilt update list
        kilt update list --active
        kilt update list --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Flag(help: "List only updates in progress.")
  var active = false

  @Option(help: .cluster)
  var cluster: String?

  func run() throws {
    let updates = try JobSession(global, cluster: cluster).client.updates(activeOnly: active)
    switch output.format {
    case .json: writeText(JSONValue.array(updates.map(\.json)).text(.pretty) + "\n", to: 1)
    case .text:
      for update in updates {
        let done = update.instances.values.count { $0 == .updated || $0 == .rolledBack }
        let parts = [
          "\(update.startedAt)", "\(update.key)", update.status.rawValue, "\(done) of \(update.total)", update.message,
        ].compactMap(\.self)
        Terminal.standardOutput.print(parts.joined(separator: "  "))
      }
    }
  }
}
