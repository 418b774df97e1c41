internal import BuildFiles
internal import Snapshot
public import Workspace

extension TargetGraph {
  /// What was remembered of the package of a target, and in which generation of the state it was last what would be built;
  /// nil when nothing is. A target that is declared otherwise now has none.
  public func rememberedBuild(of id: TargetID) -> (record: [UInt8], generation: UInt32)? {
    let row = store.targets[id.index]
    guard row.build.count > 0 else { return nil }
    return ([UInt8](store.buildBytes(row.build)), row.builtAt)
  }

  /// Remembers that the package of a target is what would be built now.
  ///
  /// - Throws: `SnapshotError`.
  public func remember(_ record: [UInt8], ofBuild id: TargetID) throws {
    var row = store.targets[id.index]
    if !store.buildBytes(row.build).elementsEqual(record) {
      // The old bytes are dead until a new snapshot is made from nothing.
      if row.build.count > 0 { store.files.summary.deadRows += 1 }
      row.build = try store.add(record, to: .builds)
    }
    row.builtAt = store.files.summary.generation
    store.targets[id.index] = row
  }

  /// The generation in which a target of which packages are built was last seen to come, change or go.
  public var packagesChangedAt: UInt32 { store.files.summary.packagesChangedAt }

  /// What git said last, and what that rests on; nil when nothing is known.
  public var rememberedGit: GitRecord? { GitRecord(bytes: [UInt8](store.buildBytes(store.files.summary.git))) }

  /// Remembers what git said.
  ///
  /// - Throws: `SnapshotError`.
  public func remember(git record: GitRecord) throws {
    let bytes = record.bytes
    if store.buildBytes(store.files.summary.git).elementsEqual(bytes) { return }
    store.files.summary.git = try store.add(bytes, to: .builds)
  }

  /// What was found out about this machine when packages were last built; empty when nothing was.
  public var rememberedMachine: [UInt8] { [UInt8](store.buildBytes(store.files.summary.machine)) }

  /// Remembers what is found out about this machine.
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
