import SystemSupport
import Testing
import Zip

@Suite("Foreign archives")
struct HostileArchiveTests {
  typealias Member = HandmadeZip.Member

  @Test("The inputs of the fuzzer's corpus are read or refused with an error of Kilt")
  func corpus() throws {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let lines = try FileSystem.readText(root.appending("Fuzz/zip/corpus")).split(separator: "\n")
    #expect(lines.count > 30)
    for line in lines {
      let digits = line.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue.map { UInt8($0) } }
      let input = stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
      _ = try problem(input, verify: true)
    }
  }

  @Test("A plain handmade archive opens")
  func plain() throws {
    #expect(try problem(HandmadeZip(Member("a/b.py"), Member("c")).bytes(), verify: true) == nil)
  }

  @Test(
    "Names that could leave the directory are refused",
    arguments: ["../a", "a/../../b", "/etc/passwd", "a//b", "./a", "a/.", "..", "a\\b", "a\0b", ""])
  func unsafeNames(name: String) throws {
    let found = try problem(HandmadeZip(Member(name)).bytes())
    guard case .unsafeName = found else {
      Issue.record("'\(name)' gave \(String(describing: found))")
      return
    }
  }

  @Test("Names that are not UTF-8 are refused, marked or not; other names are not refused", arguments: [false, true])
  func names(isMarked: Bool) throws {
    for bytes: [UInt8] in [[0xE9], [0x61, 0xFF, 0x2F, 0x62], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0xAF]] {
      var member = Member("")
      (member.name, member.flags) = (bytes, isMarked ? 0x800 : 0)
      #expect(try problem(HandmadeZip(member).bytes()) == .unsafeName("it is not UTF-8"), "\(bytes)")
    }
    var member = Member("é/ü.py")
    member.flags = isMarked ? 0x800 : 0
    #expect(try problem(HandmadeZip(member).bytes()) == nil)
  }

  @Test("A leading dot in a name does not mean a parent directory")
  func dots() throws {
    #expect(try problem(HandmadeZip(Member("..a/.b/c..")).bytes()) == nil)
  }

  @Test("A symbolic link is a file with a mark that it holds a path")
  func links() throws {
    var member = Member("a")
    member.attributes = 0o120777 << 16
    #expect(try problem(HandmadeZip(member).bytes()) == nil)
    member.attributes = 0o120777 << 16
    member.name = Array("a/".utf8)
    #expect(try problem(HandmadeZip(member).bytes()) == .notARegularFile)
  }

  @Test("Devices, pipes and sockets are refused", arguments: [0o020644, 0o010644, 0o060644, 0o140644] as [UInt32])
  func kinds(mode: UInt32) throws {
    var member = Member("a")
    member.attributes = mode << 16
    #expect(try problem(HandmadeZip(member).bytes()) == .notARegularFile)
  }

  @Test("A duplicate name is refused")
  func duplicates() throws {
    #expect(try problem(HandmadeZip(Member("a"), Member("a")).bytes()) == .duplicateName)
  }

  @Test("A name that is a file and a directory is refused, in either order")
  func fileAndDirectory() throws {
    #expect(try problem(HandmadeZip(Member("a"), Member("a/b")).bytes()) == .fileAndDirectory)
    #expect(try problem(HandmadeZip(Member("a/b/c"), Member("a/b")).bytes()) == .fileAndDirectory)
  }

  @Test("Names that differ only in case are found")
  func caseCollisions() throws {
    let scratch = try Scratch()
    let path = try scratch.file("x.zip", HandmadeZip(Member("a/B"), Member("A/b"), Member("c")).bytes())
    #expect(try ZipArchive(path: path).caseCollisions() == [["A/b", "a/B"]])
  }

  @Test("Members that overlap are refused")
  func overlap() throws {
    var inner = Member("b", "xx")
    inner.offset = 0
    inner.localName = text("b")
    var zip = HandmadeZip(Member("b", "xx"), inner)
    zip.members[1].name = text("c")
    // The second record points at the first's header, whose name differs: a contradiction before it is an overlap.
    #expect(try problem(zip.bytes()) == .inconsistent("its local header has another name"))
    // A whole archive hidden in a stored member's data, and a record that points into it.
    let hidden = HandmadeZip(Member("d", "yy")).bytes()
    var outer = Member("a", "")
    outer.data = hidden
    var pointer = Member("d", "yy")
    pointer.offset = UInt32(30 + 1)
    #expect(try problem(HandmadeZip(outer, pointer).bytes()) == .overlaps("a"))
  }

  @Test("Encrypted members and unknown methods are refused")
  func methods() throws {
    var encrypted = Member("a")
    encrypted.flags = 1
    #expect(try problem(HandmadeZip(encrypted).bytes()) == .encrypted)
    var zstandard = Member("a")
    zstandard.method = 93
    #expect(try problem(HandmadeZip(zstandard).bytes()) == .unknownMethod(93))
  }

  @Test("A local header that contradicts the directory is refused")
  func localHeader() throws {
    var member = Member("a")
    member.localMethod = 8
    #expect(try problem(HandmadeZip(member).bytes()) == .inconsistent("its local header has another method"))
  }

  @Test("False sizes and checksums are found")
  func lies() throws {
    var twoSizes = Member("a")
    twoSizes.size = 5
    #expect(try problem(HandmadeZip(twoSizes).bytes()) == .inconsistent("it is stored, and says two sizes"))
    var checksum = Member("a")
    checksum.crc = 7
    let right = text("data").withUnsafeBytes { Deflate.crc32($0) }
    #expect(try problem(HandmadeZip(checksum).bytes(), verify: true) == .wrongChecksum(expected: 7, found: right))
    var damaged = Member("a", "\u{7f}\u{7f}\u{7f}\u{7f}")
    damaged.method = 8
    #expect(try problem(HandmadeZip(damaged).bytes(), verify: true) == .damagedData)
    var beyond = Member("a")
    beyond.compressed = 5000
    beyond.size = 5000
    #expect(try problem(HandmadeZip(beyond).bytes()) == .truncated("its data"))
  }

  @Test("A member that claims an impossible deflate ratio is refused before it is inflated")
  func impossibleRatio() throws {
    var bomb = Member("a", "1234")
    bomb.method = 8
    bomb.size = 3_000_000_000
    #expect(try problem(HandmadeZip(bomb).bytes()) == .impossibleRatio(compressed: 4, size: 3_000_000_000))
  }

  @Test("A bomb within deflate's ratio is refused by the ratio of the whole archive")
  func bomb() throws {
    let scratch = try Scratch()
    let zeros = ZipContents(compressing: [UInt8](repeating: 0, count: 4 << 20))
    let writer = try ZipWriter(creating: scratch.path.appending("bomb.zip"))
    for index in 0..<80 { try writer.add(zeros, named: text("z\(index)")) }
    try writer.finishDirectory()
    try writer.publish()
    #expect(throws: ZipError(archive: "bomb.zip", .tooLarge(limit: "inflates to 200 times its size"))) {
      try ZipArchive(path: scratch.path.appending("bomb.zip"))
    }
    var limits = ZipLimits()
    limits.members = 79
    limits.ratio = 2000
    #expect(throws: ZipError(archive: "bomb.zip", .tooLarge(limit: "79 members"))) {
      try ZipArchive(path: scratch.path.appending("bomb.zip"), limits: limits)
    }
  }

  @Test("Two matching end records are refused, and so is one that does not end the file")
  func endRecords() throws {
    let plain = HandmadeZip(Member("a")).bytes()
    var twice = HandmadeZip(Member("a"))
    twice.comment = HandmadeZip().bytes()
    #expect(try problem(twice.bytes()) == .ambiguousEnd)
    #expect(try problem(plain + text("x")) == .notAnArchive)
    var several = HandmadeZip(Member("a"))
    several.disk = 1
    #expect(try problem(several.bytes()) == .multipleDisks)
  }

  @Test("A directory with more or fewer members than it claims is refused")
  func counts() throws {
    var fewer = HandmadeZip(Member("a"), Member("b"))
    fewer.count = 1
    #expect(try problem(fewer.bytes()) == .inconsistent("its directory has more than the declared 1 members"))
    var more = HandmadeZip(Member("a"), Member("b"))
    more.count = 3
    #expect(try problem(more.bytes()) != nil)
    var offset = HandmadeZip(Member("a"))
    offset.directoryOffset = 0xffff_0000
    #expect(try problem(offset.bytes()) == .truncated("its directory"))
  }

  @Test("An archive truncated at any byte is refused")
  func truncatedAnywhere() throws {
    let scratch = try Scratch()
    let path = try scratch.archive(["a.py": text("print(1)\n"), "b/c": [UInt8](repeating: 65, count: 500)])
    let whole = try FileSystem.read(path)
    for count in 0..<whole.count {
      #expect(try problem(Array(whole[..<count])) != nil, "the first \(count) bytes opened")
    }
  }

  @Test("A change of any single byte neither crashes the reader nor changes contents")
  func everyByteChanged() throws {
    let scratch = try Scratch()
    let path = try scratch.archive(["a.py": text("print(1)\n"), "b/c": [UInt8](repeating: 65, count: 200)])
    let whole = try FileSystem.read(path)
    let original = try ZipArchive(path: path)
    let contents = try original.members.map { try original.contents(of: $0) }
    var accepted = 0
    for index in whole.indices {
      for change in [0x01, 0x80, 0xff] as [UInt8] {
        var bytes = whole
        bytes[index] ^= change
        let file = try scratch.file("changed.zip", bytes)
        guard let archive = try? ZipArchive(path: file), (try? archive.verify()) != nil else { continue }
        accepted += 1
        #expect(try archive.members.map { try archive.contents(of: $0) } == contents)
      }
    }
    #expect(accepted > 0, "dates and modes may change")
  }
}

