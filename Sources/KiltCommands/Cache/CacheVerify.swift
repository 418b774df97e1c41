internal import ArgumentParser
internal import ContentStore
internal import Diagnostics
internal import JSON
internal import PythonEnvironments
internal import SystemSupport

/// `kilt cache verify`.
struct CacheVerify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Read the whole cache and remove damaged entries.",
    discussion: """
      Kilt creates or fetches a removed entry again when a build needs it.

      EXAMPLES
        kilt cache verify
        kilt cache verify --format json

      EXIT CODES
        0  no entry was damaged
        1  damaged entries were removed
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  func run() throws {
    let store = try ContentStore.userDefault()
    var summary = try store.verifyAll()
    // After the blobs: a wheel that is damaged itself is gone by then.
    let (wheels, damaged) = try WheelDirectory(store).verifyAll()
    summary.removed += damaged
    switch output.format {
    case .text:
      for path in summary.removed { writeText("damaged, removed  \(path)\n", to: 1) }
      writeText(
        "checked \(counted(summary.checkedBlobs, "blob")), \(counted(summary.checkedRecords, "record")) and "
          + "\(counted(wheels, "unpacked wheel")), "
          + "\(ByteSize.text(summary.checkedBytes)): \(summary.removed.count) damaged\n", to: 1)
    case .json:
      let value = JSONValue.members([
        "checked_blobs": .int(Int64(summary.checkedBlobs)), "checked_records": .int(Int64(summary.checkedRecords)),
        "checked_wheels": .int(Int64(wheels)), "checked_bytes": .int(summary.checkedBytes),
        "removed": .strings(summary.removed.map(\.string)),
      ])
      writeText(value.text(.pretty) + "\n", to: 1)
    }
    if !summary.removed.isEmpty { throw ExitCode(Blame.work.exitCode) }
  }
}
