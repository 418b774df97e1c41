/// The acceptable interpreters: `CPython>=3.9,<3.13`, `PyPy`, `>=3.8`.
public struct InterpreterConstraint: Sendable, Hashable, CustomStringConvertible {
  /// In lower case; nil for any implementation.
  public var implementation: String?
  public var specifiers: SpecifierSet

  public init(implementation: String? = nil, specifiers: SpecifierSet) {
    self.implementation = implementation
    self.specifiers = specifiers
  }

  /// Nil for a text that is not a constraint.
  public init?(_ text: some StringProtocol) {
    let text = trimmed(text)
    let name = String(text.prefix { $0.isLetter })
    let rest = trimmed(text.dropFirst(name.count))
    guard let specifiers = SpecifierSet(rest), !(name.isEmpty && rest.isEmpty) else { return nil }
    self.init(implementation: name.isEmpty ? nil : lowercased(name), specifiers: specifiers)
  }

  public func admits(_ facts: InterpreterFacts) -> Bool {
    (implementation == nil || implementation == facts.implementation)
      && specifiers.contains(facts.version, preReleases: true)
  }

  /// Whether any version with this major and minor number could be admitted, tried on the existing patch numbers.
  public func mayAdmit(major: UInt64, minor: UInt64) -> Bool {
    (0...40).contains { specifiers.contains(Version(release: [major, minor, $0])) }
  }

  public var description: String {
    let name: String =
      switch implementation {
      case "cpython": "CPython"
      case "pypy": "PyPy"
      default: implementation ?? ""
      }
    return name + specifiers.description
  }
}

extension InterpreterConstraint {
  /// The newest minor version of Python 3 that is thought of.
  private static let newestMinor: UInt64 = 60

  /// The minor versions of Python 3 that some constraints admit, alternatives of each other; without constraints, all
  /// versions in use.
  public static func minors(_ constraints: [InterpreterConstraint]) -> [UInt64] {
    if constraints.isEmpty { return Array(8...newestMinor) }
    return (6...newestMinor).filter { minor in constraints.contains { $0.mayAdmit(major: 3, minor: minor) } }
  }
}

extension SpecifierSet {
  /// One range that holds all Pythons that constraints admit: resolvers take one, constraints are alternatives.
  public init(spanning constraints: [InterpreterConstraint]) {
    if constraints.count == 1 {
      self = constraints[0].specifiers
      return
    }
    let minors = InterpreterConstraint.minors(constraints)
    guard let first = minors.first, let last = minors.last else {
      self.init()
      return
    }
    let lowest = [Specifier(">=3.\(first)")]
    self.init((last == 60 ? lowest : lowest + [Specifier("<3.\(last + 1)")]).compactMap(\.self))
  }
}
