/// Reads the end record, ZIP64 record and central directory (APPNOTE 4.3.6 to 4.3.16), trusting none of it.
struct ZipDirectoryReader {
  let archive: String
  let bytes: UnsafeRawBufferPointer
  let limits: ZipLimits

  /// The range of the directory, in offsets of the file.
  struct Directory {
    var range: Range<Int>
    var count: UInt64
    /// Bytes in front of the archive that its own offsets do not count.
    var shift: Int
  }

  func members() throws -> [ZipMember] {
    let directory = try self.directory()
    guard directory.count <= UInt64(limits.members) else {
      throw failure(.tooLarge(limit: "\(limits.members) members"))
    }
    guard directory.count * UInt64(ZipFormat.centralSize) <= UInt64(directory.range.count) else {
      throw failure(.inconsistent("its directory is too small for \(directory.count) members"))
    }
    var members: [ZipMember] = []
    members.reserveCapacity(Int(directory.count))
    var position = directory.range.lowerBound
    let contents = UnsafeRawBufferPointer(rebasing: bytes[..<directory.range.lowerBound])
    for number in 0..<Int(directory.count) {
      members.append(try member(at: &position, in: directory))
      // Reading each member's header maps its surroundings. For a large archive that would be the whole file.
      if number % 256 == 255, contents.count > Self.largeSize { ZipWriter.release(contents) }
    }
    if contents.count > Self.largeSize { ZipWriter.release(contents) }
    guard position == directory.range.upperBound else {
      throw failure(.inconsistent("its directory has more than the declared \(directory.count) members"))
    }
    return members
  }

  /// Archives from this size on do not stay in memory while they are read.
  private static let largeSize = 16 << 20

  func failure(_ problem: ZipError.Problem, member: String? = nil) -> ZipError {
    ZipError(archive: archive, member: member, problem)
  }

  // MARK: The end record

  /// The one end record whose comment ends where the file does.
  ///
  /// Readers differ in the signature they use if there are several, so the last one must match, and none before it can
  /// match as well.
  private func endOffset() throws -> Int {
    let lowest = max(0, bytes.count - ZipFormat.endSize - 0xffff)
    var found: Int?
    var position = bytes.count - 4
    while position >= lowest {
      defer { position -= 1 }
      guard bytes[position] == 0x50, bytes.u32(position) == ZipFormat.endSignature else { continue }
      let fits =
        position + ZipFormat.endSize <= bytes.count
        && position + ZipFormat.endSize + Int(bytes.u16(position + 20)) == bytes.count
      if found == nil {
        guard fits else { throw failure(.notAnArchive) }
        found = position
      } else if fits {
        throw failure(.ambiguousEnd)
      }
    }
    guard let found else { throw failure(.notAnArchive) }
    return found
  }

  private func directory() throws -> Directory {
    guard bytes.count >= ZipFormat.endSize else { throw failure(.notAnArchive) }
    let end = try endOffset()
    guard bytes.u16(end + 4) == 0 || bytes.u16(end + 4) == 0xffff,
      bytes.u16(end + 6) == 0 || bytes.u16(end + 6) == 0xffff
    else { throw failure(.multipleDisks) }
    var count = UInt64(bytes.u16(end + 10))
    var size = UInt64(bytes.u32(end + 12))
    var offset = UInt64(bytes.u32(end + 16))
    guard UInt64(bytes.u16(end + 8)) == count else { throw failure(.multipleDisks) }
    var directoryEnd = end
    if let record = try end64(before: end) {
      guard bytes.u32(record + 16) == 0, bytes.u32(record + 20) == 0, bytes.u64(record + 24) == bytes.u64(record + 32)
      else { throw failure(.multipleDisks) }
      let (count64, size64, offset64) = (bytes.u64(record + 32), bytes.u64(record + 40), bytes.u64(record + 48))
      guard count == 0xffff || count == count64, size == 0xffff_ffff || size == size64,
        offset == 0xffff_ffff || offset == offset64
      else { throw failure(.inconsistent("its two end records differ")) }
      (count, size, offset, directoryEnd) = (count64, size64, offset64, record)
    } else if count == 0xffff || size == 0xffff_ffff || offset == 0xffff_ffff {
      // 65,535 members and no ZIP64 record is legal; a saturated size or offset is not.
      guard size != 0xffff_ffff, offset != 0xffff_ffff else { throw failure(.truncated("its ZIP64 end record")) }
    }
    guard size <= UInt64(directoryEnd), offset <= UInt64(directoryEnd) - size else {
      throw failure(.truncated("its directory"))
    }
    let start = directoryEnd - Int(size)
    return Directory(range: start..<directoryEnd, count: count, shift: start - Int(offset))
  }

  /// The ZIP64 end record that belongs to the end record at `end`, which its locator precedes directly.
  private func end64(before end: Int) throws -> Int? {
    let locator = end - ZipFormat.end64LocatorSize
    guard locator >= 0, bytes.u32(locator) == ZipFormat.end64LocatorSignature else { return nil }
    guard bytes.u32(locator + 4) == 0, bytes.u32(locator + 16) <= 1 else { throw failure(.multipleDisks) }
    let record = locator - ZipFormat.end64Size
    guard record >= 0, bytes.u32(record) == ZipFormat.end64Signature,
      bytes.u64(record + 4) == UInt64(ZipFormat.end64Size - 12), bytes.u64(locator + 8) <= UInt64(record)
    else { throw failure(.inconsistent("its ZIP64 end record is not where its locator says")) }
    return record
  }

  // MARK: Members

