internal import Diagnostics
internal import PythonPackaging
internal import TargetGraph

/// A platform as the field `platforms` names it, and the Python version on it, where it says one.
///
/// `linux_x86_64`, `macos_arm64@3.12`, and as PEX writes them `linux_x86_64-cp-311-cp311`, `manylinux2014_x86_64-cp-311-cp311`.
struct BundlePlatform: Hashable {
  /// Nil for `current`: this machine.
  var platform: TargetPlatform?
  var version: Version?

  init?(_ text: String) {
    if text == "current" { return }
    var name = text[...]
    if let at = name.firstIndex(of: "@") {
      guard let version = Version(String(name[name.index(after: at)...])), version.release.count >= 2 else {
        return nil
      }
      self.version = version
      name = name[..<at]
    } else {
      let parts = name.split(separator: "-", omittingEmptySubsequences: false)
      if parts.count == 4 {
        guard parts[1] == "cp", let version = Self.version(digits: parts[2]) else { return nil }
        self.version = version
        name = parts[0]
      }
    }
    // Pants 1 wrote `linux-x86_64`.
    guard let platform = TargetPlatform(name: name.split(separator: "-").joined(separator: "_")) else { return nil }
    self.platform = platform
  }

  /// `311` and `3.11.7` as versions.
  private static func version(digits: Substring) -> Version? {
    if digits.contains(".") { return Version(String(digits)) }
    guard digits.count >= 2, digits.allSatisfy(\.isNumber) else { return nil }
    return Version("\(digits.prefix(1)).\(digits.dropFirst())")
  }
}
