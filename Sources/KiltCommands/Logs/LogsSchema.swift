internal import ArgumentParser
internal import Diagnostics
internal import Observability
internal import SystemSupport

/// `kilt logs schema`: the table definition for other engines.
struct LogsSchema: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the table definition of the archive for Athena and Trino.",
    discussion: """
      EXAMPLES
        kilt logs schema --athena --archive s3://logs/kilt
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var archive: ArchiveOptions

  @Flag(help: "The statement of Athena. The default, and the only one.")
  var athena = false

  @Option(help: ArgumentHelp("The name of the table.", valueName: "name"))
  var table = "logs"

  func run() throws {
    guard let location = archive.archive ?? environmentVariable("KILT_LOG_ARCHIVE"), location.hasPrefix("s3://") else {
      throw Diagnostic(
        .input, "Athena reads buckets: no archive that begins with s3:// is named",
        remedies: ["run `kilt logs schema --athena --archive s3://BUCKET/PREFIX`"])
    }
    guard !table.isEmpty, table.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }) else {
      throw Diagnostic(.input, "invalid table name \"\(table)\"", remedies: ["use letters, digits and \"_\""])
    }
    var place = location.prefix { $0 != "?" }
    while place.last == "/" { place = place.dropLast() }
    writeText(ArchiveTable.athena(location: String(place), name: table), to: 1)
  }
}
