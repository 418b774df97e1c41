import Digests
import Glibc
import SystemSupport
import Testing

@testable import Artifacts

/// A folder of a test's own, removed with this value.
final class Scratch: Sendable {
  let path: FilePath

  init() throws { path = try FileSystem.makeTemporaryDirectory(prefix: "artifacts") }

  deinit {
    do { try FileSystem.removeTree(path) } catch { Issue.record("the scratch folder stays: \(error)") }
  }

  func appending(_ name: String) -> FilePath { path.appending(name) }
}

/// A bundle as far as this module cares: a shell script in front, then segments of bytes.
struct SampleBundle: Sendable {
  var file: FilePath
  var manifest: Manifest

  static let name = ArtifactName("fiddler_server")
  static let platform = ArtifactPlatform("bookworm-x86_64")

  /// Writes the file. Segments of equal content have equal digests, as wheels do.
  init(
    in folder: FilePath, commit: Character = "a",
    segments: [[UInt8]] = [bytes(3_000, seed: 1), bytes(70_000, seed: 2)],
    script: String = "#!/bin/sh\necho \"hello $*\"\nexit 7\n", created: Int64 = 1_700_000_000
  ) throws {
    let key = ManifestKey(
      name: try #require(Self.name), commit: try #require(Commit(String(repeating: commit, count: 40))),
      platform: try #require(Self.platform))
    var parts = [(kind: "prefix", bytes: Array(script.utf8))]
    for segment in segments { parts.append(("wheel", segment)) }
    let whole = parts.flatMap(\.bytes)
    file = folder.appending(key.fileName)
    try FileSystem.write(whole, to: file, permissions: 0o755)
    manifest = Manifest(
      key: key, size: Int64(whole.count),
      segments: parts.enumerated().map { index, part in
        Manifest.Segment(
          kind: part.kind, name: "part-\(index)", digest: .of(part.bytes), size: Int64(part.bytes.count))
      }, entryPoint: "fiddler.main:run", interpreterConstraints: ["CPython>=3.8"], branch: "main", isOnMain: true,
      builder: "kilt 0.1.0", created: created)
  }
}

/// Bytes without a pattern, the same for the same seed.
func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
  var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
  return (0..<count).map { _ in
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return UInt8(truncatingIfNeeded: state >> 32)
  }
}

/// The error that `body` throws.
func artifactError<Result: ~Copyable>(_ body: () throws(ArtifactError) -> Result) -> ArtifactError? {
  do throws(ArtifactError) {
    _ = try body()
    return nil
  } catch {
    return error
  }
}

/// The files below a folder, relative, sorted; without directories.
func files(below root: FilePath, _ prefix: String = "") throws -> [String] {
  var found: [String] = []
  for entry in try FileSystem.list(root) {
    if entry.kind == .directory {
      found += try files(below: root.appending(entry.name), prefix + entry.name + "/")
    } else {
      found.append(prefix + entry.name)
    }
  }
  return found.sorted()
}
