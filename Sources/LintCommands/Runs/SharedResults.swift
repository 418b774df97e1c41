internal import BuildFiles
internal import ContentStore
internal import Digests
internal import JSON
internal import SystemSupport

/// Results that machines share through the team's cache.
///
/// One request is for many files: those of one call and one directory, or all files of a call of ruff, which checks a file
/// in less time than a request takes. The key stands for the keys of all these files.
final class SharedResults {
  private static let namespace = "lint-1"

  /// Files whose results machines share together.
  private struct Group {
    var step: ToolStep
    var key: SHA256Digest
    var files: [StepPlan.Planned]
    var name: String
  }

  private let store: ContentStore
  private let cache: any SharedRecords
  /// A path of this machine, which means nothing on others.
  private let root: FilePath
  private var missing: [Group] = []

  /// - Returns: nil where no cache is configured.
  init?(_ store: ContentStore, root: FilePath) {
    guard let cache = store.shared else { return nil }
    self.store = store
    self.cache = cache
    self.root = root
  }

  /// Has the table know what other machines have found.
  ///
  /// - Parameters:
  ///   - files: all files of a call.
  ///   - table: gets the results.
  func bring(_ step: ToolStep, _ files: [StepPlan.Planned], into table: inout ResultTable) {
    let groups = groups(step, files).filter { group in
      group.files.contains { table.result($0.key, in: $0.context) == nil }
    }
    cache.prefetch(Self.namespace, groups.map(\.key), into: store)
    for group in groups {
      // What cannot be read, as that of a later version, is as good as none.
      guard let bytes = cache.bring(Self.namespace, group.key, into: store),
        let entries = (try? JSONValue(parsing: bytes))?.array, entries.count == group.files.count,
        entries.allSatisfy({ entry in
          entry.isNull || entry.array?.allSatisfy { Finding(recorded: $0, step: step, path: "") != nil } == true
        })
      else {
        missing.append(group)
        continue
      }
      for (file, entry) in zip(group.files, entries) where table.result(file.key, in: file.context) == nil {
        table.set(entry.isNull ? nil : entry, for: file.key, in: file.context)
      }
    }
  }

  /// Gives other machines what this run has found.
  ///
  /// - Parameter milliseconds: the time that the run took.
  func offer(from table: inout ResultTable, milliseconds: Int64) {
    guard cache.takesOffers, !missing.isEmpty else { return }
    let share = max(1, milliseconds / Int64(missing.count))
    for group in missing {
      var entries: [JSONValue] = []
      for file in group.files {
        guard let result = table.result(file.key, in: file.context) else { break }
        entries.append(result ?? .null)
      }
      // A file without a result: a tool failed, or the file was edited meanwhile.
      guard entries.count == group.files.count else { continue }
      let value = JSONValue.array(entries).text()
      guard !value.contains(root.string) else { continue }
      cache.offer(
        SharedRecord(
          Self.namespace, group.key, value: Array(value.utf8), blobs: [], milliseconds: share, name: group.name),
        from: store)
    }
    missing = []
  }

  private func groups(_ step: ToolStep, _ files: [StepPlan.Planned]) -> [Group] {
    let byName = Dictionary(grouping: files) { step.tool == .ruff ? "" : Paths.parent($0.path) }
    return byName.sorted { $0.key < $1.key }.map { directory, files in
      let files = files.sorted { ($0.path, $0.key) < ($1.path, $1.key) }
      var encoder = CanonicalEncoder()
      encoder.append(step.rawValue)
      encoder.append(list: files) { encoder, file in
        encoder.append(file.path)
        encoder.append("\(file.key.first) \(file.key.second)")
        encoder.append(file.context)
      }
      return Group(step: step, key: encoder.digest, files: files, name: "\(step.rawValue) //\(directory)")
    }
  }
}
