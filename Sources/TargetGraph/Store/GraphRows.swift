internal import BuildFiles
internal import Snapshot
internal import Workspace

/// The BUILD files of one directory, evaluated.
struct BuildDirectoryRow: BitwiseCopyable {
  static let dead: UInt32 = 1
  /// It sets defaults or rules for the directories below.
  static let inherited: UInt32 = 2
  /// It reads the environment.
  static let environment: UInt32 = 4
  /// It reads files that are not in the table: it is evaluated in every run.
  static let volatile: UInt32 = 8
  /// The lockfiles of the resolves: targets that no BUILD file declares.
  static let lockfiles: UInt32 = 16
  /// It has visibility rules.
  static let rules: UInt32 = 32

  /// The encoded package.
  var declarations = TextSpan()
  /// Its warnings, encoded.
  var warnings = TextSpan()
  /// The files from which it was created.
  var inputs = ListSpan()
  /// Its targets in the order of declaration, generated ones after their generator.
  var targets = ListSpan()
  var directory: UInt32 = 0
  var flags: UInt32 = 0

  func has(_ flag: UInt32) -> Bool { flags & flag != 0 }
}

/// One target.
struct TargetRow: BitwiseCopyable {
  static let dead: UInt16 = 1
  /// Its dependencies are known, and are valid as long as its file is unchanged.
  static let edgesKnown: UInt16 = 2

  /// The address as text.
  var address = TextSpan()
  /// The name after `#` and its own fields, encoded.
  var own = TextSpan()
  /// Its dependencies.
  var edges = ListSpan()
  /// Its unresolved imports, encoded.
  var findings = TextSpan()
  /// Marks of all lookups that found its dependencies.
  var mentions = ListSpan()
  /// Its build record, encoded.
  var build = TextSpan()
  /// A hash of its whole declaration in the BUILD file.
  var attributes: UInt64 = 0
  var package: UInt32 = 0
  /// The declaration of the BUILD directory from which it comes.
  var declaration: UInt32 = 0
  /// Its generator's id plus one.
  var generator: UInt32 = 0
  /// Its file's id plus one.
  var file: UInt32 = 0
  /// The next target that owns the same file: its id plus one.
  var nextOwner: UInt32 = 0
  /// The generation in which it last changed: itself or its direct dependencies.
  var changedAt: UInt32 = 0
  /// The generation in which its product was last up to date.
  var builtAt: UInt32 = 0
  var spare3: UInt32 = 0
  var flags: UInt16 = 0
  var type: UInt8 = 0
  var spare: UInt8 = 0
  /// 0 without a resolve; a configured one's number plus one; from ``unknownResolve`` on, one that is not configured.
  var resolve: UInt16 = 0
  var spare2: UInt16 = 0

  static let unknownResolve: UInt16 = 0x8000

  func has(_ flag: UInt16) -> Bool { flags & flag != 0 }
}

/// A module name that targets of a resolve provide.
struct ModuleRow: BitwiseCopyable {
  var name = TextSpan()
  /// Each a target's id times two, plus one for a stub.
  var providers = ListSpan()
  var resolve: UInt16 = 0
  var isThirdParty: UInt16 = 0
  var spare: UInt32 = 0
}

extension TargetType {
  /// Whether targets of this type have products.
  var isPackage: Bool { self == .pexBinary || self == .archive || self == .pythonDistribution }

  private static let codes: [TargetType: UInt8] = Dictionary(
    uniqueKeysWithValues: TargetType.allCases.enumerated().map { ($1, UInt8($0)) })
  private static let all = ContiguousArray(TargetType.allCases)

  var code: UInt8 { Self.codes[self] ?? 0 }
  init(code: UInt8) { self = Int(code) < Self.all.count ? Self.all[Int(code)] : .foreign }
}

/// FNV-1a over bytes, with a final mix: for indexes in the state, which outlive the process. Swift's hashes are seeded
/// per process, so they cannot be used.
struct StableHash {
  private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
  mutating func add(_ bytes: UnsafeRawBufferPointer) { for byte in bytes { add(byte) } }
  mutating func add(_ bytes: [UInt8]) { for byte in bytes { add(byte) } }
  mutating func add(_ text: some StringProtocol) {
    for byte in text.utf8 { add(byte) }
  }

  var mixed: UInt64 {
    var result = value
    result ^= result >> 32
    result = result &* 0x9E37_79B9_7F4A_7C15
    result ^= result >> 29
    return result
  }
}
