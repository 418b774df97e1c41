import Glibc
public import SystemPackage
public import SystemSupport

/// Records of the directory of an archive that ``ZipWriter`` wrote, as they are: for an archive that shares its front.
public struct ZipDirectoryRecords: Sendable, Hashable {
  public var bytes: [UInt8] = []
  public var count: UInt64 = 0
  /// Their range in the file; nil if there are none.
  public private(set) var range: Range<UInt64>?

  /// Reads the records whose names begin with `prefix`, which have to follow each other.
  ///
  /// - Parameters:
  ///   - range: the range of the directory in the file, including its end records.
  /// - Returns: nil if the range is not a directory.
  /// - Throws: the error of reading.
  public init?(
    named prefix: [UInt8], in range: Range<UInt64>, of file: FileDescriptor
  ) throws(SystemCallError) {
    let directory = try FileSystem.read(file, range)
    var offset = 0
    func number16(_ place: Int) -> Int { Int(directory[offset + place]) | Int(directory[offset + place + 1]) << 8 }
    var found: Range<Int>?
    while offset + ZipFormat.centralSize <= directory.count,
      directory[offset] == 0x50, directory[offset + 1] == 0x4b, directory[offset + 2] == 1, directory[offset + 3] == 2
    {
      let name = offset + ZipFormat.centralSize
      let end = name + number16(28) + number16(30) + number16(32)
      guard end <= directory.count else { return nil }
      if directory[name..<name + number16(28)].starts(with: prefix) {
        if let begun = found {
          guard begun.upperBound == offset else { return nil }
          found = begun.lowerBound..<end
        } else {
          found = offset..<end
        }
        count += 1
      }
      offset = end
    }
    // After the records: one of the two end records.
    guard offset + 4 <= directory.count, directory[offset] == 0x50, directory[offset + 1] == 0x4b else { return nil }
    bytes = found.map { Array(directory[$0]) } ?? []
    self.range = found.map { range.lowerBound + UInt64($0.lowerBound)..<range.lowerBound + UInt64($0.upperBound) }
  }
}
