internal import Diagnostics
public import Digests
public import SystemSupport

/// A program of this machine that actions use: found by name, distinguished by the digest of its file.
public struct ActionTool: Sendable, Hashable {
  /// The name it has on the action's `PATH`.
  public var name: String
  /// The program.
  public var path: FilePath
  /// The digest of the program's file, and of everything else that distinguishes versions.
  public var digest: SHA256Digest
  /// Directories that it needs besides the system's, such as an interpreter's prefix.
  public var folders: [FilePath]

  public init(name: String, path: FilePath, digest: SHA256Digest, folders: [FilePath] = []) {
    self.name = name
    self.path = path
    self.digest = digest
    self.folders = folders
  }

  /// Finds a program on the `PATH`, besides the `further` directories, and hashes its file.
  ///
  /// Skips shims of version managers: the program that a shim starts depends on the directory it starts in.
  /// - Throws: `Diagnostic` if it is not found, `SystemCallError`.
  public static func find(_ name: String, further: [String] = [], for purpose: String) throws -> ActionTool {
    let inherited = (environmentVariable("PATH") ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":").map(
      String.init)
    let folders = (further + inherited).filter { !$0.hasSuffix("/shims") && $0.hasPrefix("/") }
    guard !name.contains("/"),
      let path = Subprocess.find(name, environment: ["PATH=" + folders.joined(separator: ":")])
    else {
      throw Diagnostic(
        .environment, "\(purpose) needs the program \"\(name)\", which was not found",
        notes: ["looked in " + folders.joined(separator: ", ")], remedies: ["install it, or add its directory to PATH"])
    }
    let real = try FileSystem.canonicalPath(path)
    let isOfSystem = ["/usr/", "/bin/", "/sbin/"].contains { path.string.hasPrefix($0) && real.string.hasPrefix($0) }
    return ActionTool(
      name: name, path: path, digest: try SHA256Digest.ofFile(real).digest,
      folders: isOfSystem ? [] : [path.removingLastComponent(), real.removingLastComponent()])
  }
}
