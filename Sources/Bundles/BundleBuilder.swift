public import ContentStore
public import Digests
import Synchronization
public import SystemSupport
import Zip

/// Builds bundles. Segments whose digests are known are not hashed for their own sake; nothing in a wheel is inflated
/// once it has been seen.
public struct BundleBuilder: Sendable {
  /// Where digests of wheels' segments and deflated files are kept.
  public let store: ContentStore

  /// Changes with whatever this module itself puts into a bundle: part of the key of anything that keeps bundles.
  public static var formatDigest: SHA256Digest { .of("kilt bundle 1, deflate \(Deflate.level)\n\(Boot.digest)") }

  public init(store: ContentStore) { self.store = store }

  /// Writes the bundle at `path`, replacing what is there in one step.
  ///
  /// - Throws: ``BundleError`` for what is wrong with the specification, `ZipError` and ``WheelError`` for a wheel that
  ///   is not to be trusted, `ZipWriteError` and `ContentStoreError` for the disk.
  public func build(_ specification: BundleSpecification, to path: FilePath) throws -> Bundle {
    let pythons = try InterpreterConstraints(specification.interpreterConstraints).pythons(
      wheels: specification.wheels, sets: specification.platforms)
    var names = Set<String>()
    for wheel in specification.wheels where !names.insert(wheel.fileName).inserted {
      throw BundleError.duplicateWheel(wheel.fileName)
    }
    let wheels = try openWheels(specification.wheels)
    let code = try CodeSegment(specification.sources, store: store)
    let info = PexInfo(specification: specification, pythons: pythons, codeHash: code.digest)
    let id = identity(info, wheels: wheels, code: code)
    let collisions = collisions(wheels, sets: specification.platforms)
    let harmful = collisions.filter { !$0.isHarmless }
    guard harmful.isEmpty || specification.allowsCollisions else { throw BundleError.collisions(harmful) }
    let boot = Boot.segment(specification, id: id, pythons: pythons, info: info.bytes(id: id))
    return try write(
      Contents(boot: boot, wheels: wheels, code: code), to: path, id: id, minors: pythons.minors,
      collisions: collisions)
  }

  private struct Contents: Sendable {
    var boot: Boot.Segment
    var wheels: [WheelSegment]
    var code: CodeSegment
  }

  /// Opens the wheels, several at a time: one that is new is inflated as a whole.
  private func openWheels(_ inputs: [WheelInput]) throws -> [WheelSegment] {
    let results = Mutex([Result<WheelSegment, any Error>?](repeating: nil, count: inputs.count))
    performInParallel(count: inputs.count) { index in
      let result = Result { try WheelSegment(inputs[index], store: store) }
      results.withLock { $0[index] = result }
    }
    return try results.withLock { try $0.compactMap { try $0?.get() } }
  }

  /// What the unpacked tree on a host is named by: everything it depends on.
  private func identity(_ info: PexInfo, wheels: [WheelSegment], code: CodeSegment) -> String {
    var hasher = SHA256Hasher()
    hasher.update("kilt bundle 1\n\(Boot.digest)\n\(code.digest)\n")
    for wheel in wheels { hasher.update("\(wheel.wheel.sha256) \(wheel.wheel.fileName)\n") }
    hasher.update(info.bytes(id: ""))
    return String(hasher.digest().hex.prefix(40))
  }

  /// Files that two wheels both want to install. Those in `.dist-info` and `.data` never meet, nor do
  /// wheels of different platforms.
  private func collisions(_ wheels: [WheelSegment], sets: [[String]]) -> [Bundle.Collision] {
    let groups = sets.isEmpty ? [wheels] : sets.map { set in wheels.filter { set.contains($0.wheel.fileName) } }
    var seen = Set<Bundle.Collision>()
    return groups.flatMap { collisions($0) }.filter { seen.insert($0).inserted }
  }

