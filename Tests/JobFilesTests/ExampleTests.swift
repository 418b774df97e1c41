import Diagnostics
import JobModel
import SystemSupport
import Testing

@testable import JobFiles

/// The example monorepo's jobs, read from disk.
@Suite struct ExampleTests {
  private static let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    .appending("BUILD-examples")
  private var loader: JobLoader {
    var loader = JobLoader(root: ExampleTests.root, cluster: "devcluster")
    loader.warn = { Issue.record("warning: \($0.summary)") }
    return loader
  }

  private static func names() throws -> [String] {
    try FileSystem.list(root.appending("jobs")).map(\.name).filter { $0.hasSuffix(".yaml") }.sorted()
  }

  @Test func everyJobLoadsInBothStages() throws {
    let names = try Self.names()
    #expect(names.count == 12)
    var keys = Set<JobKey>()
    for name in names {
      #expect(try loader.stages(of: "jobs/\(name)") == ["devel", "prod"])
      for stage in ["devel", "prod"] {
        let job = try loader.load("jobs/\(name)", stage: stage, artifacts: nil)
        #expect(job.key.name == JobFile.stem(of: name) && job.key.stage == stage && job.isService)
        #expect(job.requiredPorts.contains("http") && job.unboundVariables.isEmpty)
        guard case .http(let check)? = job.healthCheck?.checker else {
          Issue.record("\(name) has no HTTP check")
          continue
        }
        #expect(check.port == "http")
        keys.insert(job.key)
      }
    }
    #expect(keys.count == 24)
  }

  @Test func fiddlerRunsItsBundleOnAnAllottedPort() throws {
    let job = try loader.load("jobs/fiddler.yaml", stage: "devel", artifacts: nil)
    #expect(
      job.task.processes.map(\.cmdline) == [
        """
        exec ./fiddler_server.pex --host=127.0.0.1 --port={{thermos.ports[http]}} --metrics-port={{thermos.ports[metrics]}} \
        --threads=4 --eightball=http://127.0.0.1:8008
        """
      ])
    #expect(job.requiredPorts == ["http", "metrics"])
    #expect(job.instances == 2 && job.announce?.primaryPort == "http")
  }

  @Test func prodHasMoreOfEverything() throws {
    let job = try loader.load("jobs/eightball.yaml", stage: "prod", artifacts: nil)
    #expect(job.instances == 56 && job.task.resources.cpu == 1.5 && job.update.batchSize == 8)
    #expect(
      job.task.processes.last?.cmdline
        == "exec ./eightball_server.pex --host=0.0.0.0 --port={{thermos.ports[http]}} "
        + "--threads=34 --memcache=cache1.acme.example:11211")
  }

  @Test func aWorkerIsAFewLinesOfYAML() throws {
    let job = try loader.load("jobs/igor_send_email.yaml", stage: "prod", artifacts: nil)
    #expect(
      job.task.processes.first?.cmdline
        == "exec ./igor_worker.pex --queue=send_email --job=workers.igor.jobs.send_email:SendEmail "
        + "--database=/var/lib/igor/queues.sqlite3 --option=sender=hello@acme.example --host=127.0.0.1 "
        + "--port={{thermos.ports[http]}}")
    #expect(job.instances == 3 && job.announce == nil)
  }

  /// A commit is one line of its own in every file, so that find and replace changes what runs.
  @Test func aCommitIsReplacedByTheLine() throws {
    var files: [String: String] = [:]
    for entry in try FileSystem.list(Self.root.appending("jobs")) where entry.kind != .directory {
      let text = try FileSystem.readText(Self.root.appending("jobs").appending(entry.name))
      let lines: [Substring] = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        guard let key = line.firstRange(of: "githash: ") else { return line }
        return line[..<key.upperBound] + "0123456789ab"
      }
      files["jobs/" + entry.name] = lines.joined(separator: "\n")
    }
    var fixture = Fixture()
    fixture.files = files
    for name in try Self.names() {
      for stage in ["devel", "prod"] {
        let job = try fixture.loader().load("jobs/\(name)", stage: stage, artifacts: nil)
        #expect(job.task.artifacts.map(\.version) == ["0123456789ab"])
      }
    }
  }

  @Test(
    "The examples of the library load in both stages, each with its shared resources", arguments: ["devel", "prod"])
  func library(_ stage: String) throws {
    let reports = try loader.load("jobs/library/reports.yaml", stage: stage, artifacts: nil)
    let host = stage == "prod" ? "db1.acme.example" : "127.0.0.1"
    #expect(reports.task.processes[0].cmdline.contains("host = \(host)\nport = 5432\n"))
    #expect(reports.task.secrets == [Secret(name: "database", reference: "reports/database")])
    #expect(reports.task.processes.map(\.name).contains("secret_is_there") && reports.alerts.count == 2)
    let metrics = try loader.load("jobs/library/metrics.yaml", stage: stage, artifacts: nil)
    #expect(metrics.requiredPorts == ["jmx", "private", "public"] && metrics.announce?.primaryPort == "public")
    #expect(metrics.task.processes.contains { $0.cmdline.contains("-Xmx\(stage == "prod" ? 3072 : 768)m") })
  }
}
