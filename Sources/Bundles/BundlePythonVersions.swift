/// The Python versions that a bundle runs on, decided when it is built, so that a start compares two numbers.
struct BundlePythonVersions {
  /// Alternatives, each a list of conditions that must all hold.
  private var alternatives: [[Condition]] = []
  private let texts: [String]

  fileprivate struct Condition {
    var comparison: String
    var version: [Int]
    var isPrefix: Bool
  }

  /// The minor versions of Python 3 that the boot code supports, and some to come.
  static let known = Array(8...16)

  /// Reads constraints in the form of Pants and PEX; an implementation other than CPython meets nothing.
  init(_ texts: [String]) throws(BundleError) {
    self.texts = texts
    for text in texts {
      var rest = text.filter { !$0.isWhitespace }[...]
      var implementation = ""
      while let first = rest.first, first.isLetter || first == "_" { implementation.append(rest.removeFirst()) }
      if rest.first == "[" { rest = rest.drop { $0 != "]" }.dropFirst() }
      if !implementation.isEmpty, implementation != "CPython", implementation != "python" { continue }
      var conditions: [Condition] = []
      for part in rest.split(separator: ",") {
        guard let condition = Self.condition(part) else { throw .badConstraint(text) }
        conditions.append(condition)
      }
      guard !conditions.isEmpty || !implementation.isEmpty else { throw .badConstraint(text) }
      alternatives.append(conditions)
    }
  }

  private static func condition(_ text: Substring) -> Condition? {
    let comparisons = ["===", "~=", "==", "!=", ">=", "<=", ">", "<"]
    guard let comparison = comparisons.first(where: { text.hasPrefix($0) }) else { return nil }
    var version = text.dropFirst(comparison.count)
    let isPrefix = version.hasSuffix(".*")
    if isPrefix { version = version.dropLast(2) }
    let numbers = version.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
    let release = numbers.compactMap { $0 }
    guard release.count == numbers.count, !release.isEmpty, !isPrefix || ["==", "!="].contains(comparison) else {
      return nil
    }
    return Condition(comparison: comparison == "===" ? "==" : comparison, version: release, isPrefix: isPrefix)
  }

  /// The versions that meet the constraints and every wheel's tags.
  /// - Parameter sets: where not empty, the file names of the wheels that belong together: a version has to fit one set.
  func pythons(wheels: [WheelInput], sets: [[String]] = []) throws(BundleError) -> SupportedPythons {
    let minors = Self.known.filter { minor in (0...Self.lastPatch).contains { meets(minor: minor, patch: $0) } }
    guard !minors.isEmpty else { throw .noInterpreter(constraints: texts, wheel: nil) }
    var fitting = Set<Int>()
    var culprit: String?
    for set in sets.isEmpty ? [wheels.map(\.fileName)] : sets {
      var left = minors
      for name in set {
        guard let tags = WheelTags(fileName: name) else { throw .badWheelName(name) }
        left.removeAll { !tags.allow(minor: $0) }
        if left.isEmpty {
          culprit = name
          break
        }
      }
      fitting.formUnion(left)
    }
    guard !fitting.isEmpty else { throw .noInterpreter(constraints: texts, wheel: culprit) }
    return SupportedPythons(ranges: fitting.sorted(by: >).flatMap(ranges))
  }

  /// No minor version has had as many patch releases; constraints that admit this one admit later ones too.
  private static let lastPatch = 50

  private func meets(minor: Int, patch: Int) -> Bool {
    texts.isEmpty || alternatives.contains { $0.allSatisfy { $0.holds(for: [3, minor, patch]) } }
  }

  private func ranges(minor: Int) -> [SupportedPythons.Range] {
    var ranges: [SupportedPythons.Range] = []
    for patch in 0...Self.lastPatch where meets(minor: minor, patch: patch) {
      let last = patch == Self.lastPatch ? 999 : patch
      if let previous = ranges.last, previous.last == patch - 1 {
        ranges[ranges.count - 1].last = last
      } else {
        ranges.append(SupportedPythons.Range(minor: minor, first: patch, last: last))
      }
    }
    return ranges
  }
}

/// The releases of CPython 3 that a bundle runs on.
struct SupportedPythons: Sendable, Hashable {
  /// Patch releases `first` to `last` of 3.`minor`.
  struct Range: Sendable, Hashable {
    var minor: Int
    var first: Int
    var last: Int
  }

  /// Newest minor version first.
  var ranges: [Range]

  var minors: [Int] {
    ranges.reduce(into: []) { minors, range in if minors.last != range.minor { minors.append(range.minor) } }
  }
}

fileprivate extension BundlePythonVersions.Condition {
  func holds(for candidate: [Int]) -> Bool {
    let width = max(version.count, candidate.count)
    func padded(_ version: [Int]) -> [Int] { version + Array(repeating: 0, count: width - version.count) }
    let (one, other) = (padded(candidate), padded(version))
    switch comparison {
    case "==": return isPrefix ? candidate.starts(with: version) : one == other
    case "!=": return isPrefix ? !candidate.starts(with: version) : one != other
    case "~=": return candidate.starts(with: version.dropLast()) && !one.lexicographicallyPrecedes(other)
    case ">=": return !one.lexicographicallyPrecedes(other)
    case "<": return one.lexicographicallyPrecedes(other)
    case ">": return other.lexicographicallyPrecedes(one)
    default: return !other.lexicographicallyPrecedes(one)
    }
  }
}

/// The Python and ABI tags of a wheel's name (PEP 425).
struct WheelTags {
  private let pythons: [Substring]
  private let abis: [Substring]
  /// The project's name in the form of the file name.
  let distribution: Substring

  init?(fileName: String) {
    guard fileName.hasSuffix(".whl") else { return nil }
    let parts = fileName.dropLast(4).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 5 || parts.count == 6, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
    distribution = parts[0]
    pythons = parts[parts.count - 3].split(separator: ".")
    abis = parts[parts.count - 2].split(separator: ".")
  }

  /// Whether CPython 3.`minor` is among them.
  func allow(minor: Int) -> Bool {
    pythons.contains { python in
      if python == "py3" || python == "py2.py3" { return abis.contains("none") }
      if python.hasPrefix("py3"), let from = Int(python.dropFirst(3)) { return from <= minor && abis.contains("none") }
      guard python.hasPrefix("cp3"), let exact = Int(python.dropFirst(3)) else { return false }
      if exact == minor {
        return abis.contains { $0 == "none" || $0 == "abi3" || $0 == "cp3\(minor)" || $0 == "cp3\(minor)m" }
      }
      return exact < minor && abis.contains("abi3")
    }
  }
}
