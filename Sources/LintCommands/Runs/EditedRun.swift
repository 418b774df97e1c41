internal import BuildFiles
internal import Diagnostics
internal import Digests
internal import JSON
public import SystemSupport
internal import Workspace

/// A run like a recorded one, after which only the content of some files has changed: the calls of the record are made for
/// these files, and no state or BUILD file is read.
public struct EditedRun: Sendable {
  /// A file whose content has changed.
  private struct File: Sendable {
    /// From the workspace root.
    var path: String
    var offset: Int
    var uses: [RecordedPlans.Use]
  }

  /// What stat(2) said of files before they were read.
  private final class Looks {
    var tuples: [String: RecordPlaces.Tuple] = [:]
  }

  private let record: InvocationRecord
  private let baseline: CodeReport
  private let plans: RecordedPlans
  private let ignoresInodes: Bool
  private let counts: (directories: Int, others: Int)
  private var places: [UInt8]
  private var files: [File] = []
  /// Directories with other times and the same names: a file in them was replaced.
  private var directories: [(tuple: RecordPlaces.Tuple, offset: Int)] = []
  /// The file system's time before anything was looked at.
  private let capture: Int64

  /// - Returns: nil where more than the content of files has changed.
  init?(
    _ record: InvocationRecord, _ baseline: CodeReport, _ plans: RecordedPlans, _ places: RecordPlaces,
    _ differences: [RecordPlaces.Difference]
  ) {
    self.record = record
    self.baseline = baseline
    self.plans = plans
    ignoresInodes = places.ignoresInodes
    counts = (places.directories, places.others)
    self.places = Array(places.bytes)
    do throws(SystemCallError) {
      capture = try WorkspaceState.captureTime(root: record.root, in: record.directory)
    } catch {
      // Without a place for state, nothing is recorded either.
      return nil
    }
    for difference in differences {
      let text = places.text(at: difference.directory, .directory)
      let directory = text == "." ? "" : text
      let before = places.tuple(at: difference.offset)
      switch difference.kind {
      case .other: return nil
      case .directory:
        let place = directory.isEmpty ? record.root : record.root.appending(directory)
        let now = RecordPlaces.look(place.string, .directory, ignoringInode: ignoresInodes)
        guard now.inode == before.inode, now.mode == before.mode,
          DirectoryNames.read(place, isRoot: directory.isEmpty)?.sum == places.names(at: difference.offset)
        else { return nil }
        directories.append((now, difference.offset))
      case .file:
        let assignment = places.count(at: difference.offset)
        guard before.isFile, assignment > 0, plans.assignments.indices.contains(assignment) else { return nil }
        let path = Paths.join(directory, places.text(at: difference.offset, .file))
        files.append(File(path: path, offset: difference.offset, uses: plans.assignments[assignment]))
      }
    }
  }

  /// Has tools say what is wrong with the files, or change them.
  ///
  /// - Parameters:
  ///   - fixes: whether files are changed.
  ///   - scratch: a temporary directory, which the caller removes.
  /// - Returns: the report on all files of the record; nil where a whole run is needed.
  public func run(
    fixes: Bool, scratch: FilePath, jobs: Int, cancellation: ProcessCancellation
  ) throws -> CodeReport? {
    let looks = Looks()
    var digests: [String: SHA256Digest] = [:]
    for file in files {
      let place = record.root.appending(file.path)
      let tuple = look(file.path)
      // What cannot be read is left to a whole run, which says so.
      guard tuple.isFile, let digest = try? SHA256Digest.ofFile(place).digest else { return nil }
      looks.tuples[file.path] = tuple
      digests[file.path] = digest
    }
    let calls = CodeCalls(
      root: record.root, table: ResultTable(record.directory), scratch: scratch, jobs: jobs,
      timeoutMilliseconds: plans.timeoutMilliseconds, cancellation: cancellation)
    calls.settled = { planned, _ in Set(planned.map(\.path).filter { looks.tuples[$0] == look($0) }) }
    calls.report = baseline
    let paths = Set(files.map(\.path))
    calls.report.findings.removeAll { paths.contains($0.path) }
    for step in calls.report.steps.indices {
      let ready = self.ready(calls.report.steps[step].step, digests, looks, calls)
      calls.report.steps[step].cached -= ready.reduce(0) { $0 + $1.files.count }
    }
    let steps = calls.report.steps.map(\.step)
    if fixes {
      for step in steps { try fix(step, &digests, looks, calls) }
    } else {
      calls.run(steps.flatMap { ready($0, digests, looks, calls, addsFindings: true) })
    }
    calls.table.save()
    calls.report.findings.sort(by: Finding.precedes)
    // A program that is not there any more is installed by a whole run.
    if calls.report.failures.contains(where: { $0.diagnostic.blame == .environment }) { return nil }
    keep(calls.report, looks.tuples)
    return calls.report
  }

