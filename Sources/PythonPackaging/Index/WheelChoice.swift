extension LockedPackage {
  /// The part of a package that is installed on a target.
  public enum Choice: Sendable, Hashable {
    case wheel(LockedFile, WheelFileName)
    /// No wheel fits, but the source can be built on this machine.
    case build(LockedFile)
    /// A project in a directory or in a git repository, which is built on this machine.
    case project(PackageSource)
  }

  /// The best file of the package for a target: the wheel of the best tag, of several with that tag the one with the
  /// highest build number, otherwise the source where this machine can build it.
  ///
  /// - Throws: ``IndexError/noWheel(package:target:wanted:offered:)``.
  public func choose(for target: PythonPlatform) throws(IndexError) -> Choice {
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
    if target.interpreter ?? target.builder != nil {
      if let source = files.first(where: \.isSourceDistribution) { return .build(source) }
      if files.isEmpty, let source { return .project(source) }
    }
    throw .noWheel(
      package: title, target: target.description, wanted: target.shownTags, offered: offered,
      hasSource: source != nil || files.contains(where: \.isSourceDistribution))
  }

  /// The names of its wheels, for messages.
  var offered: [String] { files.filter { $0.wheel != nil }.map(\.name) }
}

extension PythonPlatform {
  /// Of some 1,500 tags, the most helpful: the best few, and the fallbacks.
  var shownTags: [String] {
    let all = tags.all
    return all.prefix(3).map(\.description) + ["…"] + all.filter { $0.platform == "any" }.prefix(2).map(\.description)
  }
}
