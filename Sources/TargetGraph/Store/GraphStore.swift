internal import BuildFiles
internal import Glibc
internal import Snapshot
internal import Starlark
internal import Synchronization
internal import Workspace

/// The targets in the state: rows that are read in place, and decoded only on request.
///
/// Changed by one thread, and only while no other reads (`StateImage`'s invariant, on which `@unchecked Sendable`
/// rests). Rows keep their numbers from run to run: a removed target leaves a dead row.
final class GraphStore: @unchecked Sendable {
  let files: FileState
  let packages: Column<BuildDirectoryRow>
  let targets: Column<TargetRow>
  let modules: Column<ModuleRow>
  private let order: Column<UInt32>
  private let addressIndex: Column<UInt32>
  let moduleIndex: Column<UInt32>
  private let addresses: UnsafeRawPointer
  private let declarations: UnsafeRawPointer
  private let importsBase: UnsafeRawPointer
  private let decoded = Mutex<[UInt32: BuildDirectory]>([:])

  init(_ files: FileState) {
    self.files = files
    let image = files.image
    packages = Column(image, StateSection.packages.rawValue)
    targets = Column(image, StateSection.targets.rawValue)
    modules = Column(image, StateSection.modules.rawValue)
    order = Column(image, StateSection.order.rawValue)
    addressIndex = Column(image, StateSection.addressIndex.rawValue)
    moduleIndex = Column(image, StateSection.moduleIndex.rawValue)
    addresses = image.base(StateSection.addresses.rawValue)
    declarations = image.base(StateSection.declarations.rawValue)
    importsBase = image.base(StateSection.imports.rawValue)
  }

  // MARK: Bytes

