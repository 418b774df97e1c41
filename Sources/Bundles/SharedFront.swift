import ContentStore
import Digests
import SystemSupport
import Zip

/// The wheels of an earlier bundle as they lie in its file: a bundle of the same wheels, whose prefix is as long, copies
/// them as one run of bytes and opens none of the wheels.
struct SharedFront {
  let previous: Bundle
  private let range: Range<UInt64>
  private let records: ZipDirectoryRecords

  /// - Parameter previous: on disk as it was built.
  /// - Returns: nil if the bundles share nothing, or too little to be worth it.
  init?(
    _ specification: BundleSpecification, boot: Boot, _ previous: Bundle?, store: ContentStore
  ) throws {
    guard let previous, previous.layout == .zipapp, previous.platforms == specification.platforms,
      let prefix = previous.segments.first, prefix.kind == .prefix, prefix.size == boot.segment.size,
      let directory = previous.segments.last, directory.kind == .directory
    else { return nil }
    let wheels = previous.segments.filter { $0.kind == .wheel }
    guard !wheels.isEmpty, wheels.map(\.name) == specification.wheels.map(\.fileName),
      specification.allowsCollisions || previous.collisions.allSatisfy(\.isHarmless)
    else { return nil }
    for (segment, wheel) in zip(wheels, specification.wheels)
    where try WheelSegment.digest(of: wheel, in: store) != segment.sha256 { return nil }
    self.previous = previous
    range = prefix.size..<prefix.size + wheels.reduce(0) { $0 + $1.size }
    do {
      let file = try FileSystem.open(previous.path, .readOnly)
      defer { FileSystem.close(file) }
      guard
        let records = try ZipDirectoryRecords(
          named: Array(".deps/".utf8), in: directory.offset..<directory.offset + directory.size, of: file)
      else { return nil }
      self.records = records
    } catch {
      // An earlier bundle that cannot be read does not prevent building this one.
      return nil
    }
  }

  /// The range of the wheels, in either bundle.
  var segments: [Bundle.Segment] { previous.segments.filter { $0.kind == .wheel } }

  /// Writes the wheels after the prefix.
  func write(to writer: ZipWriter) throws {
    let file = try FileSystem.open(previous.path, .readOnly)
    defer { FileSystem.close(file) }
    try writer.copy(range, of: file, records: records)
  }
}
