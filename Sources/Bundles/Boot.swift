import Digests
import Zip

/// The script in front of a bundle and the Python code that unpacks it: files of `Boot/`, part of this executable.
enum Boot {
  /// The members of the boot code, in their order.
  static let members: [(name: String, bytes: [UInt8])] = [
    ("__main__.py", PackageResources.main_py),
    (".bootstrap/kilt_boot.py", PackageResources.kilt_boot_py),
    (".bootstrap/kilt_main.py", PackageResources.kilt_main_py),
    (".bootstrap/kilt_run.py", PackageResources.kilt_run_py),
  ]

  /// The digest of all boot code: part of a bundle's identity.
  static let digest: SHA256Digest = {
    var hasher = SHA256Hasher()
    hasher.update(PackageResources.prefix_sh)
    for (name, bytes) in members {
      hasher.update("\(name) \(bytes.count)\n")
      hasher.update(bytes)
    }
    return hasher.digest()
  }()

  /// The `#!` script of a bundle. Its length does not depend on the identity.
  static func prefix(name: String, id: String, constraints: [String], pythons: SupportedPythons) -> [UInt8] {
    var text = String(decoding: PackageResources.prefix_sh, as: UTF8.self)
    let ranges = pythons.ranges.map { "((3, \($0.minor), \($0.first)), (3, \($0.minor), \($0.last)))," }
    let values: [(String, String)] = [
      ("@NAMES@", pythons.minors.map { "python3.\($0)" }.joined(separator: ":")),
      ("@RANGES@", "(" + ranges.joined(separator: " ") + ")"),
      ("@CONSTRAINTS@", describe(constraints, minors: pythons.minors)),
      ("@ID@", id),
      // In a comment: no newline may get in.
      ("@NAME@", String(name.unicodeScalars.filter { $0.value >= 32 }.map(Character.init))),
    ]
    for (placeholder, value) in values { text = replace(placeholder, in: text, by: value) }
    return Array(text.utf8)
  }

  /// The constraints for people, in characters that are safe inside double quotes of a shell.
  static func describe(_ constraints: [String], minors: [Int]) -> String {
    let safe = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,<>=!~*[]_- ")
    let asked = constraints.map { $0.filter { safe.contains($0) } }.joined(separator: " or ")
    let versions = minors.reversed().map { "3.\($0)" }.joined(separator: ", ")
    return asked.isEmpty ? "CPython \(versions)" : "\(asked) (with its wheels: \(versions))"
  }

  private static func replace(_ placeholder: String, in text: String, by value: String) -> String {
    var result = ""
    var rest = text[...]
    while let start = rest.firstIndex(of: "@") {
      if rest[start...].hasPrefix(placeholder) {
        result += rest[..<start] + value
        rest = rest[start...].dropFirst(placeholder.count)
      } else {
        result += rest[...start]
        rest = rest[start...].dropFirst()
      }
    }
    return result + rest
  }
}
