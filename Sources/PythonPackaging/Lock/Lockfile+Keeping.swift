extension Lockfile {
  /// This lockfile with the files of an older one for the same versions, if nothing is missing then: a new wheel of an
  /// unchanged version is a change that nobody asked for.
  ///
  /// All files count if the lockfiles are for other Pythons or platforms, for upgraded packages, if a file is gone or
  /// has other contents, and if the new files fit a platform that the old ones do not.
  ///
  /// - Throws: ``LockError`` for a lockfile whose platforms cannot be read.
  func keepingFiles(of old: Lockfile, upgrading: Set<PackageName>) throws -> Lockfile {
    guard old.format == .kilt, old.requiresPython.description == requiresPython.description, old.platforms == platforms
    else { return self }
    let known = Dictionary(grouping: old.packages, by: \.name)
    var kept = self
    for index in packages.indices where !upgrading.contains(packages[index].name) {
      let package = packages[index]
      let before = (known[package.name] ?? []).filter { $0.version == package.version && $0.source == package.source }
      guard before.count == 1, let files = before.first?.files, files.contains(where: { $0.wheel != nil }),
        Set(files).isSubset(of: package.files),
        // A source archive is there only now where rules have changed.
        package.files.allSatisfy({ $0.wheel != nil || files.contains($0) })
      else { continue }
      kept.packages[index].files = files
    }
    let lacking = Set(try kept.gaps(path: "").map(\.package)).subtracting(try gaps(path: "").map(\.package))
    for index in packages.indices where lacking.contains(packages[index].title) {
      kept.packages[index].files = packages[index].files
    }
    return kept
  }
}
