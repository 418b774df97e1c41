import CSystemShims
import Digests
import Glibc
import HTTPClient
import SystemSupport
import TestServers
import Testing

@testable import Artifacts

/// SeaweedFS, an S3 server that checks signatures and digests, on free loopback ports; one for the whole run. A shell
/// stands over it and ends it when this process does, however that ends.
final class SeaweedServer: Sendable {
  static let shared = Result { try SeaweedServer() }

  let port: Int
  private let input: CInt
  private let folder: FilePath

  static let environment = AWSEnvironment { name in
    ["AWS_ACCESS_KEY_ID": "kilt-test", "AWS_SECRET_ACCESS_KEY": "the-right-secret", "AWS_REGION": "us-east-1"][name]
  }

  private init() throws {
    let install = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
      .appending("scripts/lib/seaweedfs")
    let installed = try Subprocess(install.string).run()
    try #require(installed.termination.isSuccess, "no S3 server to test with: \(installed.errorText)")
    folder = try FileSystem.makeTemporaryDirectory(prefix: "seaweed")
    let ports = try LoopbackPorts.free(10)
    port = ports[0]
    let flags = [
      "mini", "-dir=\(folder)", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-s3.port=\(port)",
      "-s3.port.grpc=\(ports[1])", "-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false",
      "-master.port=\(ports[2])", "-master.port.grpc=\(ports[3])", "-volume.port=\(ports[4])",
      "-volume.port.grpc=\(ports[5])", "-filer.port=\(ports[6])", "-filer.port.grpc=\(ports[7])",
      "-admin.port=\(ports[8])", "-admin.port.grpc=\(ports[9])",
    ]
    // SIGTERM would take it many seconds. The shell reads what this process never writes.
    let script = "\"$@\" >\"$LOG\" 2>&1 </dev/null & pid=$!; read -r line; kill -9 $pid; rm -rf \"$DATA\""
    let environment = [
      "PATH=/usr/bin:/bin", "HOME=\(folder)", "LOG=\(folder)/log", "DATA=\(folder)", "AWS_ACCESS_KEY_ID=kilt-test",
      "AWS_SECRET_ACCESS_KEY=the-right-secret",
    ]
    var pipe: [CInt] = [-1, -1]
    try #require(kilt_pipe_cloexec(&pipe) == 0)
    var options = kilt_spawn_options(
      standard_input: pipe[0], standard_output: -1, standard_error: -1, working_directory: nil, new_session: 1)
    var pid: pid_t = 0
    let code = withCStrings(["/bin/sh", "-c", script, "sh", installed.text] + flags) { arguments in
      withCStrings(environment) { kilt_spawn(&pid, arguments[0], arguments, $0, &options) }
    }
    close(pipe[0])
    input = pipe[1]
    try #require(code == 0)
    try waitUntilReady()
  }

  /// The repository in a bucket of the test's own, made here.
  func repository(
    bucket: String, secret: String? = nil, prefix: String = "team/kilt", partSize: Int64 = 16 << 20
  ) throws -> Repository {
    let base = Self.environment
    let environment = AWSEnvironment { name in
      name == "AWS_SECRET_ACCESS_KEY" ? secret ?? base.variable(name) : base.variable(name)
    }
    let location = try S3Location(parsing: url(bucket, prefix), environment: environment)
    return Repository(
      S3Storage(location, environment: environment, client: HTTPClient(retry: .never), partSize: partSize))
  }

  func url(_ bucket: String, _ prefix: String) -> String {
    "s3://\(bucket)/\(prefix)?endpoint=http://127.0.0.1:\(port)"
  }

  func makeBucket(_ name: String) throws {
    let storage = S3Storage(
      try S3Location(parsing: url(name, ""), environment: Self.environment), environment: Self.environment)
    _ = try storage.requireSuccess(try storage.send(S3Request(.put, nil)))
  }

  private func waitUntilReady() throws {
    let deadline = monotonicNanoseconds() + 60_000_000_000
    while true {
      do {
        return try makeBucket("ready")
      } catch {
        if monotonicNanoseconds() > deadline { throw error }
        usleep(50_000)
      }
    }
  }
}
