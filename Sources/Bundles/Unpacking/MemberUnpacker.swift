import Glibc
import Synchronization
import SystemSupport
import Zip

/// Writes members of an archive to files, on all processors.
struct MemberUnpacker: Sendable {
  let archive: ZipArchive
  /// Whether files have the modes 0644 and 0755 whatever the umask. Otherwise the umask can remove more bits.
  var setsModes = false

  /// Members that go to one directory.
  private struct Job: Sendable {
    var directory: FilePath
    var members: [(member: ZipMember, name: String)]
    var size: UInt64
  }

  /// - Parameter members: with the paths of the new files.
  /// - Returns: the number of files.
  func write(_ members: [(member: ZipMember, path: String)]) throws -> Int {
    let jobs = jobs(members)
    for directory in Set(jobs.map(\.directory)) {
      try FileSystem.createDirectories(directory, permissions: 0o755)
    }
    let failure = Mutex<(any Error)?>(nil)
    performInParallel(count: jobs.count) { index in
      guard failure.withLock({ $0 == nil }) else { return }
      do { try write(jobs[index]) } catch { failure.withLock { $0 = $0 ?? error } }
      // A bundle can be larger than the memory that its host has to spare.
      archive.release(0..<archive.file.count)
    }
    if let error = failure.withLock({ $0 }) { throw error }
    return members.count
  }

  /// Jobs of one directory each, the largest first: two threads rarely wait for one directory.
  private func jobs(_ members: [(member: ZipMember, path: String)]) -> [Job] {
    var groups: [String: [(member: ZipMember, name: String)]] = [:]
    for (member, path) in members {
      guard let slash = path.lastIndex(of: "/") else { continue }
      groups[String(path[..<slash]), default: []].append((member, String(path[path.index(after: slash)...])))
    }
    var result: [Job] = []
    for (directory, members) in groups {
      for start in stride(from: 0, to: members.count, by: 64) {
        let part = Array(members[start..<min(members.count, start + 64)])
        // A file costs as much as some bytes of it.
        let size = part.reduce(UInt64(part.count * 20_000)) { $0 + $1.member.size }
        result.append(Job(directory: FilePath(directory), members: part, size: size))
      }
    }
    return result.sorted { ($1.size, $0.directory.string) < ($0.size, $1.directory.string) }
  }

  private func write(_ job: Job) throws {
    let directory = open(job.directory.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw SystemCallError("open", job.directory, Errno(rawValue: errno)) }
    defer { close(directory) }
    for (member, name) in job.members {
      let path = job.directory.appending(name)
      let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
      let file = openat(directory, name, flags, member.isExecutable ? 0o755 : 0o644)
      guard file >= 0 else { throw SystemCallError("openat", path, Errno(rawValue: errno)) }
      defer { close(file) }
      if setsModes, fchmod(file, member.isExecutable ? 0o755 : 0o644) != 0 {
        throw SystemCallError("fchmod", path, Errno(rawValue: errno))
      }
      try archive.forEachPiece(of: member) { piece in
        try FileSystem.write(piece, to: FileDescriptor(rawValue: file), path: path)
      }
    }
  }
}
