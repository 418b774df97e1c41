/// A compatibility tag (PEP 425): `cp311-abi3-manylinux_2_17_x86_64`.
public struct WheelTag: Sendable, Hashable, CustomStringConvertible {
  public var interpreter: String
  public var abi: String
  public var platform: String

  public init(interpreter: String, abi: String, platform: String) {
    self.interpreter = interpreter
    self.abi = abi
    self.platform = platform
  }

  public var description: String { "\(interpreter)-\(abi)-\(platform)" }
}

/// The tags that an interpreter on a platform accepts, in order of preference.
///
/// Kept as families (interpreter and ABI) times platforms. A list of all would hold some 1,500 tags per target, of
/// which a wheel needs a handful.
public struct TagSet: Sendable, Hashable {
  private struct Family: Sendable, Hashable {
    var interpreter: String
    var abi: String
    /// Whether its platforms are the real ones; otherwise only `any`.
    var isForPlatforms: Bool
  }
  private var ranks: [Family: Int] = [:]
  private var families: [Family] = []
  private let platforms: [String]
  private let platformRanks: [String: Int]
  /// Tags that were given one by one, with their ranks; then there are no families.
  private var listed: [WheelTag: Int] = [:]

  /// Tags given one by one, best first.
  public init(_ tags: [WheelTag]) {
    platforms = []
    platformRanks = [:]
    listed = Dictionary(tags.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The tags of CPython.
  ///
  /// - Parameters:
  ///   - version: its version, of which major and minor count.
  ///   - abis: its own ABI tags, best first; by default an ordinary build's, `cp311`.
  ///   - platforms: the platform tags, best first.
  public init(cPython version: Version, abis: [String]? = nil, platforms: [String]) {
    self.platforms = platforms
    platformRanks = Dictionary(platforms.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let major = Int(version.release[0]), minor = version.release.count > 1 ? Int(version.release[1]) : 0
    let interpreter = "cp\(major)\(minor)"
    // Before 3.8, the ABI's name told of pymalloc.
    let abis = abis ?? [interpreter + (major == 3 && minor < 8 ? "m" : "")]
    let isThreaded = abis.contains { abi in
      abi.hasPrefix("cp") && abi.dropFirst(2).drop(while: \.isNumber).contains("t")
    }
    // The stable ABI of PEP 384, or of free-threaded builds (PEP 803).
    let stable = isThreaded ? "abi3t" : "abi3"
    for abi in abis where abi != "none" && abi != stable { add(interpreter, abi) }
    add(interpreter, stable)
    add(interpreter, "none")
    for older in stride(from: minor - 1, to: 1, by: -1) { add("cp\(major)\(older)", stable) }
    addPure(major: major, minor: minor, interpreter: interpreter)
  }

  /// The tags of another implementation, such as `pp310` with the ABI `pypy310_pp73`.
  public init(interpreter: String, abis: [String], pythonMajor: Int, pythonMinor: Int, platforms: [String]) {
    self.platforms = platforms
    platformRanks = Dictionary(platforms.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    for abi in abis + ["none"] { add(interpreter, abi) }
    addPure(major: pythonMajor, minor: pythonMinor, interpreter: interpreter)
  }

  private mutating func addPure(major: Int, minor: Int, interpreter: String) {
    let versions = ["py\(major)\(minor)", "py\(major)"] + (0..<max(0, minor)).reversed().map { "py\(major)\($0)" }
    for version in versions { add(version, "none") }
    add(interpreter, "none", forPlatforms: false)
    for version in versions { add(version, "none", forPlatforms: false) }
  }

  private mutating func add(_ interpreter: String, _ abi: String, forPlatforms: Bool = true) {
    let family = Family(interpreter: interpreter, abi: abi, isForPlatforms: forPlatforms)
    guard ranks[family] == nil else { return }
    ranks[family] = families.count
    families.append(family)
  }

  /// The place of a tag in the order of preference, from 0, the best; nil when it is not accepted. Places of tags that
  /// are accepted need not be dense.
  public func rank(_ tag: WheelTag) -> Int? {
    if !listed.isEmpty { return listed[tag] }
    let isForPlatforms = tag.platform != "any"
    let family = Family(interpreter: tag.interpreter, abi: tag.abi, isForPlatforms: isForPlatforms)
    guard let first = ranks[family] else { return nil }
    guard isForPlatforms else { return first * (platforms.count + 1) }
    return platformRanks[tag.platform].map { first * (platforms.count + 1) + $0 }
  }

  /// The best place of a wheel's tags; nil when none is accepted.
  public func rank(_ wheel: WheelFileName) -> Int? { wheel.tags.compactMap { rank($0) }.min() }

  /// All tags, best first.
  public var all: [WheelTag] {
    if !listed.isEmpty { return listed.sorted { $0.value < $1.value }.map(\.key) }
    return families.flatMap { family in
      (family.isForPlatforms ? platforms : ["any"]).map {
        WheelTag(interpreter: family.interpreter, abi: family.abi, platform: $0)
      }
    }
  }
}
