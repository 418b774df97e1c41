/// The name of a wheel's file (PEP 427): `NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl`.
public struct WheelFileName: Sendable, Hashable, CustomStringConvertible {
  public let text: String
  public let name: PackageName
  public let version: Version
  /// The number and the rest of a build tag; it breaks ties between wheels of equal tags.
  public let build: (number: UInt64, rest: String)?
  /// Every combination of the three compressed sets of tags.
  public let tags: [WheelTag]

  /// Nil for a text that is not a wheel's name.
  public init?(_ text: String) {
    guard text.hasSuffix(".whl"), !text.contains("/") else { return nil }
    let parts = text.dropLast(4).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 5 || parts.count == 6, !parts[0].contains("__") else { return nil }
    guard let name = PackageName(parts[0]), let version = Version(parts[1]) else { return nil }
    if parts.count == 6 {
      var scanner = ByteScanner(parts[2])
      guard let number = scanner.number() else { return nil }
      build = (number, String(decoding: scanner.bytes[scanner.position...], as: UTF8.self))
    } else {
      build = nil
    }
    let sets = parts.suffix(3).map { set in
      set.split(separator: ".", omittingEmptySubsequences: false).map { lowercased($0) }
    }
    guard sets.joined().allSatisfy({ !$0.isEmpty }) else { return nil }
    // The name of an interpreter is an identifier: "cp311", not "3.11".
    guard sets[0].allSatisfy({ $0.utf8.first?.isDigit == false }) else { return nil }
    self.text = text
    self.name = name
    self.version = version
    tags = sets[0].flatMap { interpreter in
      sets[1].flatMap { abi in
        sets[2].map { WheelTag(interpreter: interpreter, abi: abi, platform: $0) }
      }
    }
  }

  public var description: String { text }
  public static func == (left: WheelFileName, right: WheelFileName) -> Bool { left.text == right.text }
  public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
