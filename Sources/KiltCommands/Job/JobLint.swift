internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobFiles
internal import JobModel
internal import SchedulerCore
internal import SystemSupport

/// `kilt job lint`.
struct JobLint: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint", abstract: "Check job files for all their stages, without a server.",
    discussion: """
      Checks the schema, the template, all variables, and every rule of the scheduler that needs neither the artifact \
      repository nor the host. Without arguments, checks all job files below jobs/.

      EXAMPLES
        kilt job lint
        kilt job lint jobs/fiddler.yaml jobs/workers
        kilt job lint ::                        all job files of the workspace
        kilt job lint --format sarif > lint.sarif

      EXIT CODES
        0  no errors; with --strict, also no warnings
        2  errors
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, sarif }

  @OptionGroup var global: GlobalOptions

  @Argument(help: ArgumentHelp("Job files, Aurora files, directories, or DIRECTORY::.", valueName: "file"))
  var files: [String] = []

  @Option(help: .format)
  var format = Format.text

  @Flag(help: "Fail on warnings.")
  var strict = false

  @Option(help: .jobCluster)
  var cluster: String?

  @Option(help: .bind)
  var bind: [String] = []

  func run() throws {
    let set = try JobFileSet(global, cluster: cluster)
    let paths = try set.files(files)
    let bindings = try bind.map { try TemplateBinding(parsing: $0) }
    let findings = set.loader.check(paths, bindings: bindings).map(Self.completed)
    let jobs = findings.reduce(0) { $0 + $1.jobs.count }
    let errors = findings.reduce(0) { $0 + $1.errors.count }
    let warnings = findings.reduce(0) { $0 + $1.warnings.count }
    switch format {
    case .json: writeText(LintReport.json(findings).text(.pretty) + "\n", to: 1)
    case .sarif: writeText(LintReport.sarif(findings).text(.pretty) + "\n", to: 1)
    case .text:
      let renderer = DiagnosticRenderer(color: Terminal.standardOutput.usesColor)
      for finding in findings {
        for error in finding.errors { writeText(renderer.render(error, as: .error), to: 1) }
        for warning in finding.warnings { writeText(renderer.render(warning, as: .warning), to: 1) }
      }
      Terminal.standardOutput.print(
        "checked \(counted(paths.count, "file")), \(counted(jobs, "job")): \(counted(errors, "error")), "
          + counted(warnings, "warning"))
    }
    if errors > 0 || strict && warnings > 0 { throw ExitCode(Blame.input.exitCode) }
  }

  private static let safety = SafetyCheck(
    zones: TimeZones { name in
      do {
        return try ZoneFiles.read(name)
      } catch {
        // What cannot be read is told as an unknown zone, with this line before it.
        writeText(
          DiagnosticRenderer(color: isTerminal(2)).warning("cannot read the time zone file of \"\(name)\": \(error)"),
          to: 2)
        return nil
      }
    })

  /// With the rules of the scheduler; those that need the repository are its own.
  private static func completed(_ check: JobFileCheck) -> JobFileCheck {
    var check = check
    for job in check.jobs {
      guard var configuration = job.configuration else {
        if !job.unbound.isEmpty {
          check.errors.append(
            Diagnostic(
              .input,
              "job \(job.key) has unbound variables: \(job.unbound.map { "{{\($0)}}" }.joined(separator: ", "))",
              at: SourceLocation(path: check.path, line: 1),
              remedies: job.unbound.map { "bind it: --bind \($0)=VALUE" }))
        }
        continue
      }
      if let zone = configuration.cron?.timeZone, zone != "UTC", !ZoneFiles.arePresent {
        check.warnings.append(
          Diagnostic(
            .environment, "job \(job.key): its time zone \"\(zone)\" was not checked",
            at: SourceLocation(path: check.path, line: 1), notes: ["this machine has no time zone files"],
            remedies: ["install the package tzdata"]))
        configuration.cron?.timeZone = "UTC"
      }
      for problem in safety.problems(of: configuration)
      where problem.code != .digestMissing && problem.code != .commitMissing {
        check.errors.append(
          Diagnostic(
            .input, "job \(job.key): \(problem.summary)", at: SourceLocation(path: check.path, line: 1),
            remedies: problem.remedy.map { [$0] } ?? []))
      }
    }
    return check
  }
}
