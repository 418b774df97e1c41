internal import ArgumentParser
internal import Artifacts
internal import Diagnostics
internal import JSON
internal import SystemSupport
internal import Workspace

/// `kilt artifacts gc`.
struct ArtifactsCollect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Remove unneeded artifacts from an artifact repository.",
    discussion: """
      Keeps artifacts that jobs run, artifacts that branches and tags name, the newest commits, and recent commits. \
      Works in two phases: the first call with --apply marks artifacts. A call after the grace period removes marked \
      artifacts that are still unneeded.

      You can publish and fetch artifacts meanwhile. Without --apply, Kilt lists the artifacts to remove and changes \
      nothing.

      EXAMPLES
        kilt artifacts gc
        kilt artifacts gc --apply --keep-newest 20 --keep-days 90
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var artifacts: ArtifactsOptions
  @OptionGroup var output: FormatOption

  @Flag(help: "Mark unneeded artifacts, and remove those marked long enough ago.")
  var apply = false

  @Option(help: "Number of the newest commits to keep for each artifact.")
  var keepNewest = 10

  @Option(help: "Number of days to keep every commit.")
  var keepDays = 30

  @Option(help: ArgumentHelp("Time between marking and removal, such as 12h.", valueName: "duration"))
  var grace = "1d"

  @Flag(help: "Do not contact schedulers. Artifacts that only jobs need can be removed.")
  var noJobs = false

  func run() throws {
    guard let seconds = DurationText.seconds(grace), seconds >= 3600 else {
      throw Diagnostic(
        .input, "invalid --grace \"\(grace)\"", notes: ["it must be longer than any publication: 1h or more"],
        remedies: ["write for example `--grace 1d`"])
    }
    guard keepNewest >= 1, keepDays >= 0 else {
      throw Diagnostic(.input, "--keep-newest must be 1 or more, and --keep-days 0 or more")
    }
    var commits = noJobs ? [] : Set(try RunningArtifacts(global).jobs().map(\.version))
    if let workspace = try RunningArtifacts.workspace(global) {
      commits.formUnion(try workspace.git.namedCommits())
    }
    let rules = RetentionRules(
      commits: commits, newest: keepNewest, age: Int64(keepDays) * 86_400, grace: seconds)
    let repository = try artifacts.repository(global)
    let summary = try repository.collect(
      rules, applies: apply, now: wallClockNanoseconds() / 1_000_000_000)
    switch output.format {
    case .json: Terminal.standardOutput.print(json(summary).text(.pretty))
    case .text: show(summary)
    }
  }

  private func show(_ summary: CollectionSummary) {
    for key in summary.unneededManifests { Terminal.standardOutput.print("unneeded  \(key)") }
    Terminal.standardOutput.print(
      "\(summary.keptManifests) manifests are kept; \(summary.unneededManifests.count) objects of manifests and "
        + "\(summary.unneededBlobs.count) blobs are unneeded, \(ByteSize.text(summary.unneededBytes))")
    if !apply {
      global.note("nothing was changed: `--apply` marks unneeded artifacts, and removes them after the grace period")
      return
    }
    if summary.removed > 0 || summary.abandonedUploads > 0 {
      Terminal.standardOutput.print(
        "removed \(summary.removed) objects, \(ByteSize.text(summary.removedBytes)), and \(summary.abandonedUploads) "
          + "incomplete uploads")
    }
    if let time = summary.sweepableFrom {
      Terminal.standardOutput.print(
        "\(summary.marked > 0 ? "marked \(summary.marked) objects: " : "")the next removal is possible from "
          + RFC3339.text(time))
    }
  }

  private func json(_ summary: CollectionSummary) -> JSONValue {
    .members([
      "applied": .bool(apply), "kept": .int(Int64(summary.keptManifests)),
      "unneeded_manifests": .strings(summary.unneededManifests), "unneeded_blobs": .strings(summary.unneededBlobs),
      "unneeded_bytes": .int(summary.unneededBytes), "marked": .int(Int64(summary.marked)),
      "removed": .int(Int64(summary.removed)), "removed_bytes": .int(summary.removedBytes),
      "abandoned_uploads": .int(Int64(summary.abandonedUploads)),
      "sweepable_from": summary.sweepableFrom.map { .string(RFC3339.text($0)) } ?? .null,
    ])
  }
}
