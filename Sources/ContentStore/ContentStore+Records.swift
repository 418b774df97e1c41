public import Digests
import SystemSupport

/// Small derived values: how a wheel is laid out in a bundle, a source file deflated. Losing one costs time, never
/// correctness, so a damaged record counts as absent.
extension ContentStore {
  /// The value stored for `key`, or nil.
  /// - Parameter namespace: the kind of value, with the version of the code that computes it: `segment-1`.
  public func record(_ namespace: String, _ key: SHA256Digest) throws(ContentStoreError) -> [UInt8]? {
    let path = recordPath(namespace, key)
    let bytes: [UInt8]
    do throws(SystemCallError) {
      bytes = try FileSystem.read(path)
    } catch {
      if error.isMissing { return nil }
      throw .system(path, error)
    }
    // The digest in front tells a half-written file, as a power cut can leave one, from a whole.
    guard bytes.count >= 32 else { return nil }
    let value = Array(bytes[32...])
    guard SHA256Digest.of(value).bytes.elementsEqual(bytes[..<32]) else { return nil }
    // A record that has just gone was read whole before.
    if let status = try? FileSystem.status(of: path) { Self.noteUse(of: path, status) }
    return value
  }

  /// Keeps a value for `key`, in the place of any other.
  public func setRecord(_ namespace: String, _ key: SHA256Digest, to value: [UInt8]) throws(ContentStoreError) {
    let path = recordPath(namespace, key)
    do throws(SystemCallError) {
      try FileSystem.createDirectories(path.removingLastComponent())
      try FileSystem.write(SHA256Digest.of(value).bytes + value, to: path)
    } catch {
      throw .system(path, error)
    }
  }

  /// Whether there is a record, whole or not.
  func hasRecord(_ namespace: String, _ key: SHA256Digest) -> Bool { FileSystem.exists(recordPath(namespace, key)) }

  private func recordPath(_ namespace: String, _ key: SHA256Digest) -> FilePath {
    let hex = key.hex
    return root.appending("records/\(namespace)/\(hex.prefix(2))/\(hex)")
  }
}
