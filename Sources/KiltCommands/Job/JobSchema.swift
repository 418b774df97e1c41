internal import ArgumentParser
internal import JSON
internal import JobFiles
internal import SystemSupport

/// `kilt job schema`.
struct JobSchema: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON schema of job files, for editors.",
    discussion: """
      EXAMPLES
        kilt job schema > jobs/schema.json
        # yaml-language-server: $schema=schema.json   first line of a job file
      """)

  @OptionGroup var global: GlobalOptions

  func run() throws { writeText(JobFileSchema.json.text(.pretty) + "\n", to: 1) }
}
