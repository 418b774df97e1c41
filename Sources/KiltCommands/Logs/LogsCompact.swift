internal import ArgumentParser
internal import Artifacts
internal import Diagnostics
internal import Digests
internal import JSON
internal import JobModel
internal import Observability
internal import SystemSupport

/// `kilt logs compact`: hours as Parquet.
struct LogsCompact: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compact", abstract: "Turn archived hours that are complete into Parquet.",
    discussion: """
      An hour is complete 15 minutes after its end. Lines that come later stay as they are until the next call. Queries \
      read either form, and each line once, also while this command works.

      EXAMPLES
        kilt logs compact
        kilt logs compact --archive /var/log/kilt --dry-run
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var archive: ArchiveOptions

  @Flag(help: "Show the plan, and change nothing.")
  var dryRun = false

  @Flag(help: "Hours that are not complete too.")
  var all = false

  func run() throws {
    let access = try ArchiveAccess(archive, global)
    let now = Timestamp(milliseconds: wallClockNanoseconds() / 1_000_000) + .seconds(-900)
    let key = JobKey(cluster: "c", role: "r", stage: "s", name: "n")
    let current = LogPartition(key: key, time: now).moment
    let raw = try access.current(PartitionFilter()).filter { !$0.isCompacted && (all || $0.partition.moment < current) }
    let hours = Dictionary(grouping: raw, by: \.partition).sorted { $0.key < $1.key }
    if hours.isEmpty { return Terminal.standardOutput.print("nothing to compact") }
    let duckDB = dryRun ? nil : try DuckDB()
    for (partition, objects) in hours {
      let size = objects.reduce(0) { $0 + $1.size }
      let text = "\(partition.path): \(objects.count) objects, \(ByteSize.text(size))"
      guard let duckDB else {
        Terminal.standardOutput.print(text)
        continue
      }
      let compacted = try compact(partition, objects, access, duckDB)
      Terminal.standardOutput.print("\(text) to \(ByteSize.text(compacted))")
    }
  }

  /// Returns the size of the new object.
  private func compact(
    _ partition: LogPartition, _ objects: [ArchiveAccess.Object], _ access: ArchiveAccess, _ duckDB: DuckDB
  ) throws -> Int64 {
    let names = objects.map(\.key).sorted()
    let identity = String(SHA256Digest.of(Array(names.joined(separator: "\n").utf8)).hex.prefix(24))
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "kilt-compact")
    defer { try? FileSystem.removeTree(scratch) }
    let file = scratch.appending("hour.parquet")
    try duckDB.run(
      .members([
        "action": "compact", "columns": DuckDB.columns,
        "items": [
          .members(["raw": .strings(try access.paths(of: objects)), "to": .string(file.string)])
        ],
      ]))
    let bytes = try FileSystem.read(file, limit: 1 << 30)
    // Readers leave the inputs out as soon as the hour is there; then the inputs can go.
    let base = "\(ArchiveAccess.compacted)\(partition.path)/\(identity)"
    _ = try access.bucket.create("\(base).inputs.json", JSONValue.strings(names).bytes(.compact))
    _ = try access.bucket.create("\(base).parquet", bytes)
    for name in names { try access.bucket.remove(name) }
    return Int64(bytes.count)
  }
}

extension ArchiveAccess {
  /// The objects that contain each line once: without the inputs of compacted hours.
  func current(_ filter: PartitionFilter) throws -> [Object] {
    let objects = try objects(filter)
    let raw = Set(objects.filter { !$0.isCompacted }.map(\.partition))
    var inputs: Set<String> = []
    for object in objects where object.isCompacted && raw.contains(object.partition) {
      let key = object.key.dropLast("parquet".count) + "inputs.json"
      guard let bytes = try bucket.read(String(key), limit: 64 << 20) else { continue }
      inputs.formUnion(try JSONValue(parsing: bytes).strings ?? [])
    }
    return objects.filter { !inputs.contains($0.key) }
  }
}