@Suite("Large members of foreign archives")
struct LargeMemberTests {
  private static let size = 17 << 20
  private static let contents = ZipContents(compressing: [UInt8](repeating: 7, count: size))

  /// An archive of one large member, whose directory can lie.
  private func archive(_ change: (inout HandmadeZip.Member) -> Void = { _ in }) throws -> (FilePath, Scratch) {
    let scratch = try Scratch()
    var member = HandmadeZip.Member("large.bin", "")
    (member.data, member.method, member.size) = (Self.contents.bytes, 8, UInt32(Self.contents.size))
    member.crc = Self.contents.crc32
    change(&member)
    return (try scratch.file("large.zip", HandmadeZip(member).bytes()), scratch)
  }

  @Test("A large member is read in pieces, and its false claims are found")
  func pieces() throws {
    var limits = ZipLimits()
    limits.ratio = 2000
    func problem(_ change: (inout HandmadeZip.Member) -> Void) throws -> ZipError.Problem? {
      let (path, scratch) = try archive(change)
      defer { withExtendedLifetime(scratch) {} }
      let error = #expect(throws: ZipError.self) { try ZipArchive(path: path, limits: limits).verify() }
      return error?.problem
    }
    let (path, scratch) = try archive()
    let good = try ZipArchive(path: path, limits: limits)
    var size = 0
    var largest = 0
    try good.forEachPiece(of: good.members[0]) { piece in
      size += piece.count
      largest = max(largest, piece.count)
    }
    #expect(size == Self.size)
    #expect(largest <= 1 << 20)
    withExtendedLifetime(scratch) {}
    let right = UInt64(Self.size)
    #expect(try problem { $0.size = UInt32(right - 1) } == .wrongSize(expected: right - 1))
    #expect(try problem { $0.size = UInt32(right + 1) } == .wrongSize(expected: right + 1))
    guard case .wrongChecksum(7, _) = try problem({ $0.crc = 7 }) else {
      Issue.record("another checksum was accepted")
      return
    }
    #expect(try problem { $0.data[$0.data.count / 2] ^= 0xff } != nil)
    #expect(try problem { $0.data += [0] } == .damagedData)
  }
}
