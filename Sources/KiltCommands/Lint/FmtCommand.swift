internal import ArgumentParser
internal import Diagnostics
internal import LintCommands

/// `kilt fmt`.
struct FmtCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fmt", abstract: "Format code. Skip files that are formatted already.",
    discussion: """
      Runs ruff format, or the formatters that [lint] in kilt.toml names. Writes only files that change, each \
      atomically. Your ruff.toml or pyproject.toml sets the rules.

      EXAMPLES
        kilt fmt ::
        kilt fmt services/fiddler/server.py
        kilt fmt --changed-since=HEAD
        kilt fmt :: --check

      EXIT CODES
        0  all files are formatted
        1  a file needs changes (--check), or a tool failed
        2  invalid usage or input
        3  the environment lacks something
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var code: CodeOptions

  @Flag(help: .check)
  var check = false

  func run() throws {
    let reporting = CodeReporting(verb: "fmt", global: global, options: code)
    func remedy(_ report: CodeReport) -> String? {
      let paths = Set(report.findings.filter(\.isFixable).map(\.path))
      return paths.isEmpty ? nil : "fix: " + reporting.command("fmt", paths)
    }
    if try QuietRun.repeats(reporting, fixes: !check, remedy: remedy) { return }
    let session = try CodeSession("fmt", global, targets, code)
    let files = try session.files()
    let steps = try session.steps([.format])
    guard !steps.isEmpty else {
      throw Diagnostic(
        .input, "no formatter is configured",
        remedies: ["add a formatter to `tools` under [lint] in kilt.toml, such as tools = [\"ruff\"]"])
    }
    let (report, basis) = try session.run { check ? try $0.check(files, steps) : try $0.fix(files, steps) }
    try QuietRun.keep(session, files, report, basis)
    try reporting.finish(report, remedy: remedy(report))
  }
}
