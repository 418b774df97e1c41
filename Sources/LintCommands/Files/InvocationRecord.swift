internal import BuildFiles
internal import Digests
internal import JSON
internal import Snapshot
public import SystemSupport
public import TargetGraph
public import Workspace

/// The report of a run, with the results of stat(2) for all its inputs. A later run with the same arguments checks each
/// input once, and then repeats the report, or runs tools for the files whose content has changed.
///
/// That later run loads no state and reads no BUILD file. A run with other inputs than files is not recorded.
public struct InvocationRecord: Sendable {
  private static let magic: UInt64 = 0x6B69_6C74_7265_6332
  /// The program itself: another build may judge otherwise.
  private static let program = "/proc/self/exe"

  private let path: FilePath
  let root: FilePath
  let directory: StateDirectory
  private let key: [UInt8]

  /// - Parameters:
  ///   - root: the workspace's.
  ///   - state: its state directory.
  ///   - arguments: the arguments of the command, and its working directory.
  public init(root: FilePath, state: StateDirectory, arguments: [String]) {
    self.root = root
    directory = state
    var encoder = CanonicalEncoder()
    encoder.append("invocation 2")
    encoder.append(strings: arguments)
    encoder.append(root.string)
    let prefixes = ["PATH=", "HOME=", "XDG_", "KILT_", "PANTS_", "PIP_", "UV_", "PYENV_", "PEX_"]
    encoder.append(
      strings: environmentStrings().filter { entry in prefixes.contains { entry.hasPrefix($0) } }.sorted())
    key = encoder.digest.bytes
    path = state.path.appending("lint/run-" + String(encoder.digest.hex.prefix(24)))
  }

  // MARK: Recalling

  /// The result of a search for the record of an equal run.
  public enum Recall: Sendable {
    /// None of its inputs has changed.
    case same(CodeReport)
    /// Only the content of some files has changed.
    case edited(EditedRun)
  }

  /// The record of an equal run, if nothing but the content of files has changed since.
  public func recall() -> Recall? {
    // An unreadable or damaged record counts as absent: the run then does all the work, and says what is wrong.
    guard environmentVariable("KILT_SNAPSHOT") != "off", let file = try? MappedFile(path), file.bytes.count > 80,
      let descriptor = try? FileSystem.open(root, .readOnly, options: .directory)
    else { return nil }
    defer { FileSystem.close(descriptor) }
    let bytes = file.bytes
    guard SHA256Digest(bytes: bytes[..<32]) == .of(UnsafeRawBufferPointer(rebasing: bytes[32...])) else { return nil }
    return withExtendedLifetime(file) {
      var reader = RecordReader(bytes: UnsafeRawBufferPointer(rebasing: bytes[32...]))
      guard reader.number() == Self.magic, reader.data() == key, let report = reader.data(), let plans = reader.data(),
        let ignoresInodes = reader.number(), let directories = reader.count(), let others = reader.count()
      else { return nil }
      let places = RecordPlaces(
        bytes: reader.rest, directories: directories, others: others, ignoresInodes: ignoresInodes == 1)
      guard let differences = places.differences(root: descriptor.rawValue),
        let report = (try? JSONValue(parsing: report)).flatMap({ CodeReport(recorded: $0) })
      else { return nil }
      if differences.isEmpty { return .same(report) }
      guard let plans = (try? JSONValue(parsing: plans)).flatMap({ RecordedPlans($0) }), plans.isByContent else {
        return nil
      }
      return EditedRun(self, report, plans, places, differences).map { .edited($0) }
    }
  }

  // MARK: Keeping

