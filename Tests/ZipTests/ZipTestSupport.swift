import SystemSupport
import Zip

/// A new directory for one test, gone with the value.
final class Scratch {
  let path: FilePath

  init() throws { path = try FileSystem.makeTemporaryDirectory(prefix: "zip-test") }

  deinit { try? FileSystem.removeTree(path) }

  /// Writes bytes to a new file.
  func file(_ name: String, _ bytes: [UInt8]) throws -> FilePath {
    let file = path.appending(name)
    try FileSystem.write(bytes, to: file)
    return file
  }

  /// An archive with these members, by our own writer.
  func archive(
    named name: String = "a.zip", prefix: [UInt8] = [], _ members: KeyValuePairs<String, [UInt8]>
  ) throws -> FilePath {
    let writer = try ZipWriter(creating: path.appending(name))
    if !prefix.isEmpty { try writer.write(prefix) }
    for (name, bytes) in members { try writer.add(ZipContents(compressing: bytes), named: Array(name.utf8)) }
    try writer.finishDirectory()
    try writer.publish()
    return path.appending(name)
  }
}

func text(_ string: String) -> [UInt8] { Array(string.utf8) }

/// The problem that opening a file ends with; nil when it opens.
func problem(_ bytes: [UInt8], limits: ZipLimits = ZipLimits(), verify: Bool = false) throws -> ZipError.Problem? {
  let scratch = try Scratch()
  let file = try scratch.file("x.zip", bytes)
  do {
    let archive = try ZipArchive(path: file, limits: limits)
    if verify { try archive.verify() }
    return nil
  } catch let error as ZipError {
    return error.problem
  }
}

/// A zip made by hand, so that each field can lie.
///
/// One record a member.
struct HandmadeZip {
  struct Member {
    var name: [UInt8]
    var data: [UInt8]
    var flags: UInt16 = 0
    var method: UInt16 = 0
    var crc: UInt32?
    var size: UInt32?
    var compressed: UInt32?
    var attributes: UInt32 = 0o100644 << 16
    var localName: [UInt8]?
    var localMethod: UInt16?
    var offset: UInt32?

    init(_ name: String, _ data: String = "data") {
      self.name = text(name)
      self.data = text(data)
    }
  }

  var members: [Member]
  var comment: [UInt8] = []
  var count: UInt16?
  var directoryOffset: UInt32?
  var directorySize: UInt32?
  var disk: UInt16 = 0

  init(_ members: Member...) { self.members = members }

  func bytes() -> [UInt8] {
    var output: [UInt8] = []
    var directory: [UInt8] = []
    func put(_ value: UInt16, to bytes: inout [UInt8]) { bytes += [UInt8(value & 255), UInt8(value >> 8)] }
    func put(_ value: UInt32, to bytes: inout [UInt8]) {
      put(UInt16(value & 0xffff), to: &bytes)
      put(UInt16(value >> 16), to: &bytes)
    }
    for member in members {
      let offset = UInt32(output.count)
      let crc = member.crc ?? member.data.withUnsafeBytes { Deflate.crc32($0) }
      let size = member.size ?? UInt32(member.data.count)
      let compressed = member.compressed ?? UInt32(member.data.count)
      let localName = member.localName ?? member.name
      put(0x0403_4b50 as UInt32, to: &output)
      put(20 as UInt16, to: &output)
      put(member.flags, to: &output)
      put(member.localMethod ?? member.method, to: &output)
      put(0 as UInt32, to: &output)
      put(crc, to: &output)
      put(compressed, to: &output)
      put(size, to: &output)
      put(UInt16(localName.count), to: &output)
      put(0 as UInt16, to: &output)
      output += localName + member.data

      put(0x0201_4b50 as UInt32, to: &directory)
      put(3 << 8 | 20 as UInt16, to: &directory)
      put(20 as UInt16, to: &directory)
      put(member.flags, to: &directory)
      put(member.method, to: &directory)
      put(0 as UInt32, to: &directory)
      put(crc, to: &directory)
      put(compressed, to: &directory)
      put(size, to: &directory)
      put(UInt16(member.name.count), to: &directory)
      for _ in 0..<4 { put(0 as UInt16, to: &directory) }
      put(member.attributes, to: &directory)
      put(member.offset ?? offset, to: &directory)
      directory += member.name
    }
    let start = UInt32(output.count)
    output += directory
    put(0x0605_4b50 as UInt32, to: &output)
    put(disk, to: &output)
    put(disk, to: &output)
    put(count ?? UInt16(members.count), to: &output)
    put(count ?? UInt16(members.count), to: &output)
    put(directorySize ?? UInt32(directory.count), to: &output)
    put(directoryOffset ?? start, to: &output)
    put(UInt16(comment.count), to: &output)
    return output + comment
  }
}
