internal import Diagnostics
internal import JSON
internal import SystemPackage
internal import SystemSupport
public import Workspace

/// Puts all changes of a run into the workspace as a whole.
///
/// Before the first file is written, all texts lie in a journal in the state directory. A run that was stopped half-way is
/// finished by the next one: each of its files is either as it was or as it is to be, and no change rests on only a part of
/// the others.
public struct ChangeJournal {
  private let workspace: Workspace
  private var path: FilePath { workspace.stateDirectory.path.appending("tailor.json") }

  public init(_ workspace: Workspace) {
    self.workspace = workspace
  }

  /// The outcome of changes that an earlier run had not completed.
  public enum Rest: Hashable, Sendable {
    case none
    /// So many files were still to be written, and are.
    case finished(Int)
    /// Somebody has changed their files since; the first is named. The remaining work has to be computed again.
    case outdated(String)
  }

  /// Writes changes. Writes nothing if one of the files has changed; on an error, reverts what it has written.
  ///
  /// - Parameter progress: called with the number of written files.
  /// - Throws: `Diagnostic` for a changed file, or one outside; `SystemCallError`.
  public func carryOut(_ changes: [BuildFileChange], progress: (Int) -> Void = { _ in }) throws {
    if changes.isEmpty { return }
    try workspace.stateDirectory.create()
    let lock = try FileLock(waitingFor: workspace.stateDirectory.path.appending(".tailor.lock"))
    for change in changes { try change.check(in: workspace.root) }
    try FileSystem.write(Self.encoded(changes), to: path)
    var written: [BuildFileChange] = []
    do {
      for change in changes {
        try change.write(in: workspace.root)
        written.append(change)
        progress(written.count)
      }
    } catch {
      // Changes that cannot be reverted stay in the journal, for the next run.
      for change in written.reversed() { try change.takeBack(in: workspace.root) }
      try FileSystem.removeFile(path)
      throw error
    }
    try FileSystem.removeFile(path)
    _ = consume lock
  }

  /// Finishes the changes of an earlier run.
  public func finish() throws -> Rest {
    // Most runs find none, and take no lock.
    guard FileSystem.exists(path) else { return .none }
    let lock = try FileLock(waitingFor: workspace.stateDirectory.path.appending(".tailor.lock"))
    let rest = FileSystem.exists(path) ? try finishAlone() : .none
    _ = consume lock
    return rest
  }

  private func finishAlone() throws -> Rest {
    guard let changes = Self.decoded(try FileSystem.read(path)) else {
      try FileSystem.removeFile(path)
      return .none
    }
    var open: [BuildFileChange] = []
    for change in changes {
      try FileReplacement.removeLeftovers(of: workspace.root.appending(change.path))
      switch try change.state(in: workspace.root) {
      case .before: open.append(change)
      case .after: continue
      case .other:
        try FileSystem.removeFile(path)
        return .outdated(change.path)
      }
    }
    for change in open { try change.write(in: workspace.root) }
    try FileSystem.removeFile(path)
    return open.isEmpty ? .none : .finished(open.count)
  }

  // MARK: The file

  /// Texts of BUILD files need not be UTF-8: each byte is a character.
  static func encoded(_ changes: [BuildFileChange]) -> [UInt8] {
    func text(_ bytes: [UInt8]) -> JSONValue {
      var scalars = String.UnicodeScalarView()
      scalars.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
      return .string(String(scalars))
    }
    let files = changes.map { change -> JSONValue in
      .members([
        "path": .string(change.path), "before": change.before.map(text) ?? .null, "after": text(change.after),
      ])
    }
    return JSONValue.members(["tailor": 1, "changes": .array(files)]).bytes()
  }

  private static func decoded(_ bytes: [UInt8]) -> [BuildFileChange]? {
    func data(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }
    // Of another version, or damaged: each file is complete, and the remaining work is computed again.
    guard let json = try? JSONValue(parsing: bytes), json["tailor"]?.int == 1, let entries = json["changes"]?.array
    else { return nil }
    let changes = entries.compactMap { entry -> BuildFileChange? in
      guard let path = entry["path"]?.string, let after = entry["after"]?.string else { return nil }
      return BuildFileChange(path: path, before: entry["before"]?.string.map(data), after: data(after), steps: [])
    }
    return changes.count == entries.count ? changes : nil
  }
}
