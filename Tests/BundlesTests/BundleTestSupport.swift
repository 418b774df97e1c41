import ContentStore
import Digests
import Glibc
import Synchronization
import SystemSupport
import Testing
import Zip

@testable import Bundles

/// A new directory for one test, gone with the value: a store, bundles, and a home for what they unpack.
final class Scratch {
  let path: FilePath
  let store: ContentStore
  var home: FilePath { path.appending("home") }

  init() throws {
    path = try FileSystem.makeTemporaryDirectory(prefix: "bundle-test")
    store = ContentStore(root: path.appending("store"))
    try FileSystem.createDirectories(path.appending("home"))
    try FileSystem.createDirectories(path.appending("empty"))
  }

  deinit {
    do { try FileSystem.removeTree(path) } catch { Issue.record(error) }
  }

  func build(
    _ name: String = "hello.pex", entry: String? = nil, sources: KeyValuePairs<String, String> = [:],
    wheels: [WheelInput] = [], _ change: (inout BundleSpecification) -> Void = { _ in }
  ) throws -> Bundle {
    var specification = BundleSpecification(
      name: name, entryPoint: entry.map { .init($0) } ?? BundleSpecification.EntryPoint.none)
    specification.sources = sources.map { SourceMember($0.key, bytes: Array($0.value.utf8)) }
    specification.wheels = wheels
    change(&specification)
    return try BundleBuilder(store: store).build(specification, to: path.appending(name))
  }

  /// Runs a bundle in an empty directory, with nothing in the environment but what a program needs.
  func run(
    _ program: FilePath, _ arguments: [String] = [], python: FilePath? = nil, input: [UInt8]? = nil,
    environment: [String: String] = [:]
  ) throws -> Subprocess.Outcome {
    let directory = (try python ?? Python.any().path).removingLastComponent()
    var variables = ["HOME": home.string, "PATH": "\(directory):/usr/bin:/bin"]
    variables.merge(environment) { $1 }
    let process = Subprocess(
      program.string, arguments, environment: variables.map { "\($0.key)=\($0.value)" },
      workingDirectory: path.appending("empty"), input: input, deadlineMilliseconds: 120_000)
    while true {
      do throws(SystemCallError) {
        return try process.run()
      } catch {
        // Another test's child, between its fork and its exec, still has the file open for writing (execve(2)).
        guard error.errno == .textFileBusy else { throw error }
        sched_yield()
      }
    }
  }

  /// A wheel made here, with a right RECORD unless `record` says otherwise.
  func wheel(
    _ fileName: String, _ members: KeyValuePairs<String, String>, record: String? = nil
  ) throws -> WheelInput {
    let parts = fileName.split(separator: "-")
    let information = "\(parts[0])-\(parts[1]).dist-info"
    var all = members.map { ($0.key, Array($0.value.utf8)) }
    all.append(
      ("\(information)/METADATA", Array("Metadata-Version: 2.1\nName: \(parts[0])\nVersion: \(parts[1])\n".utf8)))
    all.append(
      ("\(information)/WHEEL", Array("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n".utf8)))
    let lines = all.map { "\($0.0),sha256=\(base64(SHA256Digest.of($0.1).bytes)),\($0.1.count)\n" }
    all.append(("\(information)/RECORD", Array((record ?? lines.joined()).utf8)))
    let file = path.appending(fileName)
    let writer = try ZipWriter(creating: file)
    for (name, bytes) in all { try writer.add(ZipContents(compressing: bytes), named: Array(name.utf8)) }
    try writer.finishDirectory()
    try writer.publish()
    return WheelInput(fileName: fileName, path: file, sha256: try SHA256Digest.ofFile(file).digest)
  }

  private func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var output: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for index in 0...group.count { output.append(digits[value >> (18 - 6 * index) & 63]) }
    }
    return String(decoding: output, as: UTF8.self)
  }
}

/// The interpreters of this machine.
struct Python: Sendable, CustomTestStringConvertible {
  var minor: Int
  var path: FilePath

  var testDescription: String { "Python 3.\(minor)" }

  /// One of each minor version from 3.8 on, in the `PATH` or below `~/.pyenv`, that works.
  static let all: [Python] = {
    let home = environmentVariable("HOME") ?? "/"
    var directories = (environmentVariable("PATH") ?? "").split(separator: ":").map { FilePath(String($0)) }
    do {
      let versions = FilePath(home).appending(".pyenv/versions")
      directories = try FileSystem.list(versions).map { versions.appending($0.name).appending("bin") } + directories
    } catch {
      // No pyenv: the PATH has them all.
    }
    return (8...14).compactMap { minor in
      directories.lazy.map { $0.appending("python3.\(minor)") }.first { works($0, minor: minor) }.map {
        Python(minor: minor, path: $0)
      }
    }
  }()

  static func any() throws -> Python {
    try #require(
      all.first { $0.minor == 11 } ?? all.last, "no python3.X from 3.8 on was found: install python3 and python3-venv")
  }

  private static func works(_ path: FilePath, minor: Int) -> Bool {
    guard FileSystem.isExecutable(path), !path.string.contains("shims") else { return false }
    do {
      let script = "import sys; sys.exit(sys.version_info[:2] != (3, \(minor)))"
      return try Subprocess(path.string, ["-c", script]).run().termination.isSuccess
    } catch {
      return false
    }
  }
}

/// Wheels from the index that pip is configured to use, fetched once per run of the tests.
enum RealWheels {
  private static let cache = Mutex<[String: [WheelInput]]>([:])
  static let requirements = ["requests", "PyYAML", "click", "MarkupSafe"]

  /// requests, PyYAML, click and MarkupSafe with what they need, for this interpreter.
  static func wheels(for python: Python) throws -> [WheelInput] {
    try wheels(requirements, in: "", atLeast: 8, for: python)
  }

  /// - Parameters:
  ///   - name: of the directory that keeps them, behind the name of all.
  ///   - count: how many there are when none is missing.
  static func wheels(
    _ requirements: [String], in name: String, atLeast count: Int, for python: Python
  ) throws -> [WheelInput] {
    try cache.withLock { cache in
      let key = "kilt-test-wheels-\(getuid())-3.\(python.minor)\(name)"
      if let known = cache[key] { return known }
      let directory = FilePath(environmentVariable("TMPDIR") ?? "/tmp").appending(key)
      try FileSystem.createDirectories(directory, permissions: 0o700)
      var names = try FileSystem.list(directory).map(\.name).filter { $0.hasSuffix(".whl") }
      if names.count < count {
        let outcome = try Subprocess(
          python.path.string,
          ["-m", "pip", "download", "-q", "--only-binary", ":all:", "-d", directory.string] + requirements
        ).run()
        try #require(
          outcome.termination.isSuccess, "pip could not fetch \(requirements) from its index: \(outcome.errorText)")
        names = try FileSystem.list(directory).map(\.name).filter { $0.hasSuffix(".whl") }
      }
      let wheels = try names.map { name in
        let path = directory.appending(name)
        return WheelInput(fileName: name, path: path, sha256: try SHA256Digest.ofFile(path).digest)
      }
      cache[key] = wheels
      return wheels
    }
  }
}

/// The path of a program that the tests need.
func program(_ name: String) throws -> String {
  try #require(Subprocess.find(name), "\(name) was not found: run scripts/install-dependencies").string
}
