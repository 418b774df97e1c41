internal import BuildFiles
internal import Snapshot
public import Workspace

extension TargetGraph {
  /// The build record of a target, and the last generation of the state in which it was up to date; nil if there is
  /// none. A target with a changed declaration has none.
  public func rememberedBuild(of id: TargetID) -> (record: [UInt8], generation: UInt32)? {
    let row = store.targets[id.index]
    guard row.build.count > 0 else { return nil }
    return ([UInt8](store.buildBytes(row.build)), row.builtAt)
  }

  /// Records that the product of a target is up to date.
  ///
  /// - Throws: `SnapshotError`.
  public func remember(_ record: [UInt8], ofBuild id: TargetID) throws {
    var row = store.targets[id.index]
    if !store.buildBytes(row.build).elementsEqual(record) {
      // The old bytes are dead until a new snapshot is written from scratch.
      if row.build.count > 0 { store.files.summary.deadRows += 1 }
      row.build = try store.add(record, to: .builds)
    }
    row.builtAt = store.files.summary.generation
    store.targets[id.index] = row
  }

  /// The last generation in which a target with products appeared, changed or disappeared.
  public var packagesChangedAt: UInt32 { store.files.summary.packagesChangedAt }

  /// git's last answer, and its inputs; nil if nothing is known.
  public var rememberedGit: GitRecord? { GitRecord(bytes: [UInt8](store.buildBytes(store.files.summary.git))) }

  /// Records git's answer.
  ///
  /// - Throws: `SnapshotError`.
  public func remember(git record: GitRecord) throws {
    let bytes = record.bytes
    if store.buildBytes(store.files.summary.git).elementsEqual(bytes) { return }
    store.files.summary.git = try store.add(bytes, to: .builds)
  }

  /// The facts about this machine when products were last built; empty if nothing is known.
  public var rememberedMachine: [UInt8] { [UInt8](store.buildBytes(store.files.summary.machine)) }

  /// Records the facts about this machine.
  ///
  /// - Throws: `SnapshotError`.
  public func remember(machine record: [UInt8]) throws {
    if rememberedMachine == record { return }
    store.files.summary.machine = try store.add(record, to: .builds)
  }
}

extension GraphStore {
  func buildBytes(_ span: TextSpan) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: files.image.base(StateSection.builds.rawValue) + Int(span.offset), count: Int(span.count))
  }
}
