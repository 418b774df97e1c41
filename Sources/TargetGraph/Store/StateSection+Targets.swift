internal import Workspace

/// The sections of the state that hold targets.
extension StateSection {
  /// ``BuildDirectoryRow``s.
  static let packages = target(0)
  /// Declarations of BUILD files, encoded.
  static let declarations = target(1)
  /// ``TargetRow``s.
  static let targets = target(2)
  /// Addresses and names of modules.
  static let addresses = target(3)
  /// Numbers of targets by address.
  static let order = target(4)
  static let addressIndex = target(5)
  /// ``ModuleRow``s.
  static let modules = target(6)
  static let moduleIndex = target(7)
  /// The imports of each file, encoded.
  static let imports = target(8)
  /// Records of products that were built, and of git's answers.
  static let builds = target(9)

  private static func target(_ number: Int) -> StateSection {
    let section = StateSection(rawValue: firstOfOthers + number)
    precondition(section.rawValue < limit, "an image has no room for section \(section.rawValue)")
    return section
  }
}
