public import Diagnostics
public import SystemSupport

/// The error for a directory of programs that another user could have changed.
public struct UntrustedDirectory: DiagnosableError, Hashable {
  /// The directory that was to be used.
  public var directory: FilePath
  public var writer: ForeignWriter
  /// The environment variable that names another directory.
  public var variable: String

  public init(directory: FilePath, writer: ForeignWriter, variable: String) {
    self.directory = directory
    self.writer = writer
    self.variable = variable
  }

  public var diagnostic: Diagnostic {
    let (fact, remedy) =
      switch writer.reason {
      case .owner(let id):
        (
          "user id \(id) owns \"\(writer.path)\"",
          "run `chown \(DirectoryTrust.user) \(writer.path)` as root, if you know every file in it"
        )
      case .everyone: ("every user can write to \"\(writer.path)\"", "run `chmod o-w \(writer.path)`")
      case .group(let id):
        ("members of group id \(id) can write to \"\(writer.path)\"", "run `chmod g-w \(writer.path)`")
      case .accessList:
        ("users of its access list can write to \"\(writer.path)\"", "run `setfacl -b \(writer.path)`")
      }
    return Diagnostic(
      .environment, "cannot use \"\(directory)\": another user could have changed the programs in it", notes: [fact],
      remedies: [
        remedy, "set `\(variable)` to a directory that only you can write to",
        "if you trust those users, add the directory to `\(Self.exemptions)`",
      ])
  }

  /// The environment variable that lists trusted directories: absolute paths, separated by colons.
  public static let exemptions = "KILT_TRUSTED_DIRECTORIES"

}

extension DirectoryTrust {
  /// Refuses a directory of programs that another user could have changed.
  ///
  /// - Parameters:
  ///   - directory: the directory; it does not have to exist yet.
  ///   - variable: the environment variable that names another directory, for the message.
  /// - Returns: the refusal; nil if the directory is trusted, or is in or below one of `KILT_TRUSTED_DIRECTORIES`.
  /// - Throws: the errors of stat(2) for a directory that exists.
  public static func refusal(
    of directory: FilePath, variable: String, environment: (String) -> String? = environmentVariable
  ) throws(SystemCallError) -> UntrustedDirectory? {
    guard let writer = try foreignWriter(of: directory) else { return nil }
    let trusted = (environment(UntrustedDirectory.exemptions) ?? "").split(separator: ":").map { FilePath(String($0)) }
    if trusted.contains(where: { $0.isAbsolute && directory.starts(with: $0) }) { return nil }
    return UntrustedDirectory(directory: directory, writer: writer, variable: variable)
  }
}