  /// Keeps a run.
  ///
  /// - Parameters:
  ///   - report: what came of it.
  ///   - run: its calls.
  ///   - files: the files that it was about, each looked at in this run.
  ///   - others: further files that it rests on, from the workspace root or absolute; they need not exist.
  ///   - resolver: of the run; its state has what stat(2) said before anything was read.
  public func keep(
    _ report: CodeReport, _ run: RecordedRun, files: [FileID], others: [String], in resolver: DependencyResolver
  ) throws {
    guard let state = resolver.graph.state, state.isKept, let table = try resolver.readContents(of: []) else { return }
    let capture = state.captureTime()
    let names = resolver.graph.files
    var byDirectory: [Int: [FileID]] = [:]
    var seen: Set<FileID> = []
    for file in files + table.watched[0..<table.watched.count].map({ FileID(Int($0)) })
    where seen.insert(file).inserted && !table.files[file.index].has(FileRow.dead) {
      byDirectory[names.directory(of: file).index, default: []].append(file)
    }
    var entries = RecordWriter()
    let directories = names.allDirectories
    for directory in directories {
      let tuple = RecordPlaces.Tuple(table.directories[directory.index].stat)
      let own = byDirectory.removeValue(forKey: directory.index) ?? []
      if tuple.isRacy(capture: capture) { return }
      var sum = DirectoryNames()
      for file in names.files(in: directory) {
        sum.add(
          names.name(of: file), table.files[file.index].has(FileRow.link) ? DirectoryNames.link : DirectoryNames.file)
      }
      for child in names.directories(in: directory) {
        sum.add(Paths.lastComponent(names.path(of: child)), DirectoryNames.directory)
      }
      entries.place(names.path(of: directory), tuple, .directory, count: UInt32(own.count), names: sum.sum)
      for file in own {
        let row = table.files[file.index]
        let tuple = RecordPlaces.Tuple(row.stat)
        if row.has(FileRow.racy | FileRow.unknown) || tuple.isRacy(capture: capture) { return }
        // A file that says which targets there are is for a whole run.
        let isPlain = !row.has(FileRow.structural | FileRow.link)
        entries.place(names.name(of: file), tuple, .file, count: isPlain ? run.assignment(of: file) : 0)
      }
    }
    // A file in a directory that is not there any more.
    guard byDirectory.isEmpty else { return }
    var count = 0
    for other in others + [Self.program] {
      let path = other.hasPrefix("/") ? other : root.appending(other).string
      let tuple = RecordPlaces.look(path, ignoringInode: state.ignoringInode)
      // A file that comes into a directory changes the directory.
      if tuple == RecordPlaces.Tuple(), path != other, names.directory(at: Paths.parent(other)) != nil { continue }
      if tuple.isRacy(capture: capture) { return }
      entries.place(path, tuple, .other)
      count += 1
    }
    write(
      report, run.plans, ignoresInodes: state.ignoringInode, directories: directories.count, others: count,
      entries.bytes)
  }

  /// Writes a record. One that cannot be kept costs the next run its work.
  func write(
    _ report: CodeReport, _ plans: RecordedPlans, ignoresInodes: Bool, directories: Int, others: Int, _ places: [UInt8]
  ) {
    var writer = RecordWriter()
    writer.bytes.reserveCapacity(places.count + 16_384)
    writer.number(Self.magic)
    writer.data(key)
    writer.data(report.recorded.bytes())
    writer.data(plans.json.bytes())
    writer.number(ignoresInodes ? 1 : 0)
    writer.number(UInt64(directories))
    writer.number(UInt64(others))
    writer.bytes += places
    do throws(SystemCallError) {
      try directory.create()
      try FileSystem.createDirectories(path.removingLastComponent())
      try FileSystem.write(SHA256Digest.of(writer.bytes).bytes + writer.bytes, to: path)
    } catch {
      return
    }
    removeOld()
  }

  /// Keeps the newest records: each set of arguments has one of its own.
  private func removeOld(limit: Int = 24) {
    let folder = path.removingLastComponent()
    // A record that cannot be listed or removed costs space, nothing else.
    let records = ((try? FileSystem.list(folder)) ?? []).filter {
      $0.kind == .file && ($0.name.hasPrefix("run-") || $0.name.hasPrefix("quiet-"))
    }
    guard records.count > limit else { return }
    let byAge = records.map { record in
      (name: record.name, time: (try? FileSystem.status(of: folder.appending(record.name)))?.modificationTime ?? 0)
    }.sorted { $0.time > $1.time }
    for record in byAge.dropFirst(limit) { try? FileSystem.removeFile(folder.appending(record.name)) }
  }
}

extension CodeReport {
  /// The report for a later equal run: its steps and findings, each result counted as cached.
  var recorded: JSONValue {
    .members([
      "files": .int(Int64(files)),
      "steps": .array(
        steps.map { step in
          .array([.string(step.step.rawValue), .strings(step.versions), .int(Int64(step.files))])
        }),
      "findings": .array(
        findings.map { finding in
          .array([.string(finding.step.rawValue), .string(finding.path), finding.recorded])
        }),
    ])
  }

  init?(recorded json: JSONValue) {
    guard let files = json["files"]?.int, let steps = json["steps"]?.array, let findings = json["findings"]?.array
    else { return nil }
    self.init()
    self.files = Int(files)
    for entry in steps {
      guard let parts = entry.array, parts.count == 3, let step = parts[0].string.flatMap({ ToolStep(rawValue: $0) }),
        let versions = parts[1].strings, let count = parts[2].int
      else { return nil }
      var recorded = Step(step: step, files: Int(count))
      recorded.versions = versions
      recorded.cached = Int(count)
      self.steps.append(recorded)
    }
    for entry in findings {
      guard let parts = entry.array, parts.count == 3, let step = parts[0].string.flatMap({ ToolStep(rawValue: $0) }),
        let path = parts[1].string, let finding = Finding(recorded: parts[2], step: step, path: path)
      else { return nil }
      self.findings.append(finding)
    }
  }
}
