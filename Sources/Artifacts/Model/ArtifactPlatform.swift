import Glibc

/// An artifact platform: the distribution and machine architecture that a bundle was built for, as in `bookworm-x86_64`.
///
/// Two hosts of one platform have the same C library and system libraries, so wheels chosen for one fit the other.
public struct ArtifactPlatform: Sendable, Hashable, Comparable, CustomStringConvertible {
  public let text: String

  /// The platform, or nil when `text` is not two or more words of letters, digits, `_` and `.` joined by `-`.
  public init?(_ text: some StringProtocol) {
    guard ArtifactName(text) != nil, text.utf8.count <= 64, text.utf8.contains(UInt8(ascii: "-")) else { return nil }
    self.text = String(text)
  }

  /// The platform, or an error that describes a valid platform.
  public init(validating text: some StringProtocol) throws(ArtifactError) {
    guard let platform = ArtifactPlatform(text) else { throw .invalidPlatform(String(text)) }
    self = platform
  }

  /// The facts that are the same on every platform.
  static let any = ArtifactPlatform(distribution: "any", architecture: "any")

  private init(distribution: String, architecture: String) { text = distribution + "-" + architecture }

  /// This machine: os-release(5)'s `VERSION_CODENAME`, else `ID` and `VERSION_ID` (`alpine3.20`), else `linux`; and the
  /// machine of uname(2).
  public static var current: ArtifactPlatform {
    let contents = smallFile("/etc/os-release") ?? smallFile("/usr/lib/os-release") ?? []
    return ArtifactPlatform(distribution: distribution(osRelease: contents), architecture: machine())
  }

  /// The distribution's part of the name from the bytes of an os-release file.
  static func distribution(osRelease contents: [UInt8]) -> String {
    var codename = "", identifier = "", version = ""
    for line in contents.split(separator: UInt8(ascii: "\n")) {
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let value = line[(equals + 1)...].filter { ArtifactName.isWord($0) || $0 == UInt8(ascii: ".") }
      switch String(decoding: line[..<equals], as: UTF8.self) {
      case "VERSION_CODENAME": codename = String(decoding: value, as: UTF8.self)
      case "ID": identifier = String(decoding: value, as: UTF8.self)
      case "VERSION_ID": version = String(decoding: value, as: UTF8.self)
      default: break
      }
    }
    for candidate in [codename, identifier + version] where ArtifactPlatform("\(candidate)-x") != nil {
      return candidate
    }
    return "linux"
  }

  private static func machine() -> String {
    var names = utsname()
    guard uname(&names) == 0 else { return "unknown" }
    let text = withUnsafeBytes(of: names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    return text.utf8.allSatisfy(ArtifactName.isWord) && !text.isEmpty ? text : "unknown"
  }

  public var description: String { text }
  public static func < (left: ArtifactPlatform, right: ArtifactPlatform) -> Bool { left.text < right.text }
}

/// The first 64 KiB of a file, read with three system calls; nil when it cannot be read.
func smallFile(_ path: String) -> [UInt8]? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  let contents = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
    count = max(0, read(descriptor, buffer.baseAddress, buffer.count))
  }
  return contents
}
