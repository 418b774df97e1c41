internal import ArgumentParser
internal import Diagnostics
internal import LintCommands

/// `kilt check`.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Check types. Skip files whose dependencies did not change.",
    discussion: """
      Runs mypy, or the type checker that [lint] in kilt.toml or the root's configuration names: mypy, pyright, \
      basedpyright. Each file is checked with the packages of its resolve, under a Python of its constraints.

      EXAMPLES
        kilt check ::
        kilt check services/fiddler/server.py
        kilt check --changed-since=main
        kilt check :: --only basedpyright

      EXIT CODES
        0  no findings
        1  findings, or a type checker failed
        2  invalid usage or input
        3  the environment lacks something
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var code: CodeOptions

  func run() throws {
    let reporting = CodeReporting(verb: "check", global: global, options: code)
    if try QuietRun.repeats(reporting, fixes: false, remedy: { _ in nil }) { return }
    let session = try CodeSession("check", global, targets, code)
    let files = try session.files()
    let steps = try session.steps([.types])
    let (report, basis) = try session.run { try $0.checkTypes(files, steps) }
    try QuietRun.keep(session, files, report, basis, restsOnAll: true)
    try reporting.finish(report, remedy: nil)
  }
}
