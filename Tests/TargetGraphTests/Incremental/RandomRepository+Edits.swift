import SystemSupport

/// Edits of files and directories.
extension RandomRepository {
  /// The files of the workspace, by path; those with names that are not UTF-8 are not among them.
  func files() throws -> [String] {
    var found: [String] = []
    func walk(_ path: FilePath, _ relative: String) throws {
      for entry in try FileSystem.list(path)
      where entry.isValidName && entry.name != ".kilt" && entry.name != ".git" && entry.name != ".hg" {
        let inner = relative.isEmpty ? entry.name : relative + "/" + entry.name
        if entry.kind == .directory { try walk(path.appending(entry.name), inner) } else { found.append(inner) }
      }
    }
    try walk(root, "")
    return found.sorted()
  }

  func write(_ path: String, _ text: String) throws {
    let full = root.appending(path)
    try FileSystem.createDirectories(full.removingLastComponent())
    // An earlier edit may have put a directory there, or a link to one, or to nothing.
    if try kind(of: path) == .symbolicLink, try !canBeWrittenThrough(full) { try FileSystem.removeFile(full) }
    if try FileSystem.statusIfPresent(of: full, followingLinks: true)?.kind == .directory { return }
    // In place, as most editors do not: the inode stays.
    let file = try FileSystem.open(full, .writeOnly, options: [.create, .truncate])
    defer { FileSystem.close(file) }
    try FileSystem.write(Array(text.utf8), to: file)
  }

  /// Whether a file can be opened, or made, where a link leads: not where it leads in a circle, into a directory that is
  /// not there, or out of the workspace, as a relative link may that was moved.
  private func canBeWrittenThrough(_ link: FilePath) throws -> Bool {
    var path = link
    for _ in 0..<40 {
      guard try FileSystem.statusIfPresent(of: path)?.kind == .symbolicLink else { return true }
      let target = try FileSystem.readLink(path)
      let next = target.isAbsolute ? target : path.removingLastComponent().appending(target.string)
      let directory = next.removingLastComponent()
      do throws(SystemCallError) {
        let canonical = try FileSystem.canonicalPath(directory)
        guard canonical.starts(with: root), let name = next.lastComponent, name.kind == .regular else { return false }
        path = canonical.appending(name)
      } catch {
        // The directory is not there, or is none.
        return false
      }
    }
    return false
  }

  private func removeLink(_ path: String) throws {
    if try kind(of: path) == .symbolicLink { try FileSystem.removeFile(root.appending(path)) }
  }

  private func kind(of path: String) throws -> FileStatus.Kind? {
    try FileSystem.statusIfPresent(of: root.appending(path))?.kind
  }

  /// Whether the workspace would be none without this file.
  private func isNeeded(_ file: String) -> Bool { file == "kilt.toml" || file == "pants.toml" }

  func writeSource() throws {
    let path = path()
    note("write \(path)")
    try removeLink(path)
    try write(path, source())
  }

  func writeBuildFile() throws {
    let directory = random.pick(Self.directories)
    let name = random.chance(10) ? "/BUILD.more" : "/BUILD"
    note("\(directory)\(name)")
    try write(directory + name, name == "/BUILD" ? build(directory) : "target(name=\"more\(random.below(2))\")\n")
  }

  func delete(_ file: String) throws {
    guard !isNeeded(file) else { return }
    note("delete \(file)")
    try FileSystem.removeFile(root.appending(file))
  }

  func rename(_ file: String, to path: String) throws {
    guard !isNeeded(file), path != file, try kind(of: path) != .directory else { return }
    note("rename \(file) to \(path)")
    try FileSystem.createDirectories(root.appending(path).removingLastComponent())
    try FileSystem.rename(root.appending(file), to: root.appending(path))
  }

  func changeMode(of file: String) throws {
    guard try kind(of: file) == .file else { return }
    note("mode of \(file)")
    try FileSystem.setPermissions(random.chance(50) ? 0o755 : 0o644, of: root.appending(file))
  }

  func link(_ path: String, to file: String) throws {
    guard path != file, try kind(of: path) != .directory else { return }
    note("link \(path) to \(file)")
    try FileSystem.removeFile(root.appending(path))
    try FileSystem.createDirectories(root.appending(path).removingLastComponent())
    let name = random.chance(20) ? "nowhere.py" : random.chance(20) ? "lib" : file
    // Relative or absolute: only the former may be named in an address.
    let up = path.split(separator: "/").dropLast().map { _ in "../" }.joined()
    let target = random.chance(50) ? FilePath(up + name) : root.appending(name)
    try FileSystem.createSymbolicLink(at: root.appending(path), to: target)
  }

  func editMacros() throws {
    note("macros")
    try write("macros.star", macros(random.below(3)))
  }

