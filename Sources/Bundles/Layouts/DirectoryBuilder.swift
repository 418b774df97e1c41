import ContentStore
import Digests
import SystemSupport
import Zip

/// Builds bundles of the layouts packed and loose: a directory that is filled beside its path and exchanged with the
/// existing one, so that nobody sees an incomplete bundle.
struct DirectoryBuilder {
  let builder: BundleBuilder
  private var store: ContentStore { builder.store }
  let specification: BundleSpecification
  let boot: Boot
  let code: CodeSegment
  let id: String

  /// - Parameter previous: on disk as it was built: wheels that both have are hard links to its files.
  func build(at path: FilePath, reusing previous: Bundle?) throws -> Bundle {
    // Opening them checks new wheels.
    let wheels = try WheelSegment.open(specification.wheels, store: store)
    let collisions = try builder.collisions(wheels, specification)
    let replacement = try DirectoryReplacement(of: path)
    let root = replacement.temporaryPath
    for (file, bytes, isExecutable) in boot.files {
      let place = root.pushing(FilePath(file))
      try FileSystem.createDirectories(place.removingLastComponent())
      try FileSystem.write(bytes, to: place, permissions: isExecutable ? 0o755 : 0o644)
    }
    if specification.layout == .packed { try writeBootstrap(root.appending(".bootstrap")) }
    if !wheels.isEmpty { try FileSystem.createDirectories(root.appending(".deps")) }
    let shared = shared(previous, at: path)
    for wheel in wheels {
      let place = root.appending(".deps").appending(wheel.wheel.fileName)
      if let known = shared[wheel.wheel.fileName], known.digest == wheel.wheel.sha256 {
        try link(known.path, to: place)
      } else if specification.layout == .packed {
        try FileSystem.copyFile(wheel.wheel.path, to: place)
      } else {
        try unpack(wheel, to: place)
      }
    }
    try code.write(to: root)
    try openDirectories(root)
    let contents = try BundleDirectory(root)
    try replacement.commit()
    var bundle = Bundle(
      path: path, size: contents.size, segments: [], id: id, pythonMinors: [], collisions: collisions)
    bundle.memberCount = contents.files.count
    bundle.segments = specification.wheels.map {
      Bundle.Segment(kind: .wheel, name: $0.fileName, sha256: $0.sha256, offset: 0, size: 0)
    }
    return bundle
  }

  /// The archive `.bootstrap`, by which the tools of PEX know a packed bundle.
  private func writeBootstrap(_ path: FilePath) throws {
    let writer = try ZipWriter(creating: path)
    try writer.add(boot.bootstrap, named: Array("kilt.py".utf8))
    try writer.finishDirectory()
    try writer.publish()
  }

  /// The wheels of an earlier bundle of this layout, by file name. That bundle is at the path of this one, and so is
  /// replaced.
  private func shared(_ previous: Bundle?, at path: FilePath) -> [String: (path: FilePath, digest: SHA256Digest)] {
    guard let previous, previous.layout == specification.layout, previous.path == path else { return [:] }
    let deps = previous.path.appending(".deps")
    return Dictionary(
      previous.segments.map { ($0.name, (deps.appending($0.name), $0.sha256)) }, uniquingKeysWith: { first, _ in first }
    )
  }

  /// Hard links to a file, or to all files of a directory.
  private func link(_ old: FilePath, to new: FilePath) throws(SystemCallError) {
    guard try FileSystem.status(of: old).kind == .directory else { return try FileSystem.link(old, to: new) }
    try FileSystem.createDirectories(new)
    for entry in try FileSystem.list(old) {
      let (from, to) = (old.appending(entry.name), new.appending(entry.name))
      if entry.kind == .directory { try link(from, to: to) } else { try FileSystem.link(from, to: to) }
    }
  }

  /// Gives directories their mode, regardless of the umask.
  private func openDirectories(_ directory: FilePath) throws(SystemCallError) {
    for entry in try FileSystem.list(directory) where entry.kind == .directory {
      let path = directory.appending(entry.name)
      try FileSystem.setPermissions(0o755, of: path)
      try openDirectories(path)
    }
  }

  /// A wheel's members as files.
  private func unpack(_ wheel: WheelSegment, to place: FilePath) throws {
    let members = wheel.members.map {
      (member: $0.member, path: place.string + "/" + String(decoding: $0.path, as: UTF8.self))
    }
    _ = try MemberUnpacker(archive: wheel.archive, setsModes: true).write(members)
    for (path, _, bytes) in wheel.generated {
      let file = place.pushing(FilePath(String(decoding: path, as: UTF8.self)))
      try FileSystem.createDirectories(file.removingLastComponent())
      try FileSystem.write(bytes, to: file)
    }
  }
}
