internal import BuildCommands
internal import ContentStore
internal import Digests
internal import PythonEnvironments
internal import PythonPackaging
internal import Synchronization
internal import SystemSupport

/// The digests of files of the workspace, each computed once per run.
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

/// All inputs of a test's result.
struct TestInputs: Sendable {
  var plan: TestPlan
  var closure: ResolvedClosure
  /// `NAME=value`, sorted, except for values that depend on the path of the tree.
  var environment: [String]
  /// The files that configure pytest, and coverage where it is measured, from the workspace root.
  var configuration: TestConfiguration
  /// The generated files.
  var made: GeneratedFiles
  /// All inputs by name, for explaining changes.
  var list: InputList
  /// Equal keys mean equal results, if a test is a function of its inputs.
  var key: SHA256Digest { list.digest }

  init(
    _ plan: TestPlan, closure: ResolvedClosure, options: TestOptions, environment: [String],
    configuration: TestConfiguration, made: GeneratedFiles, digests: FileDigests
  ) throws {
    var plan = plan
    plan.add(packageFiles: made.packageFiles)
    // A file from one of the workspace's own wheels is not added twice.
    plan.files.removeAll { made.provides($0.path, roots: plan.sourceRoots) }
    plan.sourceRoots += made.sourceRoots.filter { !plan.sourceRoots.contains($0) }.sorted()
    self.plan = plan
    self.closure = closure
    self.environment = environment
    self.configuration = configuration
    self.made = made
    var list = InputList()
    // The form of the run.
    list.append("format", "tests 2")
    list.append("runner", "", RunnerScripts.digest)
    list.append("argument for pytest", list: configuration.arguments + options.arguments)
    list.append("coverage", options.usesCoverage ? "measured" : "not measured")
    list.append("xdist_concurrency", plan.workers.map { "\($0)" } ?? "not given")
    for entry in environment {
      let name = entry.prefix { $0 != "=" }
      // The list is stored on the disk, which must not contain secrets.
      list.append("environment", String(name), SHA256Digest.of(String(entry.dropFirst(name.utf8.count + 1))))
    }
    list.append("source root", list: plan.sourceRoots)
    // The tools of the run.
    list.append("interpreter", list: closure.interpreter.identity)
    for wheel in closure.wheels { list.append("wheel", wheel.fileName, wheel.sha256) }
    // The visible files.
    list.append("test file", plan.file)
    if !configuration.directory.isEmpty { list.append("directory", configuration.directory) }
    let present = Dictionary(plan.files.map { ($0.treePath, $0.path) }, uniquingKeysWith: { first, _ in first })
    for file in plan.files { list.append("file", file.treePath, Self.text(digests[file.path])) }
    for path in configuration.files { list.append("configuration", path, Self.text(digests[path])) }
    for file in made.files {
      if let other = present[file.treePath], digests[other]?.digest != file.digest {
        throw FileTreeError.conflict(file.treePath)
      }
      list.append("made", file.treePath, file.digest.hex + (file.isExecutable ? " executable" : ""))
    }
    self.list = list
  }

  /// A file as a value; a missing file has no facts.
  private static func text(_ entry: FileDigests.Entry?) -> String {
    entry.map { $0.digest.hex + ($0.isExecutable ? " executable" : "") } ?? "missing"
  }
}
