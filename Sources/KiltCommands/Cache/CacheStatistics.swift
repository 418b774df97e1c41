internal import ArgumentParser
internal import Artifacts
internal import ContentStore
internal import JSON
internal import RemoteCache
internal import SystemSupport

/// `kilt cache stats`.
struct CacheStatistics: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stats", abstract: "Show hits, misses and time saved by the remote cache.",
    discussion: """
      Counts the commands of this machine since the first one, or since the last --reset. Time saved is the time \
      that other machines needed for the results found in the remote cache.

      EXAMPLES
        kilt cache stats
        kilt cache stats --format json
        kilt cache stats --reset
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Flag(help: "Set all counts to zero after showing them.")
  var reset = false

  func run() throws {
    let root = try ContentStore.userDefault().root
    let statistics = RemoteCacheStatistics.read(in: root)
    switch output.format {
    case .text: writeText(Self.text(statistics), to: 1)
    case .json: writeText(Self.json(statistics).text(.pretty) + "\n", to: 1)
    }
    if reset { try RemoteCacheStatistics.reset(in: root) }
  }

  static func text(_ statistics: RemoteCacheStatistics) -> String {
    guard !statistics.kinds.isEmpty else { return "no command has used a remote cache\n" }
    var rows = [["kind", "local", "hits", "misses", "uploads", "withheld", "down", "up", "saved"]]
    for (kind, counts) in statistics.kinds.sorted(by: { $0.key < $1.key }) { rows.append(row(kind, counts)) }
    rows.append(row("total", statistics.total))
    let widths = rows[0].indices.map { column in rows.map { $0[column].utf8.count }.max() ?? 0 }
    let lines = rows.map { row in
      row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.utf8.count)
        return column == 0 ? cell + space : space + cell
      }.joined(separator: "  ")
    }
    return lines.joined(separator: "\n") + "\nsince \(RFC3339.text(statistics.since))\n"
  }

  private static func row(_ kind: String, _ counts: RemoteCacheStatistics.Counts) -> [String] {
    [
      kind, "\(counts.localHits)", "\(counts.hits)", "\(counts.misses)", "\(counts.uploads)", "\(counts.withheld)",
      ByteSize.text(counts.downloadedBytes), ByteSize.text(counts.uploadedBytes),
      "\(counts.savedMilliseconds / 1000) s",
    ]
  }

  private static func json(_ statistics: RemoteCacheStatistics) -> JSONValue {
    func value(_ counts: RemoteCacheStatistics.Counts) -> JSONValue {
      .object(JSONObject(counts.named.map { ($0.name, .int($0.count)) }))
    }
    return .members([
      "since": statistics.since == 0 ? .null : .string(RFC3339.text(statistics.since)),
      "kinds": .object(JSONObject(statistics.kinds.sorted { $0.key < $1.key }.map { ($0.key, value($0.value)) })),
      "total": value(statistics.total),
    ])
  }
}
