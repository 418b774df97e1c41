internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import SystemSupport
internal import Workspace

/// `kilt job affected`.
struct JobAffected: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "affected", abstract: "List the jobs that commits change, by bundle or configuration.",
    discussion: """
      Compares the files of the checkout with the common ancestor of the revision and the current commit. A job is \
      affected if its bundle changed (sources, requirements, lockfile), or if its job file and template describe \
      another job. Does not contact the scheduler.

      EXAMPLES
        kilt job affected --since main --stage prod
        kilt job affected --since HEAD~1 --stage devel --format json
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var output: FormatOption

  @Option(help: ArgumentHelp("Git revision to compare with.", valueName: "revision"))
  var since: String

  @Option(help: "Stage of the jobs. Required.")
  var stage: String

  func run() throws {
    let workspace = try Workspace.find(from: try global.workingDirectory)
    let affected = try AffectedJobs(global, workspace: workspace, since: since, stage: stage)
    let renderer = DiagnosticRenderer(color: Terminal.standardError.usesColor)
    for problem in affected.problems { writeText(renderer.render(problem, as: .warning), to: 2) }
    switch output.format {
    case .json:
      let values = affected.jobs.map { job -> JSONValue in
        .members([
          "key": .string(job.configuration.key.description), "path": .string(job.path),
          "artifacts": .strings(job.artifacts), "new": .bool(job.isNew), "difference": .strings(job.difference),
        ])
      }
      writeText(JSONValue.array(values).text(.pretty) + "\n", to: 1)
    case .text:
      for job in affected.jobs {
        let reasons =
          job.artifacts.map { "bundle \($0)" } + (job.isNew ? ["new job file"] : [])
          + (job.difference.isEmpty ? [] : ["configuration"])
        Terminal.standardOutput.print("\(job.configuration.key)  \(job.path)  \(reasons.joined(separator: ", "))")
        for line in job.difference { Terminal.standardOutput.print("    \(PlainText.line(line))") }
      }
      if affected.jobs.isEmpty { global.note("no job of stage \"\(stage)\" is affected") }
    }
  }
}