  private func collisions(_ wheels: [WheelSegment]) -> [Bundle.Collision] {
    var owners: [[UInt8]: (wheel: Int, crc: UInt32, size: UInt64)] = [:]
    var found: [Bundle.Collision] = []
    for (index, wheel) in wheels.enumerated() {
      for (member, _) in wheel.entries {
        let owner = owners[member.nameBytes]
        if let owner {
          found.append(
            Bundle.Collision(
              path: member.name, used: wheels[owner.wheel].wheel.fileName, hidden: wheel.wheel.fileName,
              isHarmless: owner.crc == member.crc32 && owner.size == member.size))
        } else {
          owners[member.nameBytes] = (index, member.crc32, member.size)
        }
      }
    }
    return found
  }

  private func write(
    _ contents: Contents, to path: FilePath, id: String, minors: [Int], collisions: [Bundle.Collision]
  ) throws -> Bundle {
    var parts: [(size: UInt64, needed: Bool)] = [(contents.boot.size, true)]
    parts += contents.wheels.map { ($0.size, $0.knownDigest == nil) }
    parts.append((contents.code.size, true))
    // The directory: as long as it gets.
    parts.append((1 << 62, true))

    let writer = try ZipWriter(creating: path, permissions: 0o755)
    let hasher = FollowingHasher()
    writer.onFlush = { hasher.advance(to: $0) }
    let written = Mutex<Result<(size: UInt64, members: Int), any Error>?>(nil)
    let hashed = Mutex<Result<(whole: SHA256Digest, parts: [SHA256Digest?]), SystemCallError>?>(nil)
    let shared = Shared(writer: writer)
    let plan = parts
    performInParallel(count: 2, threads: 2) { index in
      if index == 0 {
        let result = Result { () throws -> (size: UInt64, members: Int) in
          let writer = shared.writer
          try writer.write(contents.boot.script)
          for member in contents.boot.members {
            try writer.begin(member.entry)
            try writer.write(member.bytes)
          }
          for wheel in contents.wheels { try wheel.write(to: writer) }
          try contents.code.write(to: writer)
          try writer.finishDirectory()
          return (writer.offset, Int(writer.count))
        }
        written.withLock { $0 = result }
        hasher.finish()
      } else {
        let descriptor = shared.writer.descriptor
        let result = Result { () throws(SystemCallError) in try hasher.run(descriptor, parts: plan) }
        hashed.withLock { $0 = result }
      }
    }
    guard let (size, members) = try written.withLock({ try $0?.get() }), let result = hashed.withLock({ $0 }) else {
      preconditionFailure("both threads leave a result")
    }
    let digests: (whole: SHA256Digest, parts: [SHA256Digest?])
    do throws(SystemCallError) { digests = try result.get() } catch { throw BundleError.unreadableOutput(path, error) }
    let segments = try self.segments(contents, parts: parts, digests: digests.parts, size: size)
    try writer.publish()
    var bundle = Bundle(
      path: path, sha256: digests.whole, size: size, segments: segments, id: id, pythonMinors: minors,
      collisions: collisions)
    bundle.memberCount = members
    return bundle
  }

  /// The segments with their places, and the digests of new wheels kept.
  private func segments(
    _ contents: Contents, parts: [(size: UInt64, needed: Bool)], digests: [SHA256Digest?], size: UInt64
  ) throws -> [Bundle.Segment] {
    var segments: [Bundle.Segment] = []
    var offset: UInt64 = 0
    for (index, part) in parts.enumerated() {
      let wheel = index > 0 && index <= contents.wheels.count ? contents.wheels[index - 1] : nil
      let kind: Bundle.Segment.Kind =
        index == 0 ? .prefix : wheel != nil ? .wheel : index == parts.count - 1 ? .directory : .code
      // The last part has no size of its own, and ends, for the hasher, with the file.
      guard let digest = index < digests.count ? digests[index] ?? wheel?.knownDigest : nil else {
        preconditionFailure("every segment has a digest")
      }
      if let wheel, wheel.knownDigest == nil { try wheel.remember(digest, in: store) }
      let length = kind == .directory ? size - offset : part.size
      segments.append(
        Bundle.Segment(kind: kind, name: wheel?.wheel.fileName ?? "", sha256: digest, offset: offset, size: length))
      offset += length
    }
    return segments
  }

  /// Lets the one thread that writes use the writer; the other only reads its descriptor.
  private struct Shared: @unchecked Sendable {
    // `writer` is used by one thread at a time; `descriptor` never changes.
    let writer: ZipWriter
  }
}
