internal import ArgumentParser

/// `kilt lint jobs`: as `kilt job lint`.
struct LintJobs: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs", abstract: "Check job files for all their stages, without a server.",
    discussion: """
      The same as `kilt job lint`. Without arguments, checks all job files below jobs/.

      EXAMPLES
        kilt lint jobs
        kilt lint jobs jobs/fiddler.yaml
        kilt lint jobs --format sarif > lint.sarif

      EXIT CODES
        0  no errors; with --strict, also no warnings
        2  errors
      """)

  @OptionGroup var lint: JobLint

  func run() throws { try lint.run() }
}
