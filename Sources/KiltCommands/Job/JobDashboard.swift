internal import ArgumentParser
internal import Diagnostics
internal import JSON
internal import JobModel
internal import Observability
internal import SystemSupport

/// `kilt job dashboard`: a dashboard for Grafana.
struct JobDashboard: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dashboard", abstract: "Write a Grafana dashboard for a job, a role or the cluster.",
    discussion: """
      Writes the JSON that Grafana imports. The dashboard asks for its Prometheus data source. Panels of requests come with \
      a port "metrics", and panels of the JVM with a port "jmx" or a process that starts Java. Releases are marked.

      EXAMPLES
        kilt job dashboard jobs/fiddler.yaml --stage prod > fiddler.json
        kilt job dashboard devcluster/www-data/prod/fiddler
        kilt job dashboard --role www-data --cluster devcluster
        kilt job dashboard --whole-cluster --cluster devcluster
      """)

  @OptionGroup var global: GlobalOptions

  @Argument(
    help: ArgumentHelp(
      "A job file such as jobs/fiddler.yaml, or a key: cluster/role/stage/name.", valueName: "file"))
  var file: String?

  @Option(help: "The stage of the job file.")
  var stage: String?

  @Option(help: ArgumentHelp("The cluster; by default the job file's, or the first of kilt.toml.", valueName: "name"))
  var cluster: String?

  @Option(help: ArgumentHelp("All jobs of this role, in place of one job.", valueName: "role"))
  var role: String?

  @Flag(help: "The host, the scheduler and all jobs of the cluster, in place of one job.")
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
