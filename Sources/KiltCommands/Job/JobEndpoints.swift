internal import ArgumentParser
internal import Diagnostics
internal import Discovery
internal import JSON
internal import JobModel
internal import SchedulerClient
internal import SystemSupport

/// `kilt job endpoints`.
struct JobEndpoints: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "endpoints", abstract: "List the addresses where a job can be called now.",
    discussion: """
      Prints one line per announced instance, with the address first. An executor announces its task while the task is \
      RUNNING and healthy, and withdraws it before it asks the task to stop. Tasks that are not announced go to \
      standard error, with the reason.

      EXAMPLES
        kilt job endpoints jobs/fiddler.yaml --stage devel
        kilt job endpoints devcluster/www-data/prod/fiddler --port metrics
        kilt job endpoints jobs/fiddler.yaml --stage prod --format json

      EXIT CODES
        0  done
        1  no instance is announced
      """)

  @OptionGroup var global: GlobalOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var output: FormatOption

  @Option(help: ArgumentHelp("Name of the port. Default: the primary port of the announcer.", valueName: "name"))
  var port: String?

  func run() throws {
    let session = try JobSession(global, job)
    let reference = try session.reference(job)
    guard var service = try session.client.service(reference.key) else {
      // An unknown job is told with the names of near ones.
      let job = try session.job(reference.key)
      let key = job.summary.key
      if job.isGone {
        throw Diagnostic(
          .work, "job \(key) was killed: it has no tasks",
          remedies: ["run `kilt deploy FILE --stage STAGE` to create it again"])
      }
      throw Diagnostic(
        .input, "job \(key) has no announcer",
        remedies: ["add `announce = Announcer(primary_port = \"http\")` to the job in its template"])
    }
    if !reference.instances.isEmpty {
      service.instances.removeAll { !reference.instances.contains($0.shard) }
      service.withdrawn.removeAll { !reference.instances.contains($0.shard) }
    }
    let names = Set(service.instances.flatMap(\.announcement.endpoints.keys))
    if let port, !names.isEmpty, !names.contains(port) {
      throw Diagnostic(
        .input, "job \(service.key) has no port \"\(port)\"",
        notes: ["its ports: \(names.sorted().joined(separator: ", "))"])
    }
    switch output.format {
    case .json: writeText(service.json.text(.pretty) + "\n", to: 1)
    case .text:
      for line in Self.lines(service, port: port) { Terminal.standardOutput.print(line) }
      for task in service.withdrawn {
        writeText(PlainText.line("instance \(task.shard) is not announced: \(task.reason)") + "\n", to: 2)
      }
    }
    if service.instances.isEmpty {
      if service.withdrawn.isEmpty, output.format == .text { writeText("job \(service.key) has no tasks\n", to: 2) }
      throw ExitCode(1)
    }
  }

  /// One line per instance, with the address first: programs read the text before the first space.
  static func lines(_ service: Service, port: String?) -> [String] {
    service.instances.compactMap { instance in
      guard let address = instance.address(port: port) else { return nil }
      let release = instance.release.map { "release \($0)" }
      return PlainText.line(
        [address, "instance \(instance.shard)", release, instance.health.rawValue].compactMap(\.self)
          .joined(separator: "  "))
    }
  }
}
