internal import ArgumentParser
internal import Artifacts
internal import Diagnostics
internal import JobModel
internal import Observability
internal import SystemSupport

/// `kilt logs gc`: retention of the archive.
struct LogsCollect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Remove archived hours by age and size.",
    discussion: """
      Removes hours older than --older-than, and then the oldest hours until the archive takes no more than --max-size.

      EXAMPLES
        kilt logs gc --older-than 30d
        kilt logs gc --max-size 500GB --dry-run
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var archive: ArchiveOptions

  @Option(help: ArgumentHelp("Age of the youngest hour to remove: 30d, 12h.", valueName: "age"))
  var olderThan: String?

  @Option(help: ArgumentHelp("Size of the whole archive: 500GB.", valueName: "size"))
  var maxSize: String?

  @Flag(help: "Show the plan, and change nothing.")
  var dryRun = false

  func run() throws {
    let now = Timestamp(milliseconds: wallClockNanoseconds() / 1_000_000)
    let limit = try olderThan.map { text -> String in
      guard text.last.map({ "dhm".contains($0) }) == true, let time = MomentText.parse(text, now: now) else {
        throw Diagnostic(
          .input, "invalid age \"\(text)\" in --older-than", remedies: ["write an age such as 30d or 12h"])
      }
      return LogPartition(key: JobKey(cluster: "c", role: "r", stage: "s", name: "n"), time: time).moment
    }
    let size = try maxSize.map { text -> Int64 in
      guard let bytes = ByteSize.parse(text) else {
        throw Diagnostic(.input, "invalid size \"\(text)\" in --max-size", remedies: ["write a size such as 500GB"])
      }
      return Int64(bytes)
    }
    guard limit != nil || size != nil else {
      throw Diagnostic(
        .input, "nothing says what to remove", remedies: ["add --older-than AGE, --max-size SIZE or both"])
    }
    let access = try ArchiveAccess(archive, global)
    var objects = try access.objects(PartitionFilter()).sorted { ($0.partition, $0.key) < ($1.partition, $1.key) }
    var total = objects.reduce(0) { $0 + $1.size }
    var removed: [ArchiveAccess.Object] = []
    while let first = objects.first {
      let isOld = limit.map { first.partition.moment < $0 } ?? false
      let isTooMuch = size.map { total > $0 } ?? false
      guard isOld || isTooMuch else { break }
      objects.removeFirst()
      total -= first.size
      removed.append(first)
    }
    if !dryRun {
      for object in removed {
        try access.bucket.remove(object.key)
        if object.isCompacted { try access.bucket.remove(String(object.key.dropLast("parquet".count)) + "inputs.json") }
      }
    }
    let freed = removed.reduce(0) { $0 + $1.size }
    let verb = dryRun ? "would remove" : "removed"
    let since = objects.first.map { ", the oldest hour left is \($0.partition.moment)" } ?? ""
    Terminal.standardOutput.print(
      "\(verb) \(removed.count) objects, \(ByteSize.text(freed)); \(ByteSize.text(total)) are left\(since)")
  }
}
