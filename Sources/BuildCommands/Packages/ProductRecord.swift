internal import Digests
internal import Snapshot
internal import SystemSupport

/// The build record of a product in the output directory. If none of its inputs has changed, a run only needs to check
/// its files.
struct ProductRecord: Equatable {
  /// A file of the package, as it was left.
  struct File: Equatable {
    /// From the workspace root.
    var path: String
    /// The digest of its contents; for a bundle, ``BundleBuildRecord/key``.
    var identity: SHA256Digest
    var size: Int64
    /// As ``BundleBuildRecord/stamp``.
    var stamp: SHA256Digest

    func isIntact(_ root: FilePath) -> Bool {
      // A file that cannot be examined counts as missing.
      guard let now = try? BundleBuildRecord.stamp(of: root.pushing(FilePath(path))) else { return false }
      return stamp == now
    }
  }

  /// ``MachineRecord/identity`` of the machine it was built on.
  var machine: [UInt8]
  /// The artifact's name of a bundle that is named by its commit.
  var artifact: String?
  var files: [File]
  /// Its text in each report.
  var notes: [String]

  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.write(machine)
    writer.write(optional: artifact) { $0.write($1) }
    writer.write(list: files) { writer, file in
      writer.write(file.path)
      writer.write(file.identity.bytes)
      writer.write(signed: file.size)
      writer.write(file.stamp.bytes)
    }
    writer.write(list: notes) { $0.write($1) }
    return writer.bytes
  }

  init(machine: [UInt8], artifact: String?, files: [File], notes: [String]) {
    (self.machine, self.artifact, self.files, self.notes) = (machine, artifact, files, notes)
  }

  /// Nil for bytes that are not a record.
  init?(bytes: [UInt8]) {
    let read = bytes.withUnsafeBytes { buffer -> ProductRecord? in
      var reader = ByteReader(buffer)
      do throws(SnapshotError) {
        let machine = try reader.data()
        let artifact = try reader.optional { reader throws(SnapshotError) in try reader.string() }
        let files = try reader.list { reader throws(SnapshotError) in
          let path = try reader.string()
          guard let identity = SHA256Digest(bytes: try reader.data()), let size = .some(try reader.signed()),
            let stamp = SHA256Digest(bytes: try reader.data())
          else { throw .damaged("a package's record") }
          return File(path: path, identity: identity, size: size, stamp: stamp)
        }
        return ProductRecord(
          machine: machine, artifact: artifact, files: files,
          notes: try reader.list { reader throws(SnapshotError) in try reader.string() })
      } catch {
        // Then it is not remembered, and built.
        return nil
      }
    }
    guard let read else { return nil }
    self = read
  }
}
