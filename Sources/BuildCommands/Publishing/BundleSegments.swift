internal import Artifacts
internal import Bundles
internal import Digests
internal import SystemSupport
internal import Zip

/// The segments of a bundle as they are published.
///
/// The zip directory is cut in three, around the records of the wheels: those are most of it, and after an edit of code
/// they are the bytes that they were, so that they do not travel again.
struct BundleSegments {
  private(set) var segments: [Manifest.Segment] = []

  /// Reads the directory of the bundle's file.
  init(of bundle: Bundle) throws {
    for segment in bundle.segments {
      if segment.kind == .directory, let parts = try Self.parts(of: segment, in: bundle) {
        segments += parts
        continue
      }
      segments.append(
        Manifest.Segment(
          kind: segment.kind.rawValue, name: segment.name, digest: segment.sha256, size: Int64(segment.size)))
    }
  }

  /// Nil for a directory without records of wheels, or in a form that is not known here: it travels as one.
  private static func parts(of segment: Bundle.Segment, in bundle: Bundle) throws -> [Manifest.Segment]? {
    let file = try FileSystem.open(bundle.path, .readOnly)
    defer { FileSystem.close(file) }
    let whole = segment.offset..<segment.offset + segment.size
    guard let wheels = try ZipDirectoryRecords(named: Array(".deps/".utf8), in: whole, of: file)?.range else {
      return nil
    }
    let cuts = [
      ("", whole.lowerBound..<wheels.lowerBound), ("wheels", wheels), ("code", wheels.upperBound..<whole.upperBound),
    ]
    return try cuts.filter { !$0.1.isEmpty }.map { name, range in
      Manifest.Segment(
        kind: "directory", name: name, digest: try SHA256Digest.ofFile(file, range), size: Int64(range.count))
    }
  }
}
