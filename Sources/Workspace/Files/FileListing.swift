internal import BuildFiles
internal import Glibc
internal import SystemPackage
internal import SystemSupport

/// The current contents of one directory.
struct FileListing: Sendable {
  struct File: Sendable {
    var name: String
    var stat = StatTuple()
    var isLink = false
    /// It is not a file of the workspace; see ``FileRow/hidden``.
    var isHidden = false
    /// The target of a link to a directory, from the workspace root.
    var destination: String?
  }

  /// The facts of the directory before it was read.
  var stat = StatTuple()
  /// By name.
  var files: [File] = []
  /// The names of directories that are not ignored, sorted.
  var directories: [String] = []
  /// The ignore rules that hold in it.
  var scope: IgnoreScope
  /// Whether the directory could be read.
  var isReadable = true
  /// Whether names were left out because they are not UTF-8.
  var hasUnnamable = false
  /// Whether its `.gitignore` is the one whose rules were read.
  private var areRulesSettled = true

  /// Reads one directory and sorts what is in it; nil when it is not there.
  ///
  /// Links to files are files; links to directories are not followed. Names that are not UTF-8 are left out, as no target
  /// could name them; ``FileTable/unnamable(root:)`` lists them.
  static func read(
    _ path: String, root: CInt, scope above: IgnoreScope, ignoringInode: Bool
  ) -> FileListing? {
    // Rules that are edited or removed while the directory is read: what was left out by them and the file of which the
    // next run would know that it has changed must belong together.
    for _ in 0..<16 {
      let listing = attempt(path, root: root, scope: above, ignoringInode: ignoringInode)
      if listing?.areRulesSettled ?? true { return listing }
    }
    // Its contents do not count; the next run checks it again, because its times are current.
    var status = Glibc.stat()
    guard fstatat(root, path.isEmpty ? "." : path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
    var listing = FileListing(scope: above)
    listing.stat = StatTuple.ofDirectory(status, ignoringInode: ignoringInode)
    listing.isReadable = false
    return listing
  }

  private static func attempt(
    _ path: String, root: CInt, scope above: IgnoreScope, ignoringInode: Bool
  ) -> FileListing? {
    var status = Glibc.stat()
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    let descriptor = openat(root, path.isEmpty ? "." : path, flags)
    guard descriptor >= 0 else {
      guard errno == EACCES, fstatat(root, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
      var listing = FileListing(scope: above)
      listing.stat = StatTuple.ofDirectory(status, ignoringInode: ignoringInode)
      listing.isReadable = false
      return listing
    }
    guard fstat(descriptor, &status) == 0, let directory = fdopendir(descriptor) else {
      Glibc.close(descriptor)
      return nil
    }
    defer { closedir(directory) }
    var listing = FileListing(scope: above)
    listing.stat = StatTuple.ofDirectory(status, ignoringInode: ignoringInode)
    var names: [String] = []
    var unnamable: [(name: String, isDirectory: Bool)] = []
    while let entry = readdir(directory) {
      guard let name = name(of: entry) else {
        let kind = Int(entry.pointee.d_type)
        let isKnown = [DT_REG, DT_DIR, DT_LNK, DT_UNKNOWN].contains { Int($0) == kind }
        if isKnown { unnamable.append((repairedName(of: entry), kind == Int(DT_DIR))) }
        continue
      }
      if name == "." || name == ".." { continue }
      switch Int(entry.pointee.d_type) {
      case Int(DT_REG): listing.files.append(File(name: name))
      case Int(DT_DIR): names.append(name)
      case Int(DT_LNK): listing.files.append(File(name: name, isLink: true))
      case Int(DT_UNKNOWN):
        guard fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
        switch status.st_mode & S_IFMT {
        case S_IFREG: listing.files.append(File(name: name))
        case S_IFDIR: names.append(name)
        case S_IFLNK: listing.files.append(File(name: name, isLink: true))
        default: continue
        }
      default: continue
      }
    }
    let hasRules = listing.files.contains { $0.name == ".gitignore" }
    let read = hasRules ? readRules(descriptor) : nil
    if let rules = read?.rules { listing.scope = IgnoreScope(parent: above, directory: path, rules: rules) }
    let scope = listing.scope
    listing.hasUnnamable = unnamable.contains { entry in
      !scope.isIgnored(path: Paths.join(path, entry.name), name: entry.name, isDirectory: entry.isDirectory)
    }
    listing.settle(path, names, descriptor, ignoringInode: ignoringInode)
    if hasRules {
      let rules = listing.files.first { $0.name == ".gitignore" }
      let stat = read.map { StatTuple($0.status, ignoringInode: ignoringInode) }
      listing.areRulesSettled = rules.map { stat == nil ? !$0.stat.isFile : stat == $0.stat } ?? false
    }
    return listing
  }

  /// Omits ignored names, and examines the others.
  private mutating func settle(
    _ path: String, _ names: [String], _ descriptor: CInt, ignoringInode: Bool
  ) {
    let scope = scope
    files = files.compactMap { file in
      var file = file
      if scope.isIgnored(path: Paths.join(path, file.name), name: file.name, isDirectory: false) {
        guard file.name == ".gitignore" else { return nil }
        file.isHidden = true
      }
      var status = Glibc.stat()
      if fstatat(descriptor, file.name, &status, 0) == 0 {
        file.stat = StatTuple(status, ignoringInode: ignoringInode)
      }
      // A dangling link or a link to a directory can become a link to a file without a change of this directory.
      if !file.stat.isFile {
        guard file.isLink else { return nil }
        file.isHidden = true
        if file.stat.isDirectory { file.destination = Self.destination(of: file.name, in: path, descriptor) }
      }
      return file
    }
    files.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    directories = names.filter { !scope.isIgnored(path: Paths.join(path, $0), name: $0, isDirectory: true) }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The target of a link in a directory, from the workspace root; nil if it is outside, or an absolute path.
  private static func destination(of name: String, in directory: String, _ descriptor: CInt) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlinkat(descriptor, name, &buffer, buffer.count)
    guard count > 0, count < buffer.count else { return nil }
    let bytes = buffer[..<count].map { UInt8(bitPattern: $0) }
    guard let text = String(validating: bytes, as: UTF8.self), !text.hasPrefix("/") else { return nil }
    return Paths.normalized(Paths.join(directory, text))
  }

  private static func name(of entry: UnsafeMutablePointer<dirent>) -> String? {
    withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }

  /// A name that is not UTF-8, for ignore rules and messages.
  private static func repairedName(of entry: UnsafeMutablePointer<dirent>) -> String {
    withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// The rules of the `.gitignore` in a directory, and what was said of it before it was read.
  static func readRules(_ directory: CInt) -> (rules: IgnoreRules, status: stat)? {
    var status = Glibc.stat()
    // By its name, as when it is listed: what stands between this process and the kernel may tell an open file otherwise.
    guard fstatat(directory, ".gitignore", &status, 0) == 0 else { return nil }
    let descriptor = openat(directory, ".gitignore", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return (IgnoreRules(text: ""), status) }  // One that may not be read says nothing.
    defer { Glibc.close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return (IgnoreRules(text: String(decoding: bytes, as: UTF8.self)), status)
  }
}
