import SystemSupport

/// A link of an archive, to be replaced by a copy of its target. Both paths are relative to the directory.
struct ArchiveCopy {
  var path: String
  /// Empty for the directory itself.
  var source: String
}

extension ArchiveReader {
  /// Puts copies in the place of links, after all files have been written: through no link can a file get elsewhere.
  ///
  /// Links to files come first, also to those that other links become; then links to directories.
  ///
  /// - Returns: the paths of all files.
  func copy(
    _ links: [ArchiveCopy], of files: [String], in directory: FilePath, allowed: Int64, total: Int64, count: Int
  ) throws(ArchiveError) -> [String] {
    var (files, total, count) = (files, total, count)
    var known = Set(files)
    func add(_ source: String, as path: String) throws(ArchiveError) {
      let (from, to) = (FilePath("\(directory)/\(source)"), FilePath("\(directory)/\(path)"))
      let status: FileStatus
      do throws(SystemCallError) { status = try FileSystem.status(of: from) } catch { throw .file(error) }
      (total, count) = (total + status.size, count + 1)
      guard total <= allowed, count <= limits.entries else {
        throw .refused(self.path, entry: path, reason: "copies in the place of its links exceed the limits")
      }
      do throws(SystemCallError) {
        try FileSystem.createDirectories(to.removingLastComponent())
        try FileSystem.copyFile(from, to: to, permissions: status.isExecutable ? 0o755 : 0o644)
        try FileSystem.setModificationTime(status.modificationTime, of: to)
      } catch {
        throw .file(error)
      }
      known.insert(path)
      files.append(path)
    }
    var rest = links
    while true {
      let ready = rest.filter { known.contains($0.source) }
      if ready.isEmpty { break }
      rest.removeAll { known.contains($0.source) }
      for link in ready where !known.contains(link.path) { try add(link.source, as: link.path) }
    }
    for link in rest {
      let prefix = link.source.isEmpty ? "" : link.source + "/"
      for file in files where file.hasPrefix(prefix) {
        let path = link.path + "/" + file.dropFirst(prefix.count)
        if !known.contains(path) { try add(file, as: path) }
      }
    }
    return files
  }
}
