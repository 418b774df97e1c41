public import Diagnostics
internal import Snapshot
public import SystemPackage
internal import SystemSupport

extension FileTable {
  /// A warning about files and directories whose names are not UTF-8: they are left out of everything; nil where there are
  /// none.
  ///
  /// - Parameter root: the workspace's root, whose directories are read again for the names.
  public func unnamable(root: FilePath) -> Diagnostic? {
    let directories = allDirectories.filter { state.directories[$0.index].flags & DirectoryRow.unnamable != 0 }
    if directories.isEmpty { return nil }
    var paths: [String] = []
    for directory in directories {
      let path = path(of: directory)
      do throws(SystemCallError) {
        for entry in try FileSystem.list(path.isEmpty ? root : root.appending(path))
        where !entry.isValidName && entry.kind != .other {
          paths.append(path.isEmpty ? entry.name : path + "/" + entry.name)
        }
      } catch {
        // It has gone since, or may not be read now: that names were left out is still true.
        paths.append(path + "/…")
      }
    }
    let shown =
      paths.sorted().prefix(Self.shownNames).map { "\"\($0)\"" } + (paths.count > Self.shownNames ? ["…"] : [])
    return Diagnostic(
      .input, "left out \(paths.count == 1 ? "a name that is" : "\(paths.count) names that are") not UTF-8",
      notes: ["the names, with � for other bytes: " + shown.joined(separator: ", ")],
      remedies: [
        "rename them: no target can contain them",
        "list them in `.gitignore` or in `ignore` of `[workspace]` in kilt.toml to leave them out without this warning",
      ])
  }

  private static let shownNames = 5
}
