import Digests
import SystemSupport

/// A place that keeps bytes under keys: what a repository is made of.
///
/// Objects appear whole or not at all. Only ``replace(_:_:expecting:)`` and
/// ``overwrite(_:_:)`` change one. Any number of threads can use one storage at once.
protocol ObjectStorage: Sendable {
  /// The place, for messages: never with credentials.
  var location: String { get }
  var isReadOnly: Bool { get }
  /// Whether the place itself is not there yet, and the first publication makes it.
  var isAbsent: Bool { get }

  /// Creates an empty storage if it is missing, where that is possible. Called before anything is stored.
  func prepareForWriting() throws(ArtifactError)

  /// The bytes an object has; nil when there is none of that key.
  func size(of key: String) throws(ArtifactError) -> Int64?

  /// The bytes of a small object; nil when there is none. More than `limit` bytes are an error.
  func read(_ key: String, limit: Int) throws(ArtifactError) -> [UInt8]?

  /// Passes the bytes of an object to `receive`, in order. Returns false if that key does not exist. Does not request
  /// more than `limit` bytes twice: later bytes are dropped.
  func download(_ key: String, limit: Int64, receive: BytesReceiver) throws(ArtifactError) -> Bool

  /// Passes a range of an object's bytes to `receive`, in order. Returns false if the object does not exist.
  func download(_ key: String, range: Range<Int64>, receive: BytesReceiver) throws(ArtifactError) -> Bool

  /// Stores an object whose digest is known. It is checked on the way: bytes with another digest do not appear.
  func upload(_ piece: FilePiece, digest: SHA256Digest, to key: String) throws(ArtifactError)

  /// Stores a small object, unless there is one of that key: then nothing changes, and false is returned. Of several
  /// that try at once, one succeeds.
  func create(_ key: String, _ bytes: [UInt8]) throws(ArtifactError) -> Bool

  /// Stores a small object in place of any other of that key.
  func overwrite(_ key: String, _ bytes: [UInt8]) throws(ArtifactError)

  /// The bytes and the version of a small object that can change; nil when there is none.
  func readVersioned(_ key: String, limit: Int) throws(ArtifactError) -> (bytes: [UInt8], version: ObjectVersion)?

  /// Stores a small object in place of the version that was read, or where there was none. Returns false, and changes
  /// nothing, if there is another version by now.
  func replace(_ key: String, _ bytes: [UInt8], expecting version: ObjectVersion?) throws(ArtifactError) -> Bool

  /// When an object was written, in seconds since 1970; nil when there is none.
  func modified(_ key: String) throws(ArtifactError) -> Int64?

  /// Aborts incomplete uploads that began before a time. Returns their number.
  func abandonUploads(before time: Int64) throws(ArtifactError) -> Int

  /// Removes an object; a missing one is not an error.
  func remove(_ key: String) throws(ArtifactError)

  /// The objects whose keys begin with `prefix` (which ends in `/`), or where not `recursive` the next part of their
  /// keys only. An absent prefix is empty.
  func list(_ prefix: String, recursive: Bool) throws(ArtifactError) -> [ObjectEntry]
}

extension ObjectStorage {
  var isAbsent: Bool { false }
  func abandonUploads(before time: Int64) throws(ArtifactError) -> Int { 0 }
}

/// Distinguishes the contents of an object at different times: an ETag, or a digest.
struct ObjectVersion: Sendable, Hashable {
  var text: String
}

typealias BytesReceiver = (UnsafeRawBufferPointer) throws(ArtifactError) -> Void

/// A run of bytes in a file.
struct FilePiece: Sendable {
  var path: FilePath
  var offset: Int64
  var length: Int64
}

/// An entry of a listing.
struct ObjectEntry: Sendable, Hashable {
  /// The key after the prefix; without a final `/`.
  var name: String
  /// When it was written, in nanoseconds since 1970; nil for a part of a key, and where the storage does not say.
  var modified: Int64?
  /// Bytes; nil as above.
  var size: Int64?
}

/// Calls a function with the system call errors in it as errors of ours.
func onFiles<Result: ~Copyable>(_ body: () throws(SystemCallError) -> Result) throws(ArtifactError) -> Result {
  do throws(SystemCallError) { return try body() } catch { throw .file(error) }
}

extension FilePiece {
  /// Passes the piece's bytes to `body`, 1 MiB at a time. A file that ends early is an error (`EIO`).
  func forEachChunk(_ body: BytesReceiver) throws(ArtifactError) {
    let file = try onFiles { () throws(SystemCallError) in try FileSystem.open(path, .readOnly) }
    defer { FileSystem.close(file) }
    try onFiles { () throws(SystemCallError) in try seek(file, to: offset, path: path) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(min(max(length, 1), 1 << 20)), alignment: 4096)
    defer { buffer.deallocate() }
    var rest = length
    while rest > 0 {
      let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(min(rest, Int64(buffer.count)))])
      let count = try onFiles { () throws(SystemCallError) in try FileSystem.read(file, into: wanted, path: path) }
      guard count > 0 else { throw .file(SystemCallError("read", path, .ioError)) }
      try body(UnsafeRawBufferPointer(rebasing: wanted[..<count]))
      rest -= Int64(count)
    }
  }
}

/// lseek(2) to an offset from the start.
func seek(_ file: FileDescriptor, to offset: Int64, path: FilePath) throws(SystemCallError) {
  do {
    try file.seek(offset: offset, from: .start)
  } catch {
    throw SystemCallError("lseek", path, (error as? Errno) ?? .ioError)
  }
}
