public import Diagnostics
internal import Digests
internal import SystemSupport

/// Says once after each change which options of a `pants.toml` are not followed.
public struct PantsOptionReport {
  private let workspace: Workspace

  public init(_ workspace: Workspace) { self.workspace = workspace }

  /// The warning, if it differs from the last run's; nil if there is nothing new.
  ///
  /// If the state directory cannot be written, each run prints the warning, which is harmless.
  public func unseen() throws -> Diagnostic? {
    let file = workspace.stateDirectory.path.appending("pants-options")
    guard let warning = workspace.configuration.pantsOptionsWarning else {
      // An earlier warning is printed again when it returns.
      if FileSystem.exists(file) { try? FileSystem.removeFile(file) }
      return nil
    }
    // Without locations: a line that is added above changes nothing.
    let said = workspace.configuration.pantsNotices.map { "\($0.scope) \($0.option) \($0.effect)\n" }.joined()
    let digest = SHA256Digest.of(said).hex
    if let last = try? FileSystem.readText(file), last == digest + "\n" { return nil }
    do throws(SystemCallError) {
      try workspace.stateDirectory.create()
      try FileSystem.write(text: digest + "\n", to: file)
    } catch {
      if error.isNoSpace { throw error }
    }
    return warning
  }
}
