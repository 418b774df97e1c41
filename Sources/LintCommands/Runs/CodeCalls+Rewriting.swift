internal import BuildFiles
internal import Diagnostics
internal import Digests
internal import SystemSupport

extension CodeCalls {
  /// Has tools change copies of files, and puts what they made of them in the place of the files: each atomically, and only
  /// where the file is what was copied.
  ///
  /// - Returns: the files that were changed, from the workspace root.
  func rewrite(_ paths: Set<String>, _ plans: [StepPlan]) throws -> Set<String> {
    var written: Set<String> = []
    for plan in plans {
      let wanted = (plan.files.map(\.path) + plan.known).filter(paths.contains).sorted()
      if !wanted.isEmpty { written.formUnion(try rewrite(wanted, plan)) }
    }
    return written
  }

  private func rewrite(_ paths: [String], _ plan: StepPlan) throws -> Set<String> {
    let top = scratch.appending("tree-\(plan.step.rawValue)-\(monotonicNanoseconds())")
    let copies = try TreeCopy(of: root, at: top).make(
      paths, copying: Set(plan.step.tool.configurationFiles))
    defer { try? FileSystem.removeTree(top) }  // What is left goes with the directory around it.
    let process = process(plan, plan.fixArguments, [], root: top)
    var written: Set<String> = []
    for part in StepPlan.parts(of: paths.map(\.utf8.count)) {
      var process = process
      process.files = Array(paths[part])
      do {
        try process.runFixing(cancellation)
      } catch let diagnostic as Diagnostic {
        if cancellation.isCancelled { TerminationSignals.awaitEnd() }
        report.failures.append(CodeReport.Failure(step: plan.step, diagnostic: diagnostic))
        continue
      }
      for path in paths[part] {
        if try put(path, copies[path], from: top, plan.step) { written.insert(path) }
      }
    }
    return written
  }

  /// Puts a changed copy in the place of its file; false where there is nothing to put.
  private func put(_ path: String, _ original: SHA256Digest?, from top: FilePath, _ step: ToolStep) throws -> Bool {
    let made = try FileSystem.read(top.appending(path))
    guard SHA256Digest.of(made) != original else { return false }
    // A link stays one: what it leads to is changed.
    let place = try FileSystem.canonicalPath(root.appending(path))
    guard place.starts(with: try FileSystem.canonicalPath(root)) else {
      report.failures.append(
        CodeReport.Failure(
          step: step,
          diagnostic: Diagnostic(
            .input, "\"\(path)\" was not changed: it leads to \"\(place)\", outside of the workspace",
            remedies: ["leave it out with a field such as skip_\(step.tool.rawValue)"])))
      return false
    }
    let now = try FileSystem.read(place)
    guard SHA256Digest.of(now) == original else {
      report.failures.append(
        CodeReport.Failure(
          step: step,
          diagnostic: Diagnostic(
            .work, "\"\(path)\" was not changed: it was edited while \(step.rawValue) ran",
            remedies: ["run the command again"])))
      return false
    }
    guard !made.isEmpty || now.allSatisfy({ $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }) else {
      report.failures.append(
        CodeReport.Failure(
          step: step,
          diagnostic: Diagnostic(
            .work, "\"\(path)\" was not changed: \(step.rawValue) made an empty file of it",
            remedies: ["set another `version` under [lint.\(step.tool.rawValue)]"])))
      return false
    }
    let permissions = try FileSystem.status(of: place).permissions
    try FileSystem.write(made, to: place, permissions: permissions)
    return true
  }
}

extension ToolProcess {
  /// Has the tool change its files.
  ///
  /// - Throws: `Diagnostic`: it crashed or hung.
  func runFixing(_ cancellation: ProcessCancellation) throws {
    let folder = directory.isEmpty ? root : root.appending(directory)
    let outcome: Subprocess.Outcome
    do throws(SystemCallError) {
      outcome = try command(in: folder).run(cancellation: cancellation)
    } catch {
      throw notStarted(error)
    }
    try checkEnd(of: outcome)
  }
}

/// A copy of some files of a tree, with links in the place of everything beside them: a tool sees the tree that it would see
/// around the files themselves, and can change nothing but the copies.
struct TreeCopy {
  private let source: FilePath
  private let top: FilePath

  init(of source: FilePath, at top: FilePath) {
    self.source = source
    self.top = top
  }

  /// Makes the tree.
  ///
  /// - Parameters:
  ///   - paths: the files to copy, from the top.
  ///   - names: names of files beside and above these that are copied too: a tool that follows a link to its configuration
  ///     would take the paths in it for those of the source.
  /// - Returns: the digests of what was copied.
  func make(_ paths: [String], copying names: Set<String> = []) throws -> [String: SHA256Digest] {
    var directories: Set<String> = [""]
    for path in paths {
      var directory = Paths.parent(path)
      while directories.insert(directory).inserted { directory = Paths.parent(directory) }
    }
    let copied = Set(paths)
    var digests: [String: SHA256Digest] = [:]
    for directory in directories.sorted() {
      let from = directory.isEmpty ? source : source.appending(directory)
      let to = directory.isEmpty ? top : top.appending(directory)
      try FileSystem.createDirectories(to)
      for entry in try FileSystem.list(from) {
        let path = Paths.join(directory, entry.name)
        if directories.contains(path) { continue }
        if copied.contains(path) || names.contains(entry.name) && entry.kind == .file {
          let bytes = try FileSystem.read(from.appending(entry.name))
          digests[path] = SHA256Digest.of(bytes)
          try FileSystem.write(bytes, to: to.appending(entry.name))
        } else if directory.isEmpty, entry.name == ".git" {
          // Tools look for it to tell where a repository begins.
          try FileSystem.createDirectories(to.appending(entry.name))
        } else if !(directory.isEmpty && entry.name == ".kilt") {
          try FileSystem.createSymbolicLink(at: to.appending(entry.name), to: from.appending(entry.name))
        }
      }
    }
    return digests
  }
}
