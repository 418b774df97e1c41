internal import ArgumentParser

/// `kilt logs`: the archive of logs.
struct LogsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Query, compact and clear the archive of logs.",
    subcommands: [LogsQuery.self, LogsCompact.self, LogsSchema.self, LogsCollect.self])
}

/// The archive of a command.
struct ArchiveOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The archive: a directory or s3://BUCKET/PREFIX. Default: KILT_LOG_ARCHIVE, else the scheduler's.",
      valueName: "url"))
  var archive: String?

  @Option(
    help: ArgumentHelp("The cluster whose scheduler is asked; the first of kilt.toml by default.", valueName: "name"))
  var cluster: String?
}
