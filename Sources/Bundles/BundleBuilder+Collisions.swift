import Zip

extension BundleBuilder {
  /// Files that two wheels both want to install; wheels of different platforms never meet.
  ///
  /// - Throws: ``BundleError/collisions(_:)`` where contents differ and the specification does not say that they may.
  static func collisions(
    _ wheels: [WheelSegment], _ specification: BundleSpecification
  ) throws(BundleError) -> [Bundle.Collision] {
    let sets = specification.platforms
    let groups = sets.isEmpty ? [wheels] : sets.map { set in wheels.filter { set.contains($0.wheel.fileName) } }
    var seen = Set<Bundle.Collision>()
    let found = groups.flatMap { collisions($0) }.filter { seen.insert($0).inserted }
    let harmful = found.filter { !$0.isHarmless }
    guard harmful.isEmpty || specification.allowsCollisions else { throw .collisions(harmful) }
    return found
  }

  private static func collisions(_ wheels: [WheelSegment]) -> [Bundle.Collision] {
    var owners: [[UInt8]: (wheel: Int, crc: UInt32, size: UInt64)] = [:]
    owners.reserveCapacity(wheels.reduce(0) { $0 + $1.members.count })
    var found: [Bundle.Collision] = []
    for (index, wheel) in wheels.enumerated() {
      for member in wheel.members {
        let (crc, size) = (member.entry.crc32, member.entry.size)
        guard let owner = owners[member.path] else {
          owners[member.path] = (index, crc, size)
          continue
        }
        found.append(
          Bundle.Collision(
            path: String(decoding: member.path, as: UTF8.self), used: wheels[owner.wheel].wheel.fileName,
            hidden: wheel.wheel.fileName, isHarmless: owner.crc == crc && owner.size == size))
      }
    }
    return found
  }
}
