/// The rules for an archive's directory, beyond being readable.
struct ZipChecks {
  let archive: String
  let limits: ZipLimits

  /// Checks all members together.
  ///
  /// Returns the offset of the first of them in the file.
  func check(_ members: [ZipMember]) throws -> Int {
    var names = Set<[UInt8]>(minimumCapacity: members.count)
    var directories = Set<ArraySlice<UInt8>>()
    var total: UInt64 = 0
    var totalCompressed: UInt64 = 0
    for member in members {
      try checkName(member)
      try checkKind(member)
      try checkSizes(member)
      (total, totalCompressed) = (total &+ member.size, totalCompressed &+ member.compressedSize)
      guard total <= limits.totalSize else {
        throw ZipError(archive: archive, .tooLarge(limit: "\(limits.totalSize) bytes inflated"))
      }
      guard names.insert(member.nameBytes).inserted else { throw failure(member, .duplicateName) }
      addParents(of: member, to: &directories)
    }
    if total > limits.ratioFloor, total / max(1, totalCompressed) > limits.ratio {
      throw ZipError(archive: archive, .tooLarge(limit: "inflates to \(limits.ratio) times its size"))
    }
    for member in members where !member.isDirectory && directories.contains(member.nameBytes[...]) {
      throw failure(member, .fileAndDirectory)
    }
    return try checkOverlaps(members)
  }

  private func failure(_ member: ZipMember, _ problem: ZipError.Problem) -> ZipError {
    ZipError(archive: archive, member: member.name, problem)
  }

  private func addParents(of member: ZipMember, to directories: inout Set<ArraySlice<UInt8>>) {
    var end = member.nameBytes.count - (member.isDirectory ? 0 : 1)
    while end > 0 {
      end -= 1
      guard member.nameBytes[end] == UInt8(ascii: "/") else { continue }
      // A known directory implies those above it.
      guard directories.insert(member.nameBytes[..<end]).inserted else { return }
    }
  }

  private func checkName(_ member: ZipMember) throws {
    func refuse(_ why: String) -> ZipError { failure(member, .unsafeName(why)) }
    let name = member.nameBytes
    guard !name.isEmpty else { throw refuse("it is empty") }
    guard name.count <= 4096 else { throw refuse("it is longer than 4,096 bytes") }
    guard name[0] != UInt8(ascii: "/") else { throw refuse("it is absolute") }
    // Nothing says in which encoding such a name is; uv refuses it, too.
    guard name.allSatisfy({ $0 < 0x80 }) || String(validating: name, as: UTF8.self) != nil else {
      throw refuse("it is not UTF-8")
    }
    var start = 0
    for index in 0...name.count {
      let byte = index < name.count ? name[index] : UInt8(ascii: "/")
      guard byte != 0 else { throw refuse("it contains a NUL byte") }
      guard byte != UInt8(ascii: "\\") else { throw refuse("it contains a backslash") }
      guard byte == UInt8(ascii: "/") else { continue }
      let length = index - start
      if length == 0 {
        guard index == name.count else { throw refuse("it has an empty component") }
      } else if length > 255 {
        throw refuse("a component is longer than 255 bytes")
      } else if name[start] == UInt8(ascii: "."),
        length == 1 || length == 2 && name[start + 1] == UInt8(ascii: ".")
      {
        throw refuse("it has the component '\(String(decoding: name[start..<index], as: UTF8.self))'")
      }
      start = index + 1
    }
  }

  /// Refuses devices. A symbolic link is a file that contains its path, as pip, uv and pex unpack it: nothing follows
  /// it.
  private func checkKind(_ member: ZipMember) throws {
    if member.isLink, !member.isDirectory { return }
    let kind = member.mode & 0o170000
    guard kind == 0 || kind == (member.isDirectory ? 0o040000 : 0o100000) else {
      // Some writers mark directories as regular files: harmless, as long as they are empty.
      if member.isDirectory, kind == 0o100000 { return }
      throw failure(member, .notARegularFile)
    }
  }

  private func checkSizes(_ member: ZipMember) throws {
    guard member.size <= limits.memberSize else {
      throw failure(member, .tooLarge(limit: "\(limits.memberSize) bytes"))
    }
    if member.isDirectory, member.size != 0 { throw failure(member, .inconsistent("it is a directory with contents")) }
    switch member.method {
    case .stored:
      guard member.size == member.compressedSize else {
        throw failure(member, .inconsistent("it is stored, and says two sizes"))
      }
    case .deflated:
      guard member.size / ZipFormat.maximumRatio <= member.compressedSize else {
        throw failure(member, .impossibleRatio(compressed: member.compressedSize, size: member.size))
      }
    }
  }

  private func checkOverlaps(_ members: [ZipMember]) throws -> Int {
    var sorted = true
    var end = 0
    for member in members {
      if member.headerOffset < end { sorted = false }
      end = member.dataRange.upperBound
    }
    // Nearly every archive is in order of its offsets; only the rest is sorted.
    let ordered = sorted ? members : members.sorted { $0.headerOffset < $1.headerOffset }
    for index in ordered.indices.dropFirst()
    where ordered[index].headerOffset < ordered[index - 1].dataRange.upperBound {
      throw failure(ordered[index], .overlaps(ordered[index - 1].name))
    }
    return ordered.first?.headerOffset ?? 0
  }
}
