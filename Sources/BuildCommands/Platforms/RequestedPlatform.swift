internal import Diagnostics
internal import PythonPackaging

/// A platform that `kilt package --platform` names: bundles are packed for it without running it.
public struct RequestedPlatform: Sendable, Hashable {
  /// As written: `linux_aarch64@3.12`.
  public let text: String

  /// - Throws: `Diagnostic` for a text that is not a platform.
  public init(_ text: String) throws {
    guard text == "current" || PythonPlatformName(text) != nil else {
      let known = [
        "linux_x86_64", "linux_aarch64", "macos_arm64", "macos_x86_64", "musllinux_1_2_x86_64", "musllinux_1_2_aarch64",
      ]
      let near = Suggestions.remedy(for: String(text.prefix { $0 != "@" }), among: known)
      throw Diagnostic(
        .input, "unknown platform \"\(text)\" in --platform",
        remedies: (near.map { [$0] } ?? []) + [
          "write \"linux_x86_64\", \"linux_aarch64@3.12\", \"macos_arm64\", \"manylinux_2_28_x86_64\" or \"current\""
        ])
    }
    self.text = text
  }

  /// Its part of a bundle's name; nil for this machine, which has another one.
  var fileName: String? {
    text == "current" ? nil : String(text.map { $0 == "@" ? "-" : $0 })
  }
}
