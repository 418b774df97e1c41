/// A package without a wheel in a lockfile, for a target of the lockfile.
public struct LockGap: Sendable, Hashable, CustomStringConvertible {
  /// Name and version.
  public var package: String
  /// Platforms by name, and the minor versions of Python each.
  public var platform: String
  public var pythons: [String]
  /// Whether its source can be built, which works on the platform itself or for code without extension modules.
  public var hasSource: Bool

  public var description: String {
    "\(package) has no wheel for \(platform) with Python \(pythons.joined(separator: ", "))"
      + (hasSource ? ", only an sdist" : "")
  }
}

extension Lockfile {
  /// The wheels that are missing for the platforms of the lockfile. Reported when the lockfile is created, not when it
  /// is used.
  ///
  /// - Parameter path: the lockfile's, for messages.
  public func gaps(path: String) throws(LockError) -> [LockGap] {
    let asked = requirements.compactMap { text in
      // The lock wrote them itself.
      try? Requirement(text)
    }
    var gaps: [LockGap] = []
    for name in platforms {
      guard let platform = WheelPlatform(name: name) else { continue }
      for minor in pythonMinors {
        let target = PythonPlatform(cPython: Version(release: [3, minor]), platform: platform)
        for package in try subset(of: asked, for: target, path: path) where package.source == nil {
          guard (try? package.choose(for: target)) == nil else { continue }
          let index = gaps.firstIndex { $0.package == package.title && $0.platform == name }
          if let index {
            gaps[index].pythons.append("3.\(minor)")
          } else {
            gaps.append(
              LockGap(
                package: package.title, platform: name, pythons: ["3.\(minor)"],
                hasSource: package.files.contains(where: \.isSourceDistribution)))
          }
        }
      }
    }
    return gaps
  }

  /// The minor versions that exist today and that the lock admits whole, from its `.0` on.
  private var pythonMinors: [UInt64] {
    (8...14).filter { requiresPython.contains(Version(release: [3, $0]), preReleases: true) }
  }
}
