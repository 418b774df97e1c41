internal import Diagnostics
internal import JobModel
internal import Synchronization
internal import SystemSupport
internal import Workspace

/// The origin of a job's files: every file of its evaluation, and whether git has the same content.
struct JobProvenance: Sendable {
  /// The files that a loader has read, by path in the workspace.
  private final class Record: Sendable {
    let paths = Mutex<Set<String>>([])
  }

  private let record = Record()
  private let root: FilePath

  init(root: FilePath) { self.root = root }

  /// Reads a file of the workspace for a loader, and remembers it: job file, template, includes, texts.
  func read(_ path: String) throws -> [UInt8] {
    let bytes = try FileSystem.read(root.appending(path), limit: 1 << 20)
    record.paths.withLock { _ = $0.insert(path) }
    return bytes
  }

  /// The configuration with the commit that its files are from, and whether all of them are as in that commit. Outside
  /// of git both stay unknown: a scheduler that asks for them refuses the job and says so.
  ///
  /// - Returns: besides, the files that differ.
  func add(to configuration: JobConfiguration, _ workspace: Workspace) -> (JobConfiguration, differing: [String]) {
    guard var source = configuration.source else { return (configuration, []) }
    let differing: [String]
    do {
      source.commit = try workspace.git.headCommit()
      differing = Self.differing(record.paths.withLock { $0 }, try workspace.git.dirtyFiles())
    } catch {
      return (configuration, [])
    }
    source.isCommitted = differing.isEmpty
    var configuration = configuration
    configuration.source = source
    return (configuration, differing)
  }

  /// The files that differ from the commit. Of a submodule with another commit or changes, git names its directory alone.
  static func differing(_ files: Set<String>, _ dirty: [String]) -> [String] {
    let dirty = Set(dirty)
    return files.filter { file in
      var path = Substring(file)
      while true {
        if dirty.contains(String(path)) { return true }
        guard let slash = path.lastIndex(of: "/") else { return false }
        path = path[..<slash]
      }
    }.sorted()
  }

  static func warning(_ files: [String], _ configuration: JobConfiguration) -> Diagnostic {
    let names = files.prefix(5).map { "\"\($0)\"" }.joined(separator: ", ") + (files.count > 5 ? " and others" : "")
    return Diagnostic(
      .input, "\(names) \(files.count == 1 ? "differs" : "differ") from the commit that is checked out",
      notes: ["a scheduler whose policy asks for committed files refuses a job that the commit does not describe"],
      remedies: ["commit the files of \(configuration.key) before you submit it"])
  }
}
