import Digests
import Glibc
import HTTPClient
import SystemSupport
import Testing

@testable import Artifacts

/// moto of PyPI, a second S3 server, on a free loopback port; it ends when this value does.
final class MotoServer: Sendable {
  let port: Int
  private let process: ConversingProcess

  init() throws {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let installed = try Subprocess(root.appending("scripts/lib/artifact-peers").string).run()
    try #require(installed.termination.isSuccess, "no moto to test with: \(installed.errorText)")
    // moto says nothing when it is ready: the server is made here, and the port told.
    let script = """
      import os, sys, threading, logging
      logging.disable(logging.CRITICAL)
      from moto.server import ThreadedMotoServer
      server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
      server.start()
      print(server.get_host_and_port()[1], flush=True)
      sys.stdin.read()
      os._exit(0)
      """
    process = try ConversingProcess(
      Subprocess(installed.text, ["-c", script]), errorOutput: FileDescriptor(rawValue: 2))
    guard case .line(let line) = try process.receive(), let port = Int(String(decoding: line, as: UTF8.self)) else {
      throw SystemCallError("start", "moto", .ioError)
    }
    self.port = port
  }

  deinit { process.end(within: 5000) }
}

@Suite("A repository in a bucket of another server")
struct MotoServerTests {
  @Test("Publication, index, uploads in parts, listing and removal work on a third-party S3 server") func everything()
    throws
  {
    let scratch = try Scratch()
    let server = try MotoServer()
    let environment = AWSEnvironment { name in
      ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"][name]
    }
    let location = try S3Location(
      parsing: "s3://bucket/kilt?endpoint=http://127.0.0.1:\(server.port)", environment: environment)
    let storage = S3Storage(
      location, environment: environment, client: HTTPClient(retry: .never), partSize: 5 << 20)
    try storage.requireSuccess(try storage.send(S3Request(.put, nil)))
    let repository = Repository(storage)
    let bundle = try SampleBundle(in: scratch.path, segments: [bytes(3_000, seed: 1), bytes((11 << 20) + 3, seed: 2)])
    let outcome = try repository.publish(bundle.manifest, file: bundle.file)
    #expect(outcome.uploadedBlobs == 3)
    #expect(try repository.publish(bundle.manifest, file: bundle.file).wasPublished)
    #expect(try repository.manifest(bundle.manifest.key) == bundle.manifest)
    #expect(try repository.verify(bundle.manifest).isEmpty)
    #expect(try repository.names() == [bundle.manifest.key.name])
    #expect(try storage.incompleteUploads(of: "").isEmpty)

    #expect(try storage.replace("i", [1], expecting: nil))
    #expect(try !storage.replace("i", [2], expecting: nil))
    let version = try #require(try storage.readVersioned("i", limit: 100)).version
    #expect(try storage.replace("i", [2], expecting: version))
    #expect(try !storage.replace("i", [3], expecting: version))
    try storage.remove("i")
    #expect(try storage.size(of: "i") == nil)
    #expect(try storage.modified(RepositoryLayout.manifest(bundle.manifest.key)) ?? 0 > 1_700_000_000)
  }
}
