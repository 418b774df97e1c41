extension LockedPackage {
  /// What of a package is installed on a target.
  public enum Choice: Sendable, Hashable {
    case wheel(LockedFile, WheelFileName)
    /// No wheel fits, but the source can be built on this machine.
    case build(LockedFile)
  }

  /// The best file of the package for a target: the wheel of the best tag, of several with that tag the one with the
  /// highest build number, otherwise the source where the target is an interpreter of this machine.
  ///
  /// - Throws: ``IndexError/noWheel(package:target:wanted:offered:)``.
  public func choose(for target: PythonTarget) throws(IndexError) -> Choice {
    let wheels = files.compactMap { file in file.wheel.map { (file, $0) } }
    let fitting = wheels.compactMap { file, wheel in
      target.tags.rank(wheel).map { (file: file, wheel: wheel, rank: $0) }
    }
    let best = fitting.min { left, right in
      if left.rank != right.rank { return left.rank < right.rank }
      let (l, r) = (left.wheel.build, right.wheel.build)
      if (l?.number ?? 0, l?.rest ?? "") != (r?.number ?? 0, r?.rest ?? "") {
        return (l?.number ?? 0, l?.rest ?? "") > (r?.number ?? 0, r?.rest ?? "")
      }
      return left.file.name < right.file.name
    }
    if let best { return .wheel(best.file, best.wheel) }
    if target.interpreter != nil, let source = files.first(where: \.isSourceDistribution) { return .build(source) }
    throw .noWheel(
      package: "\(name) \(version)", target: target.description, wanted: Self.shown(target.tags),
      offered: wheels.map(\.0.name))
  }

  /// Of some 1,500 tags, those that tell the most: the best few, and the ways out.
  private static func shown(_ tags: TagSet) -> [String] {
    let all = tags.all
    return all.prefix(3).map(\.description) + ["…"] + all.filter { $0.platform == "any" }.prefix(2).map(\.description)
  }
}
