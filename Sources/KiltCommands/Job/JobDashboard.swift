internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import Observability
internal import SystemSupport

/// `kilt job dashboard`: a dashboard for Grafana.
struct JobDashboard: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dashboard", abstract: "Print a Grafana dashboard for a job, a role or the cluster.",
    discussion: """
      Prints JSON for the import of Grafana. The dashboard asks for its Prometheus data source, and marks releases. It \
      has panels of requests if the job has a port "metrics", and panels of the JVM if the job has a port "jmx" or a \
      process that starts Java.

      EXAMPLES
        kilt job dashboard jobs/fiddler.yaml --stage prod > fiddler.json
        kilt job dashboard devcluster/www-data/prod/fiddler
        kilt job dashboard --role www-data --cluster devcluster
        kilt job dashboard --whole-cluster --cluster devcluster
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(
    help: ArgumentHelp(
      "Job file such as jobs/fiddler.yaml, or job key: cluster/role/stage/name.", valueName: "file"))
  var file: String?

  @Option(help: .stage)
  var stage: String?

  @Option(help: .jobCluster)
  var cluster: String?

  @Option(help: ArgumentHelp("Show all jobs of this role instead of one job.", valueName: "role"))
  var role: String?

  @Flag(help: "Show the host, the scheduler and all jobs of the cluster instead of one job.")
  var wholeCluster = false

  func run() throws {
    guard (file == nil ? 0 : 1) + (role == nil ? 0 : 1) + (wholeCluster ? 1 : 0) == 1 else {
      throw Diagnostic(
        .input, "name one of: a job, --role, --whole-cluster",
        remedies: ["run `kilt job dashboard FILE --stage STAGE`, or `kilt job dashboard --role ROLE`"])
    }
    writeText(try dashboard().json.text(.pretty) + "\n", to: 1)
  }

  private func dashboard() throws -> Dashboard {
    if let file {
      var words = [file]
      if let stage { words += ["--stage", stage] }
      if let cluster { words += ["--cluster", cluster] }
      let options = try JobOptions.parse(words)
      return Dashboard(of: try JobSession(global, options).describedConfiguration(options))
    }
    let name = try cluster ?? JobSession(global).cluster ?? "devcluster"
    for value in [name, role].compactMap(\.self) where !JobKey.isIdentifier(value) {
      throw Diagnostic(
        .input, "\"\(value)\" is not the name of a role or cluster",
        remedies: ["use letters, digits, \"_\", \".\" and \"-\""])
    }
    return role.map { Dashboard(cluster: name, role: $0) } ?? Dashboard(cluster: name)
  }
}
