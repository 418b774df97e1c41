internal import Diagnostics
internal import DirectoryTrust
internal import Glibc
public import SystemSupport

/// Checks of directories: free space, kind of file system, and who can change them.
public enum StorageChecks {
  /// File systems whose locks or renames other machines share (statfs(2)).
  static let remote: [UInt32: String] = [
    0x6969: "NFS", 0xFF53_4D42: "CIFS", 0xFE53_4D42: "SMB2", 0x517B: "SMB", 0x0102_1997: "9P", 0x00C3_6400: "Ceph",
    0x6573_5546: "FUSE", 0x0BD0_0BD0: "Lustre", 0x4750_4653: "GPFS",
  ]
  static let overlay: UInt32 = 0x794C_7630

  /// Whether a directory is on a local disk with room.
  ///
  /// - Parameter needed: bytes that should be free.
  public static func space(_ subject: String, _ directory: FilePath, needed: Int) throws(SystemCallError) -> Finding {
    let existing = try nearest(directory)
    let file = try FileSystem.open(existing, .readOnly, options: .directory)
    let kind = FileSystem.fileSystemType(of: file)
    FileSystem.close(file)
    if let name = remote[kind] {
      return Finding(
        subject, .problem,
        "\"\(directory)\" is on \(name); file locks and renames can differ from those of a local disk",
        remedies: ["use a directory on a local disk"])
    }
    var facts = statvfs()
    guard existing.withPlatformString({ statvfs($0, &facts) }) == 0 else {
      throw SystemCallError("statvfs", existing, Errno(rawValue: errno))
    }
    let free = Int(facts.f_bavail) * Int(facts.f_frsize)
    let text = ByteSize.text(Int64(free))
    if free < needed {
      return Finding(
        subject, free < needed / 8 ? .problem : .warning,
        "\(text) is free for \"\(directory)\"; \(ByteSize.text(Int64(needed))) is advisable",
        remedies: ["free space on that file system", "use a directory on another disk"])
    }
    if facts.f_files > 0, facts.f_favail < 10_000 {
      return Finding(
        subject, .warning, "the file system of \"\(directory)\" has room for only \(facts.f_favail) more files",
        remedies: ["remove files, or create the file system with more inodes"])
    }
    return Finding(subject, .good, "\"\(directory)\" is local, and \(text) is free")
  }

  /// The enforcement of a task's disk limit on this machine: by a separate file system, or only by sampling.
  ///
  /// - Parameter isRoot: whether the scheduler would run as root.
  public static func diskLimit(_ host: HostFiles, isRoot: Bool) throws(SystemCallError) -> Finding {
    let subject = "disk limits"
    let kinds = try host.text("/proc/filesystems") ?? ""
    let names = Set(kinds.split(separator: "\n").compactMap { $0.split(separator: "\t").last.map(String.init) })
    let hasLoop = FileSystem.exists(host.path("/dev/loop-control"))
    guard isRoot else {
      return Finding(
        subject, .warning, "only root can mount a file system for each task, so that disk use is sampled",
        remedies: ["run the scheduler as root"])
    }
    var ways: [String] = []
    if names.contains("tmpfs") { ways.append("tmpfs for small tasks") }
    if hasLoop, names.contains("ext4") { ways.append("loop files for larger ones") }
    if ways.count == 2 { return Finding(subject, .good, ways.joined(separator: ", ")) }
    return Finding(
      subject, .warning,
      ways.isEmpty ? "neither tmpfs nor loop devices exist, so that disk use is sampled" : "only \(ways[0])",
      remedies: ["give this machine or container /dev/loop-control and the file system ext4"])
  }

  /// Whether only this user can read and change a private directory or file that exists.
  ///
  /// - Parameter isPassable: whether other users can enter the directory to reach its open contents.
  public static func privacy(
    _ subject: String, _ path: FilePath, isPassable: Bool = false
  ) throws(SystemCallError) -> Finding {
    guard let status = try FileSystem.statusIfPresent(of: path) else {
      return Finding(subject, .good, "\"\(path)\" does not exist yet")
    }
    if status.owner != geteuid() {
      return Finding(
        subject, .problem, "user id \(status.owner) owns \"\(path)\", not this user",
        remedies: ["run `kilt doctor` as the user that runs the scheduler", "run `chown` as root"])
    }
    let mode = status.kind == .directory ? isPassable ? "0711" : "0700" : "0600"
    if status.permissions & (isPassable ? 0o066 : 0o077) != 0 {
      return Finding(
        subject, .problem, "other users can use \"\(path)\": its mode is 0\(String(status.permissions, radix: 8))",
        remedies: ["run `chmod \(mode) \(path)`"])
    }
    return Finding(subject, .good, "only this user can use \"\(path)\"")
  }

  /// Whether another user could have changed the programs in a cache.
  public static func trust(
    _ subject: String, _ directory: FilePath, variable: String
  ) throws(SystemCallError) -> Finding {
    guard let refusal = try DirectoryTrust.refusal(of: directory, variable: variable) else {
      return Finding(subject, .good, "only this user and root can change \"\(directory)\"")
    }
    let diagnostic = refusal.diagnostic
    return Finding(
      subject, .problem, diagnostic.notes.first ?? diagnostic.summary, remedies: diagnostic.remedies)
  }

  private static func nearest(_ path: FilePath) throws(SystemCallError) -> FilePath {
    var existing = path
    while try FileSystem.statusIfPresent(of: existing, followingLinks: true) == nil {
      let parent = existing.removingLastComponent()
      existing = parent.isEmpty ? "." : parent
    }
    return existing
  }
}
