internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import Observability
internal import SystemSupport

/// `kilt logs query`: SQL over archived logs.
struct LogsQuery: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "query", abstract: "Run SQL over archived logs.",
    discussion: """
      The table is logs, with the columns cluster, role, stage, job, date, hour, time, instance, task, release, commit, \
      host, process, run, stream, level, line, position and bytes. Conditions on cluster, role, stage, job, date and hour \
      that AND joins select the objects that are read. DuckDB runs the query; Kilt installs it with pip into its cache \
      at the first query.

      EXAMPLES
        kilt logs query "select line from logs where date='2026-11-30'"
        kilt logs query "select job, count(*) from logs group by job" --format csv
        kilt logs query "select * from logs limit 5" --archive s3://logs/kilt
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, csv }

  @OptionGroup var global: GlobalOptions
  @OptionGroup var archive: ArchiveOptions

  @Option(help: "Output format.")
  var format = Format.text

  @Argument(help: ArgumentHelp("The query.", valueName: "sql"))
  var sql: String

  func run() throws {
    let access = try ArchiveAccess(archive, global)
    let objects = try access.current(PartitionFilter(sql: sql))
    let raw = try access.paths(of: objects.filter { !$0.isCompacted })
    let parquet = try access.paths(of: objects.filter(\.isCompacted))
    try DuckDB().run(
      .members([
        "action": "query", "raw": .strings(raw), "parquet": .strings(parquet), "columns": DuckDB.columns,
        "sql": .string(sql), "format": .string(format.rawValue),
      ]))
  }
}
