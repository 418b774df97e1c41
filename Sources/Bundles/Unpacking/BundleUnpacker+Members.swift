import Glibc
import Synchronization
import SystemSupport
import Zip

extension BundleUnpacker {
  /// Members that go to one directory.
  struct Job: Sendable {
    var directory: FilePath
    var members: [(member: ZipMember, name: String)]
    var size: UInt64
  }

  /// Where everything goes; jobs of one directory each, the largest first.
  func plan(wheels: [String: FilePath], code: FilePath?) -> [Job] {
    let own: Set<String> = ["PEX-INFO", "__main__.py"]
    var jobs: [String: [(member: ZipMember, name: String)]] = [:]
    for member in archive.members where !member.isDirectory {
      let name = member.name
      let (part, inner) = BundleMember.place(of: name)
      let path: String
      if name.hasPrefix(".deps/") {
        guard let target = wheels[part], inner != ".layout.json" else { continue }
        path = target.string + "/" + Self.wheelPath(inner)
      } else {
        guard let code, part != "boot code", !own.contains(name) else { continue }
        path = code.string + "/" + name
      }
      guard let slash = path.lastIndex(of: "/") else { continue }
      jobs[String(path[..<slash]), default: []].append((member, String(path[path.index(after: slash)...])))
    }
    var result: [Job] = []
    for (directory, members) in jobs {
      for start in stride(from: 0, to: members.count, by: 64) {
        let part = Array(members[start..<min(members.count, start + 64)])
        // A file costs as much as some bytes of it.
        let size = part.reduce(UInt64(part.count * 20_000)) { $0 + $1.member.size }
        result.append(Job(directory: FilePath(directory), members: part, size: size))
      }
    }
    return result.sorted { ($1.size, $0.directory.string) < ($0.size, $1.directory.string) }
  }

  /// Where a wheel's member goes: what lies in `.data` belongs to a scheme of its own (PEP 427); as `wheel_path` of the
  /// boot code.
  static func wheelPath(_ name: String) -> String {
    let parts = name.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].hasSuffix(".data") else { return "lib/" + name }
    let (scheme, rest) = (parts[1], parts[2])
    if scheme == "purelib" || scheme == "platlib" { return "lib/" + rest }
    guard scheme == "headers" else { return "data/\(scheme)/\(rest)" }
    let project = parts[0].dropLast(5)
    let name = project.lastIndex(of: "-").map { project[..<$0] } ?? project
    return "data/headers/\(name)/\(rest)"
  }

  /// Carries jobs out on all processors.
  /// - Returns: the number of files.
  func write(_ jobs: [Job]) throws -> Int {
    for directory in Set(jobs.map(\.directory)) { try FileSystem.createDirectories(directory, permissions: 0o777) }
    let failure = Mutex<(any Error)?>(nil)
    performInParallel(count: jobs.count) { index in
      guard failure.withLock({ $0 == nil }) else { return }
      do { try write(jobs[index]) } catch { failure.withLock { $0 = $0 ?? error } }
    }
    if let error = failure.withLock({ $0 }) { throw error }
    return jobs.reduce(0) { $0 + $1.members.count }
  }

  private func write(_ job: Job) throws {
    let directory = open(job.directory.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw SystemCallError("open", job.directory, Errno(rawValue: errno)) }
    defer { close(directory) }
    for (member, name) in job.members {
      let path = job.directory.appending(name)
      let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
      let file = openat(directory, name, flags, member.isExecutable ? 0o777 : 0o666)
      guard file >= 0 else { throw SystemCallError("openat", path, Errno(rawValue: errno)) }
      defer { close(file) }
      try archive.forEachPiece(of: member) { piece in
        try FileSystem.write(piece, to: FileDescriptor(rawValue: file), path: path)
      }
    }
  }
}