  private func member(at position: inout Int, in directory: Directory) throws -> ZipMember {
    guard position + ZipFormat.centralSize <= directory.range.upperBound,
      bytes.u32(position) == ZipFormat.centralSignature
    else { throw self.failure(.inconsistent("its directory has fewer than the \(directory.count) members it says")) }
    let record = position
    let nameSize = Int(bytes.u16(record + 28))
    let extraSize = Int(bytes.u16(record + 30))
    let commentSize = Int(bytes.u16(record + 32))
    position += ZipFormat.centralSize + nameSize + extraSize + commentSize
    guard position <= directory.range.upperBound else { throw self.failure(.truncated("a directory record")) }
    let nameStart = record + ZipFormat.centralSize
    let nameBytes = Array(bytes[nameStart..<nameStart + nameSize])
    let failure = { (problem: ZipError.Problem) in
      self.failure(problem, member: String(decoding: nameBytes, as: UTF8.self))
    }

    let flags = bytes.u16(record + 8)
    let encryption = ZipFormat.flagEncrypted | ZipFormat.flagStrongEncryption | ZipFormat.flagMaskedHeaders
    guard flags & encryption == 0 else { throw failure(.encrypted) }
    let methodNumber = bytes.u16(record + 10)
    guard let method = ZipMethod(rawValue: methodNumber), flags & ZipFormat.flagPatch == 0 else {
      throw failure(.unknownMethod(methodNumber))
    }
    var compressed = UInt64(bytes.u32(record + 20))
    var size = UInt64(bytes.u32(record + 24))
    var offset = UInt64(bytes.u32(record + 42))
    guard bytes.u16(record + 34) == 0 || bytes.u16(record + 34) == 0xffff else { throw failure(.multipleDisks) }
    try readExtra64(
      nameStart + nameSize..<nameStart + nameSize + extraSize, failure, size: &size, compressed: &compressed,
      offset: &offset)
    let madeOnUnix = bytes[record + 5] == 3
    let crc = bytes.u32(record + 16)

    guard offset <= UInt64(directory.range.lowerBound - directory.shift) else {
      throw failure(.truncated("its local header"))
    }
    let header = Int(offset) + directory.shift
    guard header + ZipFormat.localSize <= directory.range.lowerBound,
      bytes.u32(header) == ZipFormat.localSignature
    else { throw failure(.truncated("its local header")) }
    let dataStart = header + ZipFormat.localSize + Int(bytes.u16(header + 26)) + Int(bytes.u16(header + 28))
    guard dataStart <= directory.range.lowerBound, compressed <= UInt64(directory.range.lowerBound - dataStart) else {
      throw failure(.truncated("its data"))
    }
    let member = ZipMember(
      nameBytes: nameBytes, isUTF8: flags & ZipFormat.flagUTF8 != 0, method: method, crc32: crc,
      compressedSize: compressed, size: size, mode: madeOnUnix ? UInt16(bytes.u32(record + 38) >> 16) : 0,
      dataRange: dataStart..<dataStart + Int(compressed), headerOffset: header)
    try compareLocalHeader(member, flags: flags, failure)
    return member
  }

  /// The 64-bit values of fields that are saturated (APPNOTE 4.5.3).
  private func readExtra64(
    _ range: Range<Int>, _ failure: (ZipError.Problem) -> ZipError, size: inout UInt64, compressed: inout UInt64,
    offset: inout UInt64
  ) throws {
    guard size == 0xffff_ffff || compressed == 0xffff_ffff || offset == 0xffff_ffff else { return }
    var position = range.lowerBound
    while position + 4 <= range.upperBound {
      let length = Int(bytes.u16(position + 2))
      let end = position + 4 + length
      guard end <= range.upperBound else { throw failure(.truncated("an extra field")) }
      if bytes.u16(position) == ZipFormat.extra64 {
        var field = position + 4
        func next() throws -> UInt64 {
          guard field + 8 <= end else { throw failure(.truncated("its ZIP64 field")) }
          defer { field += 8 }
          return bytes.u64(field)
        }
        if size == 0xffff_ffff { size = try next() }
        if compressed == 0xffff_ffff { compressed = try next() }
        if offset == 0xffff_ffff { offset = try next() }
        return
      }
      position = end
    }
  }

  /// The local header must agree: an unpacker can read either.
  private func compareLocalHeader(
    _ member: ZipMember, flags: UInt16, _ failure: (ZipError.Problem) -> ZipError
  ) throws {
    let header = member.headerOffset
    let nameStart = header + ZipFormat.localSize
    let nameSize = Int(bytes.u16(header + 26))
    guard nameSize == member.nameBytes.count,
      bytes[nameStart..<nameStart + nameSize].elementsEqual(member.nameBytes)
    else { throw failure(.inconsistent("its local header has another name")) }
    guard bytes.u16(header + 8) == member.method.rawValue else {
      throw failure(.inconsistent("its local header has another method"))
    }
    let encrypted = bytes.u16(header + 6) & ZipFormat.flagEncrypted != 0
    guard !encrypted else { throw failure(.encrypted) }
    let (crc, compressed, size) = (bytes.u32(header + 14), bytes.u32(header + 18), bytes.u32(header + 22))
    // With a data descriptor, the header can leave these open.
    let open = bytes.u16(header + 6) & ZipFormat.flagDescriptor != 0
    guard crc == member.crc32 || open && crc == 0,
      UInt64(compressed) == member.compressedSize || compressed == 0xffff_ffff || open && compressed == 0,
      UInt64(size) == member.size || size == 0xffff_ffff || open && size == 0
    else { throw failure(.inconsistent("its local header has other sizes or another checksum")) }
  }
}
