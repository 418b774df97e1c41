import Glibc
import HTTPClient
import JSON
import JobModel
import Observability
import SchedulerClient
import SystemSupport
import TestServers
import Testing

@testable import Artifacts
@testable import SchedulerServer

/// The archive of logs of the built scheduler, in a directory and in SeaweedFS, with kills and an archive that is away.
@Suite(.serialized) struct ArchiveTests {
  /// A job whose task writes numbered lines, turned over every few KiB, and ends.
  private func job(_ fixture: SchedulerFixture, lines: Int) -> JobConfiguration {
    var job = fixture.job("writer", instances: 1)
    job.isService = false
    job.healthCheck = nil
    job.task.processes[0].cmdline =
      "i=0; while [ $i -lt \(lines) ]; do echo line $i; i=$((i+1)); [ $((i % 500)) = 0 ] && sleep 0.1; done; echo '{\"level\": \"error\"}' >&2"
    job.task.processes[0].logger = LoggerConfiguration(mode: .rotate, logSize: 4096, backups: 1000)
    return job
  }

  /// The lines of every object below a bucket, by stream, in the order of their positions.
  private func archived(_ bucket: ObjectBucket, _ stream: String) throws -> [JSONValue] {
    var lines: [JSONValue] = []
    for entry in try bucket.list("") where entry.name.contains("-\(stream)-") {
      let content = try #require(Gzip.decompressed(try bucket.read(entry.name, limit: 1 << 26) ?? [], limit: 1 << 28))
      lines += try content.split(separator: 0x0A).map { try JSONValue(parsing: Array($0)) }
      #expect(LogPartition(parsing: entry.name)?.key == SchedulerFixture.key("writer"))
    }
    return lines.sorted { $0["position"]?.int ?? 0 < $1["position"]?.int ?? 0 }
  }

  private func metric(_ fixture: SchedulerFixture, _ name: String) throws -> Double? {
    try fixture.request(.get, "/metrics").text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
      .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
  }

  private func kilt(_ fixture: SchedulerFixture, _ arguments: String..., code: Int32 = 0) throws -> String {
    let tools =
      environmentVariable("KILT_TEST_TOOLS") ?? "\(environmentVariable("HOME") ?? "/root")/.cache/kilt/test-tools"
    try FileSystem.createDirectories(FilePath(tools))
    let outcome = try Subprocess(
      try SchedulerFixture.program("kilt").string, arguments,
      environment: environmentStrings().filter { !$0.hasPrefix("KILT_") } + [
        "KILT_SCHEDULER=unix:\(fixture.socket)", "KILT_CACHE_DIR=\(tools)/kilt-cache",
      ], workingDirectory: fixture.scratch, deadlineMilliseconds: 600_000
    ).run()
    #expect(outcome.termination == .exited(code), "\(outcome.text)\(outcome.errorText)")
    return outcome.text
  }

