/// The members of a run of a zip file without its directory, such as the code segment of a bundle.
///
/// Such a run consists of local headers, each followed by its data (APPNOTE.TXT 6.3, section 4.3.7). Only the headers
/// define where a member ends, so a run with data descriptors cannot be read.
public enum ZipRun {
  /// Hands the name and the contents of each member to `body`, in their order.
  ///
  /// - Parameters:
  ///   - archive: the run as people know it, for messages.
  ///   - limit: bytes of all contents together.
  /// - Throws: `ZipError` for a run that is not whole, is damaged, or holds more than `limit`.
  public static func forEachMember(
    of run: [UInt8], archive: String, limit: Int, _ body: (_ name: String, _ contents: [UInt8]) throws -> Void
  ) throws {
    try run.withUnsafeBytes { bytes in
      var offset = 0
      var total = 0
      while offset < bytes.count {
        let header = try Header(bytes, at: offset, archive: archive)
        total += header.size
        guard total <= limit else {
          throw ZipError(archive: archive, member: header.name, .tooLarge(limit: "\(limit) bytes in all"))
        }
        let data = UnsafeRawBufferPointer(rebasing: bytes[header.data])
        try body(header.name, try contents(header, data, archive: archive))
        offset = header.data.upperBound
      }
    }
  }

  private struct Header {
    var name: String
    var method: UInt16
    var checksum: UInt32
    var size: Int
    var data: Range<Int>

    init(_ bytes: UnsafeRawBufferPointer, at start: Int, archive: String) throws {
      guard bytes.count - start >= ZipFormat.localSize, bytes.u32(start) == ZipFormat.localSignature else {
        throw ZipError(archive: archive, .truncated("a local header"))
      }
      let (nameSize, extraSize) = (Int(bytes.u16(start + 26)), Int(bytes.u16(start + 28)))
      let nameStart = start + ZipFormat.localSize
      guard bytes.count - nameStart >= nameSize + extraSize else {
        throw ZipError(archive: archive, .truncated("the name of a member"))
      }
      name = String(decoding: bytes[nameStart..<nameStart + nameSize], as: UTF8.self)
      let flags = bytes.u16(start + 6)
      guard flags & ZipFormat.flagEncrypted == 0 else { throw ZipError(archive: archive, member: name, .encrypted) }
      guard flags & ZipFormat.flagDescriptor == 0 else {
        throw ZipError(archive: archive, member: name, .inconsistent("its size is not in its local header"))
      }
      method = bytes.u16(start + 8)
      checksum = bytes.u32(start + 14)
      let (compressed, size) = (bytes.u32(start + 18), bytes.u32(start + 22))
      guard compressed != .max, size != .max else {
        throw ZipError(archive: archive, member: name, .tooLarge(limit: "4 GiB in a member"))
      }
      self.size = Int(size)
      let dataStart = nameStart + nameSize + extraSize
      guard bytes.count - dataStart >= Int(compressed) else {
        throw ZipError(archive: archive, member: name, .truncated("its data"))
      }
      data = dataStart..<dataStart + Int(compressed)
      guard UInt64(size) <= UInt64(compressed) * ZipFormat.maximumRatio + 64 else {
        throw ZipError(
          archive: archive, member: name, .impossibleRatio(compressed: UInt64(compressed), size: UInt64(size)))
      }
    }
  }

  private static func contents(
    _ header: Header, _ data: UnsafeRawBufferPointer, archive: String
  ) throws -> [UInt8] {
    let contents: [UInt8]
    switch header.method {
    case 0: contents = Array(data)
    case 8:
      guard let inflated = Deflate.decompress(data, size: header.size) else {
        throw ZipError(archive: archive, member: header.name, .damagedData)
      }
      contents = inflated
    default: throw ZipError(archive: archive, member: header.name, .unknownMethod(header.method))
    }
    guard contents.count == header.size else {
      throw ZipError(archive: archive, member: header.name, .wrongSize(expected: UInt64(header.size)))
    }
    let found = contents.withUnsafeBytes { Deflate.crc32($0) }
    guard found == header.checksum else {
      throw ZipError(archive: archive, member: header.name, .wrongChecksum(expected: header.checksum, found: found))
    }
    return contents
  }
}