  private func look(_ path: String) -> RecordPlaces.Tuple {
    RecordPlaces.look(record.root.appending(path).string, .file, ignoringInode: ignoresInodes)
  }

  /// The calls of a step for files without a known result.
  ///
  /// - Parameter addsFindings: whether known findings are added to the report.
  private func ready(
    _ step: ToolStep, _ digests: [String: SHA256Digest], _ looks: Looks, _ calls: CodeCalls,
    addsFindings: Bool = false
  ) -> [StepPlan] {
    var found: [StepPlan] = []
    for (place, plan) in plans.plans.enumerated() where plan.step == step {
      var plan = plan
      for file in files {
        for use in file.uses where use.plan == place {
          guard let digest = digests[file.path], let mode = looks.tuples[file.path]?.mode else { continue }
          let key = FileKey(digest, path: file.path, isExecutable: mode & 0o111 != 0)
          let context = plans.contexts[use.context]
          if let known = calls.table.result(key, in: context) {
            guard let known else { continue }
            plan.known.append(file.path)
            guard addsFindings else { continue }
            calls.report.findings += (known.array ?? []).compactMap {
              Finding(recorded: $0, step: step, path: file.path)
            }
          } else {
            plan.files.append(StepPlan.Planned(path: file.path, key: key, context: context))
          }
        }
      }
      if !plan.files.isEmpty || !plan.known.isEmpty { found.append(plan) }
    }
    return found
  }

  private func fix(
    _ step: ToolStep, _ digests: inout [String: SHA256Digest], _ looks: Looks, _ calls: CodeCalls
  ) throws {
    let before = calls.report.findings
    let ready = ready(step, digests, looks, calls, addsFindings: true)
    calls.run(ready)
    let own = calls.report.findings.dropFirst(before.count)
    let paths = Set(own.filter(\.isFixable).map(\.path))
    guard !paths.isEmpty else { return }
    calls.report.findings = before + own.filter { !$0.isFixable }
    let written = try calls.rewrite(paths, ready)
    if let place = calls.report.steps.firstIndex(where: { $0.step == step }) {
      calls.report.steps[place].changed = written.count
    }
    calls.report.changed = Set(calls.report.changed).union(written).sorted()
    // What other steps see is what this one has written.
    for path in written {
      looks.tuples[path] = look(path)
      digests[path] = try SHA256Digest.ofFile(record.root.appending(path)).digest
    }
  }

  /// Has the record say what is so now, where a later change can be told from it.
  private func keep(_ report: CodeReport, _ tuples: [String: RecordPlaces.Tuple]) {
    guard report.failures.isEmpty, report.isRepeatable, report.changed.isEmpty else { return }
    var bytes = places
    func put(_ tuple: RecordPlaces.Tuple, at offset: Int) {
      var writer = RecordWriter()
      writer.tuple(tuple)
      let start = offset + RecordPlaces.tupleOffset
      bytes.replaceSubrange(start..<(start + writer.bytes.count), with: writer.bytes)
    }
    for file in files {
      guard let tuple = tuples[file.path], !tuple.isRacy(capture: capture) else { return }
      put(tuple, at: file.offset)
    }
    for directory in directories {
      guard !directory.tuple.isRacy(capture: capture) else { return }
      put(directory.tuple, at: directory.offset)
    }
    record.write(
      report, plans, ignoresInodes: ignoresInodes, directories: counts.directories, others: counts.others, bytes)
  }
}