  @Test("Every line is archived once despite kills, and SQL, compaction and retention work on it") func directory()
    throws
  {
    let scratch = try FileSystem.makeTemporaryDirectory(prefix: "archive")
    defer { try? FileSystem.removeTree(scratch) }
    let settings = try ConfigurationFile("[logs]\narchive = \"\(scratch)/logs\"\ninterval_secs = 0.2")
    let fixture = try SchedulerFixture(["--config", settings.path])
    let count = 6000
    try fixture.client().create(job(fixture, lines: count))
    let bucket = try ObjectBucket(opening: "\(scratch)/logs")
    for round in 1...3 {
      try waitUntil("rotated files are archived while the task runs") {
        try archived(bucket, "stdout").count >= 200 * round
      }
      fixture.endScheduler(SIGKILL)
      // Its notes are lost too: what is archived says where to go on.
      if round == 2 {
        for task in fixture.tasks() where FileSystem.exists(task.appending("archive.json")) {
          try FileSystem.removeFile(task.appending("archive.json"))
        }
      }
      try fixture.start()
    }
    try waitUntil("all is archived") { try archived(bucket, "stderr").count == 1 }
    let lines = try archived(bucket, "stdout")
    #expect(lines.compactMap { $0["line"]?.string } == (0..<count).map { "line \($0)" })
    #expect(lines.first?["release"] == 1 && lines.first?["process"] == "server" && lines.first?["instance"] == 0)
    #expect(try archived(bucket, "stderr").first?["level"] == "error")
    #expect(try metric(fixture, "kilt_log_archive_dropped_bytes_total") == 0)

    let sql = "select count(*) as n, count(distinct line) as d from logs where job='writer' and stream='stdout'"
    let expected = "[\n{\"n\": \(count), \"d\": \(count)}\n]"
    #expect(try kilt(fixture, "logs", "query", sql, "--format", "json") == expected)
    #expect(
      try kilt(fixture, "logs", "query", "select line from logs where level='error'", "--format", "csv").hasPrefix(
        "line\n"))
    #expect(
      try kilt(fixture, "logs", "query", "select count(*) from logs where job='other'", "--format", "csv")
        == "count_star()\n0")
    _ = try kilt(fixture, "logs", "query", "select nothing from logs", code: 2)
    #expect(try kilt(fixture, "logs", "compact") == "nothing to compact")
    #expect(try kilt(fixture, "logs", "compact", "--all").contains("cluster=devcluster"))
    #expect(try bucket.list("").allSatisfy { $0.name.hasPrefix("parquet/") })
    #expect(try kilt(fixture, "logs", "query", sql, "--format", "json") == expected)
    #expect(try kilt(fixture, "logs", "gc", "--older-than", "1d").hasPrefix("removed 0 objects"))
    #expect(try kilt(fixture, "logs", "gc", "--max-size", "0", "--dry-run").hasPrefix("would remove"))
    #expect(try kilt(fixture, "logs", "gc", "--max-size", "0").hasPrefix("removed"))
    #expect(try bucket.list("").isEmpty)
    #expect(try kilt(fixture, "logs", "schema", "--athena", "--archive", "s3://b/p").contains("LOCATION 's3://b/p/'"))
  }

  @Test("A directory waits for an unreachable bucket, and then each line exists once") func away() throws {
    let weed = try Weed()
    let fixture = try SchedulerFixture(
      ["--config", weed.settings.path, "--keep-ended-tasks", "0", "--keep-ended-days", "0"], start: false)
    try FileSystem.createDirectories(fixture.scratch.appending(".aws"))
    try FileSystem.write(text: Weed.credentials, to: fixture.scratch.appending(".aws/credentials"))
    try fixture.start()
    let job = job(fixture, lines: 2000)
    try fixture.client().create(job)
    try waitUntil("the bucket is missed") { try metric(fixture, "kilt_log_archive_failures_total") ?? 0 > 0 }
    try waitUntil("the task has ended") {
      try fixture.client().job(job.key)?.instances.first?.status.isTerminal != false
    }
    #expect(fixture.tasks().count == 1)
    try weed.start()
    let bucket = try weed.bucket()
    try waitUntil("all is archived") { try archived(bucket, "stderr").count == 1 }
    #expect(try archived(bucket, "stdout").compactMap { $0["line"]?.string } == (0..<2000).map { "line \($0)" })
    #expect(try metric(fixture, "kilt_log_archive_dropped_bytes_total") == 0)
  }

  @Test("Compressed content is restored, and damaged or large content is not") func gzip() throws {
    let bytes = Array("some text\n".utf8)
    #expect(Gzip.decompressed(Gzip.compressed(bytes), limit: 100) == bytes)
    #expect(Gzip.decompressed(Gzip.compressed(bytes), limit: 5) == nil)
    #expect(Gzip.decompressed(Array(Gzip.compressed(bytes).dropLast(9)) + [1, 0, 0, 0], limit: 100) == nil)
  }

  /// SeaweedFS on a port that is known before it runs.
  private final class Weed {
    let settings: ConfigurationFile
    private let directory: FilePath
    private let ports: [Int]
    private var process: ServerProcess?

    static let credentials =
      "[default]\naws_access_key_id = kilt-test\naws_secret_access_key = the-right-secret\nregion = us-east-1\n"

    init() throws {
      directory = try FileSystem.makeTemporaryDirectory(prefix: "weed")
      ports = try (0..<10).map { _ in try LoopbackPorts.free() }
      settings = try ConfigurationFile("[logs]\narchive = \"\(Self.url(ports[0]))\"\ninterval_secs = 0.2")
    }

    deinit {
      process = nil
      try? FileSystem.removeTree(directory)
    }

    private static func url(_ port: Int) -> String {
      "s3://logs/kilt?endpoint=http://127.0.0.1:\(port)&region=us-east-1"
    }

    func start() throws {
      let install = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        .appending("scripts/lib/seaweedfs")
      let installed = try Subprocess(install.string, [], environment: environmentStrings()).run()
      try #require(installed.termination.isSuccess, "\(installed.errorText)")
      let names = [
        "s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port",
        "filer.port.grpc", "admin.port", "admin.port.grpc",
      ]
      process = try ServerProcess(
        "env", package: "coreutils", in: directory,
        [
          "AWS_ACCESS_KEY_ID=kilt-test", "AWS_SECRET_ACCESS_KEY=the-right-secret",
          String(installed.text.split(separator: "\n").last ?? "weed"), "mini", "-dir=\(directory)", "-ip=127.0.0.1",
          "-ip.bind=127.0.0.1", "-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false",
          "-admin.ui=false",
        ] + zip(names, ports).map { "-\($0)=\($1)" })
      let storage = try storage("")
      try waitUntil("the bucket is made") {
        do {
          // 409: an earlier request made it, whose answer was lost.
          let response = try storage.send(S3Request(.put, nil))
          return response.isSuccess || response.status == 409
        } catch {
          return false
        }
      }
    }

    private static let environment = AWSEnvironment { name in
      ["AWS_ACCESS_KEY_ID": "kilt-test", "AWS_SECRET_ACCESS_KEY": "the-right-secret", "AWS_REGION": "us-east-1"][name]
    }

    private func storage(_ prefix: String) throws -> S3Storage {
      S3Storage(
        try S3Location(
          parsing: "s3://logs/\(prefix)?endpoint=http://127.0.0.1:\(ports[0])", environment: Self.environment),
        environment: Self.environment)
    }

    func bucket() throws -> ObjectBucket { ObjectBucket(try storage("kilt")) }
  }
}
