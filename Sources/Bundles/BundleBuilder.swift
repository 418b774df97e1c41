public import ContentStore
public import Digests
import Synchronization
public import SystemSupport
import Zip

/// Builds bundles. Does not hash segments with known digests separately, and inflates a wheel only once.
public struct BundleBuilder: Sendable {
  /// The storage of digests of wheels' segments and of deflated files.
  public let store: ContentStore
  /// Whether two Python files are the same except for comments. Called for `__init__.py` files of several wheels;
  /// without an available Python, they count as different.
  public var isSameCode: @Sendable (_ first: [UInt8], _ second: [UInt8]) -> Bool = { _, _ in false }

  /// Changes with every generated part of a bundle: part of the key of anything that caches bundles.
  public static var formatDigest: SHA256Digest { .of("kilt bundle 2, deflate \(Deflate.level)\n\(Boot.digest)") }

  public init(store: ContentStore) { self.store = store }

  /// Writes the bundle at `path`, replacing an existing file in one step.
  ///
  /// - Parameter previous: a bundle that is on disk as it was built. Shared parts are copied from it: with the same
  ///   wheels, everything but the prefix, the code and the directory.
  /// - Throws: ``BundleError`` for a problem of the specification, `ZipError` and ``WheelError`` for an invalid wheel,
  ///   `ZipWriteError`, `SystemCallError` and `ContentStoreError` for the disk.
  public func build(
    _ specification: BundleSpecification, to path: FilePath, reusing previous: Bundle? = nil
  ) throws -> Bundle {
    let pythons = try BundlePythonVersions(specification.interpreterConstraints).pythons(
      wheels: specification.wheels, sets: specification.platforms)
    var names = Set<String>()
    for wheel in specification.wheels where !names.insert(wheel.fileName).inserted {
      throw BundleError.duplicateWheel(wheel.fileName)
    }
    let code = try CodeSegment(specification.sources, layout: specification.layout, store: store)
    let info = PexInfo(specification: specification, pythons: pythons, codeHash: code.digest)
    let id = identity(info, wheels: specification.wheels, code: code)
    let boot = try Boot(specification, id: id, pythons: pythons, info: info.bytes(id: id), store: store)
    var bundle: Bundle
    if specification.layout != .zipapp {
      bundle = try DirectoryBuilder(builder: self, specification: specification, boot: boot, code: code, id: id)
        .build(at: path, reusing: previous)
    } else if let front = try SharedFront(specification, boot: boot, previous, store: store) {
      bundle = try write(Contents(boot: boot.segment, front: front, code: code), to: path, id: id)
      bundle.collisions = front.previous.collisions
    } else {
      let wheels = try WheelSegment.open(specification.wheels, store: store)
      let collisions = try collisions(wheels, specification)
      bundle = try write(Contents(boot: boot.segment, wheels: wheels, code: code), to: path, id: id)
      bundle.collisions = collisions
    }
    bundle.pythonMinors = pythons.minors
    bundle.layout = specification.layout
    bundle.platforms = specification.platforms
    return bundle
  }

  private struct Contents {
    var boot: Boot.Segment
    var front: SharedFront?
    var wheels: [WheelSegment] = []
    var code: CodeSegment
  }

  /// The name of the unpacked tree on a host: a digest of all its inputs.
  private func identity(_ info: PexInfo, wheels: [WheelInput], code: CodeSegment) -> String {
    var hasher = SHA256Hasher()
    hasher.update("kilt bundle 2\n\(Boot.digest)\n\(code.digest)\n")
    for wheel in wheels { hasher.update("\(wheel.sha256) \(wheel.fileName)\n") }
    hasher.update(info.bytes(id: ""))
    return String(hasher.digest().hex.prefix(40))
  }

  private func write(_ contents: Contents, to path: FilePath, id: String) throws -> Bundle {
    let writer = try ZipWriter(creating: path, permissions: 0o755)
    try writer.write(contents.boot.script)
    for member in contents.boot.members {
      try writer.begin(member.entry)
      try writer.write(member.bytes)
    }
    var segments: [Bundle.Segment] = []
    func end(_ kind: Bundle.Segment.Kind, _ name: String = "", _ digest: SHA256Digest? = nil) {
      let start = segments.last.map { $0.offset + $0.size } ?? 0
      segments.append(
        Bundle.Segment(
          kind: kind, name: name, sha256: digest ?? .unknown, offset: start, size: writer.offset - start))
    }
    end(.prefix)
    if let front = contents.front {
      try front.write(to: writer)
      segments += front.segments
    }
    for wheel in contents.wheels {
      try wheel.write(to: writer)
      end(.wheel, wheel.wheel.fileName, wheel.knownDigest)
    }
    try contents.code.write(to: writer)
    end(.code)
    try writer.finishDirectory()
    end(.directory)
    try measure(&segments, of: writer, path)
    for wheel in contents.wheels where wheel.knownDigest == nil {
      guard let segment = segments.first(where: { $0.name == wheel.wheel.fileName }) else { continue }
      try wheel.remember(segment.sha256, in: store)
    }
    let size = writer.offset
    try writer.publish(.remakeable)
    var bundle = Bundle(path: path, size: size, segments: segments, id: id, pythonMinors: [], collisions: [])
    bundle.memberCount = Int(writer.count)
    return bundle
  }

  /// Computes the unknown digests of the bytes that have reached the file.
  private func measure(_ segments: inout [Bundle.Segment], of writer: ZipWriter, _ path: FilePath) throws {
    let file = writer.descriptor
    let unknown = segments.indices.filter { segments[$0].sha256 == .unknown }
    let ranges = unknown.map { segments[$0].offset..<segments[$0].offset + segments[$0].size }
    let digests = Mutex([Result<SHA256Digest, SystemCallError>?](repeating: nil, count: ranges.count))
    performInParallel(count: ranges.count) { index in
      let result = Result { () throws(SystemCallError) in try SHA256Digest.ofFile(file, ranges[index]) }
      digests.withLock { $0[index] = result }
    }
    do throws(SystemCallError) {
      for (index, digest) in zip(unknown, digests.withLock({ $0 })) {
        if let digest { segments[index].sha256 = try digest.get() }
      }
    } catch {
      throw BundleError.unreadableOutput(path, error)
    }
  }
}

extension SHA256Digest {
  /// A placeholder for a digest that is still to be computed; no known bytes have it.
  fileprivate static let unknown = SHA256Digest.of([])
}
