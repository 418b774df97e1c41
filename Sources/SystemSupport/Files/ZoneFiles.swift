/// The time zone files of this machine (tzdata).
public enum ZoneFiles {
  /// The usual directories of zone files: `TZDIR`, and the system's.
  private static let directories = [
    environmentVariable("TZDIR"), "/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/etc/zoneinfo",
  ].compactMap { $0 }.filter { !$0.isEmpty }

  /// Whether this machine has any zone files: containers often have none.
  public static var arePresent: Bool {
    directories.contains { FileSystem.exists(FilePath($0).appending("Etc/UTC")) }
  }

  /// The contents of a zone's file; nil if there is none of that name.
  ///
  /// - Parameter name: letters, digits, `_`, `-`, `+` and `/`, such as `Europe/Berlin`.
  /// - Throws: `SystemCallError` for a file that cannot be read.
  public static func read(_ name: String) throws(SystemCallError) -> [UInt8]? {
    for directory in directories {
      let path = FilePath(directory).appending(name)
      if FileSystem.exists(path) { return try FileSystem.read(path) }
    }
    return nil
  }
}
