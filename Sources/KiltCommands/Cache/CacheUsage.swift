internal import ArgumentParser
internal import ContentStore
internal import Diagnostics
internal import JSON
internal import SystemSupport

/// `kilt cache du`.
struct CacheUsage: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "du", abstract: "Show the size of the cache.",
    discussion: """
      EXAMPLES
        kilt cache du
        kilt cache du --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  func run() throws {
    let store = try ContentStore.userDefault()
    let usage = try store.usage()
    let quota = try CacheCommand.quota(nil, global)
    var rows: [(name: String, share: StoreUsage.Share)] = [("blobs", usage.blobs)]
    rows += usage.records.sorted { $0.key < $1.key }.map { ("records/" + $0.key, $0.value) }
    rows += usage.folders.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    if usage.incoming.count > 0 { rows.append(("incoming", usage.incoming)) }
    rows += usage.others.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    switch output.format {
    case .text:
      let sizes = rows.map { ByteSize.text($0.share.bytes) }
      let width = (sizes.map(\.utf8.count).max() ?? 0)
      for (row, size) in zip(rows, sizes) {
        let space = String(repeating: " ", count: width - size.utf8.count)
        writeText("\(space)\(size)  \(row.name)  (\(counted(row.share.count, "file")))\n", to: 1)
      }
      writeText(
        "\(ByteSize.text(usage.countedBytes)) of \(ByteSize.text(quota)) used in \(store.root)\n", to: 1)
    case .json:
      let entries = rows.map { row in
        JSONValue.members([
          "name": .string(row.name), "files": .int(Int64(row.share.count)), "bytes": .int(row.share.bytes),
        ])
      }
      let value = JSONValue.members([
        "path": .string(store.root.string), "quota": .int(quota), "counted_bytes": .int(usage.countedBytes),
        "total_bytes": .int(usage.totalBytes), "entries": .array(entries),
      ])
      writeText(value.text(.pretty) + "\n", to: 1)
    }
  }
}
