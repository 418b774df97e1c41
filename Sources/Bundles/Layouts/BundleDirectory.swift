public import Digests
public import SystemSupport

/// A bundle of the layouts packed and loose, as it lies on disk.
public struct BundleDirectory: Sendable {
  /// The files by path below the directory, sorted, with their results of stat(2).
  public let files: [(path: String, status: FileStatus)]
  private let root: FilePath

  /// Lists a directory.
  ///
  /// - Throws: `SystemCallError`.
  public init(_ root: FilePath) throws(SystemCallError) {
    self.root = root
    var files: [(path: String, status: FileStatus)] = []
    try Self.walk(root, "", &files)
    self.files = files
  }

  private static func walk(
    _ directory: FilePath, _ prefix: String, _ files: inout [(path: String, status: FileStatus)]
  ) throws(SystemCallError) {
    for entry in try FileSystem.list(directory) {
      let path = directory.appending(entry.name)
      if entry.kind == .directory {
        try walk(path, prefix + entry.name + "/", &files)
      } else {
        files.append((prefix + entry.name, try FileSystem.status(of: path)))
      }
    }
  }

  /// The bytes of all files together.
  public var size: UInt64 { files.reduce(0) { $0 + UInt64($1.status.size) } }

  public func path(of file: String) -> FilePath { root.pushing(FilePath(file)) }

  /// Changes with everything that a file can be noticed by without reading it.
  public func stamp() -> SHA256Digest {
    var encoder = CanonicalEncoder()
    for (path, status) in files {
      encoder.append(path)
      for number in [status.size, status.modificationTime, status.changeTime, Int64(bitPattern: status.inode)] {
        encoder.append(number)
      }
    }
    return encoder.digest
  }

  /// A function of names, contents and whether files are executable.
  public func digest() throws(SystemCallError) -> SHA256Digest {
    var encoder = CanonicalEncoder()
    for (path, status) in files {
      encoder.append(path)
      encoder.append(status.isExecutable)
      encoder.append(try SHA256Digest.ofFile(self.path(of: path)).digest)
    }
    return encoder.digest
  }
}
