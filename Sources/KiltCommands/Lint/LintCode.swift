internal import ArgumentParser
internal import LintCommands

/// `kilt lint code`, which `kilt lint` runs where no other verb follows.
struct LintCode: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "code", abstract: "Check code with linters and formatters. Skip unchanged files.",
    discussion: """
      Runs ruff, or the tools that [lint] in kilt.toml names. A file is checked again only after it, the configuration \
      of a tool, or a tool changes. Formatters run in check mode. The word `code` can be left out.

      EXAMPLES
        kilt lint ::
        kilt lint --changed-since=main
        kilt lint --fix services/fiddler::
        kilt lint :: --only ruff-check
        kilt lint :: --format sarif --output lint.sarif

      EXIT CODES
        0  no findings
        1  findings, or a tool failed
        2  invalid usage or input
        3  the environment lacks something
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var targets: TargetOptions
  @OptionGroup var code: CodeOptions

  @Flag(help: "Let tools fix what they can, then format.")
  var fix = false

  func run() throws {
    let reporting = CodeReporting(verb: "lint", global: global, options: code)
    if !fix, try QuietRun.repeats(reporting, fixes: false, remedy: { remedy($0, reporting) }) { return }
    let session = try CodeSession("lint", global, targets, code)
    let files = try session.files()
    let steps = try session.steps([.format, .lint])
    var (report, basis) = try session.run { run in
      guard fix else { return try run.check(files, steps) }
      // What a fix leaves is formatted afterwards; then everything is looked at.
      let fixed = try run.fix(
        files, steps.filter { $0.role == .lint && $0.canFix } + steps.filter { $0.role == .format })
      var checked = try run.check(files, steps)
      checked.changed = fixed.changed
      checked.failures =
        fixed.failures
        + checked.failures.filter { failure in
          !fixed.failures.contains { $0.diagnostic == failure.diagnostic }
        }
      return checked
    }
    report.steps.sort { ToolStep.order($0.step) < ToolStep.order($1.step) }
    if !fix {
      try QuietRun.keep(
        session, files, report, basis, restsOnAll: steps.contains { $0.tool.readsImports })
    }
    try reporting.finish(report, remedy: remedy(report, reporting))
  }

  private func remedy(_ report: CodeReport, _ reporting: CodeReporting) -> String? {
    let fixable = report.findings.filter(\.isFixable)
    guard !fixable.isEmpty, !fix else { return nil }
    let onlyFormats = fixable.allSatisfy { $0.step.role == .format }
    return "fix: " + reporting.command(onlyFormats ? "fmt" : "lint --fix", Set(fixable.map(\.path)))
  }
}

extension ToolStep {
  /// The place of a step in reports.
  static func order(_ step: ToolStep) -> Int { allCases.firstIndex(of: step) ?? 0 }
}
