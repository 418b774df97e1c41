import Zip

extension BundleBuilder {
  /// Files that two wheels both install; wheels of different platforms never occur together.
  ///
  /// - Throws: ``BundleError/collisions(_:)`` if contents differ and the specification does not allow it.
  func collisions(
    _ wheels: [WheelSegment], _ specification: BundleSpecification
  ) throws -> [Bundle.Collision] {
    let sets = specification.platforms
    let groups = sets.isEmpty ? [wheels] : sets.map { set in wheels.filter { set.contains($0.wheel.fileName) } }
    var seen = Set<Bundle.Collision>()
    var found: [Bundle.Collision] = []
    var harmful: [Bundle.Collision] = []
    for group in groups {
      for (collision, first, second) in Self.collisions(group) where seen.insert(collision).inserted {
        found.append(collision)
        if collision.isHarmless || Self.isUnimportable(collision.path) { continue }
        if try isSameCode(collision, first, second, in: group) { continue }
        harmful.append(collision)
      }
    }
    guard harmful.isEmpty || specification.allowsCollisions else { throw BundleError.collisions(harmful) }
    return found
  }

  /// Whether no program imports a file: one at the top of a wheel, such as a license or a README.
  private static func isUnimportable(_ path: String) -> Bool {
    guard !path.contains("/") else { return false }
    return ![".py", ".pyc", ".pyi", ".so", ".pyd", ".pth", ".egg-link"].contains { path.hasSuffix($0) }
  }

  /// A member of a wheel, by the places of both.
  private typealias Place = (wheel: Int, member: Int)

  /// Whether the files belong to packages that wheels share, and differ only in comments.
  private func isSameCode(
    _ collision: Bundle.Collision, _ first: Place, _ second: Place, in wheels: [WheelSegment]
  ) throws -> Bool {
    guard collision.path.hasSuffix("/__init__.py") else { return false }
    func contents(_ place: Place) throws -> [UInt8] {
      let wheel = wheels[place.wheel]
      return try wheel.archive.contents(of: wheel.members[place.member].member)
    }
    return isSameCode(try contents(first), try contents(second))
  }

  private static func collisions(
    _ wheels: [WheelSegment]
  ) -> [(collision: Bundle.Collision, first: Place, second: Place)] {
    var owners: [[UInt8]: (place: Place, crc: UInt32, size: UInt64)] = [:]
    owners.reserveCapacity(wheels.reduce(0) { $0 + $1.members.count })
    var found: [(collision: Bundle.Collision, first: Place, second: Place)] = []
    for (index, wheel) in wheels.enumerated() {
      for (number, member) in wheel.members.enumerated() {
        let (crc, size) = (member.entry.crc32, member.entry.size)
        guard let owner = owners[member.path] else {
          owners[member.path] = ((index, number), crc, size)
          continue
        }
        let collision = Bundle.Collision(
          path: String(decoding: member.path, as: UTF8.self), used: wheels[owner.place.wheel].wheel.fileName,
          hidden: wheel.wheel.fileName, isHarmless: owner.crc == crc && owner.size == size)
        found.append((collision, owner.place, (index, number)))
      }
    }
    return found
  }
}
