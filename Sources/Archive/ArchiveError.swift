public import Diagnostics
public import SystemSupport

/// Why an archive cannot be read or written.
public enum ArchiveError: DiagnosableError, Hashable {
  /// libarchive is not on this machine.
  case libraryMissing(String)
  /// Not an archive, or a damaged one.
  case damaged(FilePath, String)
  /// An entry that must not be unpacked.
  case refused(FilePath, entry: String, reason: String)
  case cannotWrite(FilePath, String)
  case file(SystemCallError)

  public var diagnostic: Diagnostic {
    switch self {
    case .libraryMissing(let reason):
      Diagnostic(
        .environment, "no archives without libarchive", notes: [reason],
        remedies: ["install it: apt-get install libarchive13 (Debian, Ubuntu), dnf install libarchive (Fedora)"])
    case .damaged(let path, let reason):
      Diagnostic(.input, "cannot read the archive \"\(path)\"", notes: [reason], remedies: ["get the archive again"])
    case .refused(let path, let entry, let reason):
      Diagnostic(
        .input, "the archive \"\(path)\" is not safe to unpack: \(reason)", notes: ["entry: \(Self.shown(entry))"],
        remedies: ["do not use this archive"])
    case .cannotWrite(let path, let reason):
      Diagnostic(.environment, "cannot write the archive \"\(path)\"", notes: [reason])
    case .file(let error): Diagnostic(.environment, error.description)
    }
  }

  private static func shown(_ text: String) -> String {
    let plain = text.unicodeScalars.prefix(160).map { $0.value < 32 || $0.value == 127 ? "?" : Character($0) }
    return "\"" + String(plain) + "\""
  }
}
