internal import Digests
internal import PythonEnvironments
internal import PythonPackaging
internal import Synchronization
internal import SystemSupport

/// The digests of files of the workspace, each worked out once a run.
final class FileDigests: Sendable {
  struct Entry: Sendable, Hashable {
    var digest: SHA256Digest
    var isExecutable: Bool
  }
  private let root: FilePath
  private let entries = Mutex<[String: Entry]>([:])

  init(root: FilePath) { self.root = root }

  /// Reads files, on all processors.
  func read(_ paths: Set<String>) throws {
    let known = entries.withLock { Set($0.keys) }
    let (missing, root) = (paths.subtracting(known).sorted(), self.root)
    let results = Mutex<[String: Result<Entry, SystemCallError>]>([:])
    performInParallel(count: missing.count) { index in
      let path = root.appending(missing[index])
      let result = Result { () throws(SystemCallError) -> Entry in
        let isExecutable = try FileSystem.status(of: path, followingLinks: true).isExecutable
        return Entry(digest: try SHA256Digest.ofFile(path).digest, isExecutable: isExecutable)
      }
      results.withLock { $0[missing[index]] = result }
    }
    let found = results.withLock { $0 }
    for path in missing {
      guard let entry = try found[path]?.get() else { continue }
      entries.withLock { $0[path] = entry }
    }
  }

  /// The entry of a file that was read.
  subscript(_ path: String) -> Entry? { entries.withLock { $0[path] } }
}

/// All that a test's result depends on.
struct TestInputs: Sendable {
  var plan: TestPlan
  var closure: ResolvedClosure
  /// `NAME=value`, sorted, but for what depends on where the tree is.
  var environment: [String]
  /// The files that configure pytest, and coverage where it is measured, from the workspace root.
  var configuration: TestConfiguration
  var packages: [RuntimePackage]
  /// Equal keys give equal results, as far as a test is a function of what it was given.
  var key: SHA256Digest

  init(
    _ plan: TestPlan, closure: ResolvedClosure, options: TestOptions, environment: [String],
    configuration: TestConfiguration,
    packages: [RuntimePackage], digests: FileDigests
  ) {
    self.plan = plan
    self.closure = closure
    self.environment = environment
    self.configuration = configuration
    self.packages = packages
    var key = CanonicalEncoder()
    // How it is run.
    key.append("test 1")
    key.append(RunnerScripts.digest)
    key.append(strings: options.arguments)
    key.append(options.usesCoverage)
    key.append(Int64(plan.workers ?? -1))
    key.append(strings: environment)
    key.append(strings: plan.sourceRoots)
    // What it is run with.
    key.append(strings: closure.interpreter.identity)
    key.append(list: closure.wheels) { encoder, wheel in
      encoder.append(wheel.fileName)
      encoder.append(wheel.sha256)
    }
    // What it sees.
    key.append(plan.file)
    key.append(list: plan.files) { encoder, file in
      encoder.append(file.treePath)
      Self.append(digests[file.path], to: &encoder)
    }
    key.append(list: configuration.files) { encoder, path in
      encoder.append(path)
      Self.append(digests[path], to: &encoder)
    }
    key.append(list: packages) { encoder, package in
      encoder.append(package.treePath)
      encoder.append(package.digest)
    }
    self.key = key.digest
  }

  private static func append(_ entry: FileDigests.Entry?, to encoder: inout CanonicalEncoder) {
    if let entry {
      encoder.append(entry.digest)
      encoder.append(entry.isExecutable)
    }
  }
}