  func editLoadedFile() throws {
    let file = random.pick(["defs.star", "base.star"])
    note("loaded file \(file)")
    try write(file, file == "defs.star" ? loaded(random.below(3)) : "BASE = \"b\(random.below(3))\"\n")
  }

  func editLockfile() throws {
    let lock = random.pick(["lib/one.lock", "two.lock"])
    note("lockfile \(lock)")
    if random.chance(40), try kind(of: lock) != .directory {
      try FileSystem.removeFile(root.appending(lock))
    } else {
      try write(lock, random.pick(["{}\n", "{ }\n"]))
    }
  }

  func touch(_ file: String) throws {
    guard try kind(of: file) == .file else { return }
    note("touch \(file)")
    try FileSystem.touch(root.appending(file))
  }

  /// Changes a file and puts its modification time back, as `cp -p` and `tar -x` do.
  func editKeepingTimes(_ file: String) throws {
    guard try kind(of: file) == .file, !isNeeded(file) else { return }
    note("change \(file), keeping its times")
    let full = root.appending(file)
    let time = try FileSystem.status(of: full).modificationTime
    let name = FilePath(file).lastComponent?.string ?? ""
    try write(file, name == "BUILD" ? build("") : name.hasSuffix(".py") ? source() : "requests\n")
    try FileSystem.setModificationTime(time, of: full)
  }

  /// Gives a file a time of long ago, or of tomorrow.
  func setTime(of file: String) throws {
    guard try kind(of: file) == .file else { return }
    note("time of \(file)")
    let day: Int64 = 86_400_000_000_000
    let time = random.chance(50) ? day : wallClockNanoseconds() + day
    try FileSystem.setModificationTime(time, of: root.appending(file))
  }

  func editRequirements() throws {
    let directory = random.pick(Self.directories)
    note("requirements of \(directory)")
    try write(directory + "/requirements.txt", random.pick(["requests\n", "PyYAML\nrequests==2\n", "", "click\n"]))
  }

  func editIgnoreRules() throws {
    let path = random.pick(["", "a/", "lib/"]) + ".gitignore"
    note(path)
    try write(path, random.pick(["", "q.py\n", "new/\n", "*.txt\n!data.txt\n", ".gitignore\n", "b/\n"]))
  }

  func renameDirectory() throws {
    let (from, to) = (random.pick(Self.directories), random.pick(Self.directories))
    let target = root.appending(to)
    guard FileSystem.exists(root.appending(from)), !FileSystem.exists(target), !to.hasPrefix(from + "/") else { return }
    note("rename the directory \(from) to \(to)")
    try FileSystem.createDirectories(target.removingLastComponent())
    try FileSystem.rename(root.appending(from), to: target)
  }

  /// A package's file that is blank counts for less.
  func blank() throws {
    let path = random.pick(Self.directories) + "/__init__.py"
    note("blank or not: \(path)")
    try removeLink(path)
    try write(path, random.chance(50) ? "" : "import os\n")
  }

  /// Another content of the same size.
  func changeKeepingSize() throws {
    let path = random.pick(Self.directories) + "/m.py"
    note("same size: \(path)")
    try removeLink(path)
    try write(path, random.pick(["import lib.x.m\n", "import lib.x.n\n", "import lib.x.o\n"]))
  }

  /// Puts another file in the place of one, as editors do.
  func replace(_ file: String) throws {
    guard file.hasSuffix(".py"), try kind(of: file) == .file else { return }
    note("replace \(file)")
    try FileSystem.write(text: source(), to: root.appending(file))
  }

  /// Two files change places, with their times.
  func swap(_ first: String, _ second: String) throws {
    guard first != second, !isNeeded(first), !isNeeded(second) else { return }
    note("swap \(first) and \(second)")
    let aside = root.appending(first + ".aside")
    try FileSystem.rename(root.appending(first), to: aside)
    try FileSystem.rename(root.appending(second), to: root.appending(first))
    try FileSystem.rename(aside, to: root.appending(second))
  }

  func replaceByDirectory(_ file: String) throws {
    guard file.hasSuffix(".py"), try kind(of: file) == .file else { return }
    note("\(file) becomes a directory")
    try FileSystem.removeFile(root.appending(file))
    try write(file + "/m.py", source())
  }

  func editConfiguration() throws {
    let version = random.below(6)
    note("configuration \(version)")
    try write("kilt.toml", configuration(version))
  }

  func editPlugin() throws {
    note("plugin")
    try write("plugins/register.py", plugin(random.below(2)))
  }

  func markSourceRoot() throws {
    let path = random.pick(["lib", "a", "d"]) + "/ROOT"
    note("source root or not: \(path)")
    if try kind(of: path) == nil { try write(path, "") } else { try FileSystem.removeTree(root.appending(path)) }
  }
}
