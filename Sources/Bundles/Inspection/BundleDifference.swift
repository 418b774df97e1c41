public import SystemSupport

/// The differences between two bundles, member by member.
public struct BundleDifference: Sendable, Hashable {
  public enum Change: String, Sendable, Hashable, CaseIterable {
    case added, removed, changed
  }

  public struct Member: Sendable, Hashable {
    public var change: Change
    public var name: String
    /// Bytes when unpacked; 0 where it is not there.
    public var oldSize: UInt64
    public var newSize: UInt64
  }

  /// By name.
  public var members: [Member] = []
  /// Bytes of the two files.
  public var oldSize: UInt64
  public var newSize: UInt64

  /// Compares the checksums, sizes and modes that two archives say of their members.
  public init(from old: FilePath, to new: FilePath) throws {
    let before = try BundleContents(old, checksums: true)
    let after = try BundleContents(new, checksums: true)
    (oldSize, newSize) = (before.size, after.size)
    let known = Dictionary(before.members.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var left = known
    for member in after.members {
      if let other = left.removeValue(forKey: member.name) {
        let isSame =
          other.checksum == member.checksum && other.size == member.size && other.isExecutable == member.isExecutable
        if !isSame {
          members.append(Member(change: .changed, name: member.name, oldSize: other.size, newSize: member.size))
        }
      } else {
        members.append(Member(change: .added, name: member.name, oldSize: 0, newSize: member.size))
      }
    }
    members += left.values.map { Member(change: .removed, name: $0.name, oldSize: $0.size, newSize: 0) }
    members.sort { $0.name < $1.name }
  }

  /// Members that are the same but for the version of the wheel that holds them count as changed wheels: `old` and `new`
  /// are file names of the wheels, nil where there is none.
  public var wheels: [(old: String?, new: String?)] {
    var names: [Substring: (old: Set<String>, new: Set<String>)] = [:]
    for member in members {
      let part = BundleMember.place(of: member.name).part
      guard part.hasSuffix(".whl") else { continue }
      let project = part.split(separator: "-").first ?? ""
      var entry = names[project] ?? ([], [])
      if member.change != .added { entry.old.insert(part) }
      if member.change != .removed { entry.new.insert(part) }
      names[project] = entry
    }
    return names.sorted { $0.key < $1.key }.map { ($0.value.old.sorted().first, $0.value.new.sorted().first) }
  }
}
