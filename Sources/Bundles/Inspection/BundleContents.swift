import SystemSupport
import Zip

/// The files of a bundle of any layout, in one form: as if it were one file.
struct BundleContents {
  struct Member {
    /// `.deps/WHEEL/PATH` for a wheel's files.
    var name: String
    /// Bytes in the bundle, without headers.
    var compressed: UInt64
    /// Bytes when unpacked.
    var size: UInt64
    var checksum: UInt32
    var isExecutable: Bool
  }

  var members: [Member] = []
  /// All bytes of the bundle.
  let size: UInt64

  /// Reads the directory of a file, or lists a directory; inflates no member.
  ///
  /// - Parameter checksums: whether to compute those of plain files, which are read for it.
  /// - Throws: `ZipError` for an invalid archive, or the error of opening it.
  init(_ path: FilePath, checksums: Bool) throws {
    guard try FileSystem.status(of: path, followingLinks: true).kind == .directory else {
      let archive = try ZipArchive(path: path)
      size = UInt64(archive.file.bytes.count)
      add(archive, below: "")
      return
    }
    let directory = try BundleDirectory(path)
    size = directory.size
    for (name, status) in directory.files {
      let parts = name.split(separator: "/")
      if name == ".bootstrap" || parts.count == 2 && parts[0] == ".deps" {
        add(try ZipArchive(path: directory.path(of: name), name: name), below: name + "/")
        continue
      }
      let bytes = UInt64(status.size)
      let checksum =
        checksums ? try FileSystem.read(directory.path(of: name)).withUnsafeBytes { Deflate.crc32($0) } : 0
      members.append(
        Member(
          // The script, which precedes the members of a file.
          name: name == "pex" ? ".bootstrap/pex" : name, compressed: bytes, size: bytes, checksum: checksum,
          isExecutable: status.isExecutable))
    }
  }

  private mutating func add(_ archive: ZipArchive, below prefix: String) {
    for member in archive.members where !member.isDirectory {
      members.append(
        Member(
          name: prefix + member.name, compressed: member.compressedSize, size: member.size, checksum: member.crc32,
          isExecutable: member.isExecutable))
    }
  }
}