  func declarationBytes(_ span: TextSpan) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: declarations + Int(span.offset), count: Int(span.count))
  }

  func importBytes(_ span: TextSpan) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: importsBase + Int(span.offset), count: Int(span.count))
  }

  func addressBytes(_ span: TextSpan) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: addresses + Int(span.offset), count: Int(span.count))
  }

  func addressBytes(of id: TargetID) -> UnsafeRawBufferPointer { addressBytes(targets[id.index].address) }

  func add(_ bytes: [UInt8], to section: StateSection) throws(SnapshotError) -> TextSpan {
    if bytes.isEmpty { return TextSpan() }
    return TextSpan(offset: try files.image.append(bytes, to: section.rawValue), count: bytes.count)
  }

  // MARK: Packages

  /// The package of a number, as evaluated, with defaults applied.
  func package(_ number: Int) -> BuildDirectory {
    if let known = decoded.withLock({ $0[UInt32(number)] }) { return known }
    var reader = ByteReader(declarationBytes(packages[number].declarations))
    guard let package = try? BuildDirectory(from: &reader) else {
      // The section's checksum held, so these are the bytes that this program wrote.
      preconditionFailure("a package in the state cannot be decoded")
    }
    decoded.withLock { $0[UInt32(number)] = package }
    return package
  }

  func forget(package number: Int) { decoded.withLock { $0[UInt32(number)] = nil } }

  /// The package declared in a directory.
  func package(in directory: DirectoryID) -> Int? {
    let number = files.directories[directory.index].package
    return number == 0 || packages[Int(number - 1)].has(BuildDirectoryRow.dead) ? nil : Int(number - 1)
  }

  /// The targets of a package, in the order of declaration.
  func targets(ofPackage number: Int) -> [TargetID] { files.list(packages[number].targets).map { TargetID(Int($0)) } }

  // MARK: Addresses

  /// Whether the address of one target comes before that of another.
  func precedes(_ left: TargetID, _ right: TargetID) -> Bool {
    let (first, second) = (addressBytes(of: left), addressBytes(of: right))
    let count = min(first.count, second.count)
    if count > 0, let one = first.baseAddress, let other = second.baseAddress {
      let result = memcmp(one, other, count)
      if result != 0 { return result < 0 }
    }
    return first.count < second.count
  }

  /// The target of an address, dead ones included.
  func find(_ address: [UInt8]) -> TargetID? {
    guard addressIndex.count > 0 else { return nil }
    var hash = StableHash()
    hash.add(address)
    let mask = addressIndex.count - 1
    var slot = Int(truncatingIfNeeded: hash.mixed) & mask
    return address.withUnsafeBytes { address in
      while true {
        let entry = addressIndex[slot]
        if entry == 0 { return nil }
        let id = TargetID(Int(entry - 1))
        let bytes = addressBytes(of: id)
        if bytes.count == address.count, let one = bytes.baseAddress, let other = address.baseAddress,
          memcmp(one, other, bytes.count) == 0
        {
          return id
        }
        slot = (slot + 1) & mask
      }
    }
  }

  /// Appends a target; its row must have its address.
  func append(_ row: TargetRow) throws(SnapshotError) -> TargetID {
    let id = TargetID(try targets.append(row))
    var summary = files.summary
    summary.addressCount += 1
    files.summary = summary
    if Int(summary.addressCount) * 2 > addressIndex.count {
      let size = max(1024, addressIndex.count * 4)
      try addressIndex.resize(to: size)
      for slot in 0..<size { addressIndex[slot] = 0 }
      for index in 0..<targets.count { enter(TargetID(index)) }
    } else {
      enter(id)
    }
    return id
  }

  private func enter(_ id: TargetID) {
    var hash = StableHash()
    hash.add(addressBytes(of: id))
    let mask = addressIndex.count - 1
    var slot = Int(truncatingIfNeeded: hash.mixed) & mask
    while addressIndex[slot] != 0 { slot = (slot + 1) & mask }
    addressIndex[slot] = id.rawValue + 1
  }

  // MARK: Order

  /// All targets in the order of their addresses. Most of the order is kept; new targets are sorted in.
  func inOrder() -> [TargetID] {
    let kept = order[0..<order.count]
    let newer = (order.count..<targets.count).map { TargetID($0) }
      .filter { !targets[$0.index].has(TargetRow.dead) }.sorted(by: precedes)
    var result: [TargetID] = []
    result.reserveCapacity(kept.count + newer.count)
    var next = 0
    for entry in kept {
      let id = TargetID(Int(entry))
      if targets[id.index].has(TargetRow.dead) { continue }
      while next < newer.count, precedes(newer[next], id) {
        result.append(newer[next])
        next += 1
      }
      result.append(id)
    }
    result += newer[next...]
    return result
  }

  /// Keeps the order of all targets there are, where enough have come to make that worth it.
  func keepOrder() throws(SnapshotError) {
    let newer = targets.count - order.count
    guard newer > 64 + order.count / 8 else { return }
    let sorted = (0..<targets.count).map { TargetID($0) }.sorted(by: precedes)
    try order.resize(to: sorted.count)
    for (index, id) in sorted.enumerated() { order[index] = id.rawValue }
  }

  // MARK: Owners

  /// The targets whose file this is.
  func owners(of file: FileID) -> [TargetID] {
    var found: [TargetID] = []
    var next = files.files[file.index].owner
    while next != 0 {
      let id = TargetID(Int(next - 1))
      if !targets[id.index].has(TargetRow.dead) { found.append(id) }
      next = targets[id.index].nextOwner
    }
    return found
  }

  func link(_ id: TargetID, to file: FileID) {
    targets[id.index].nextOwner = files.files[file.index].owner
    files.files[file.index].owner = id.rawValue + 1
  }

  func unlink(_ id: TargetID, from file: FileID) {
    let following = targets[id.index].nextOwner
    if files.files[file.index].owner == id.rawValue + 1 {
      files.files[file.index].owner = following
    } else {
      var next = files.files[file.index].owner
      while next != 0 {
        let other = Int(next - 1)
        if targets[other].nextOwner == id.rawValue + 1 {
          targets[other].nextOwner = following
          break
        }
        next = targets[other].nextOwner
      }
    }
    targets[id.index].nextOwner = 0
  }
}
