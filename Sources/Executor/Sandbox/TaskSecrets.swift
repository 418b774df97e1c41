import CSystemShims
import Glibc
import JobModel
import SystemSupport

/// Secrets of a task as files in a memory file system: `NAME` of mode 0400, readable by the role's user alone.
///
/// A value is read here, on the host, and goes nowhere else: not into arguments, an environment, the assignment, logs or the
/// database. It comes from a directory that only this executor's user can read, or from a command of the host's
/// administrator, which gets the reference as its argument.
struct TaskSecrets {
  /// The source of values.
  enum Source: Sendable, Hashable {
    case directory(String)
    case command([String])
  }

  /// The memory file system of Linux.
  private static let memory = "/dev/shm"
  private static let memoryMagic: UInt32 = 0x0102_1994
  /// The longest value.
  static let limit = 1 << 20

  /// The directory with the files, on the host.
  let path: String

  /// Writes the secrets of a task.
  ///
  /// - Throws: for a secret that is not there or that others can read; for a host without a memory file system.
  static func make(
    _ secrets: [Secret], from source: Source, task: String, user: TaskUser, isRoot: Bool
  ) throws(ExecutorError) -> TaskSecrets {
    try makeTopDirectory(isRoot: isRoot)
    let made = TaskSecrets(path: path(of: task, isRoot: isRoot))
    made.remove()
    guard mkdir(made.path, 0o700) == 0 else { throw .last("mkdir", made.path) }
    do throws(ExecutorError) {
      for secret in secrets {
        try made.write(value(of: secret, from: source), name: secret.name, user: user, isRoot: isRoot)
      }
      if isRoot {
        guard chown(made.path, user.id, user.group) == 0 else { throw .last("chown", made.path) }
      }
      guard chmod(made.path, 0o500) == 0 else { throw .last("chmod", made.path) }
    } catch {
      made.remove()
      throw error
    }
    return made
  }

  /// The directory with the secrets of a task, on the host.
  static func path(of task: String, isRoot: Bool = geteuid() == 0) -> String { top(isRoot: isRoot) + "/" + task }

  private static func top(isRoot: Bool) -> String { memory + "/kilt-secrets" + (isRoot ? "" : "-\(getuid())") }

  /// Creates the directory of all tasks' secrets: a private directory of this user, in memory.
  private static func makeTopDirectory(isRoot: Bool) throws(ExecutorError) {
    let directory = open(memory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw .last("open", memory) }
    defer { close(directory) }
    guard UInt32(truncatingIfNeeded: kilt_file_system_type(directory)) == memoryMagic else {
      throw .usage("secrets need a memory file system at \(memory)")
    }
    let path = top(isRoot: isRoot)
    if mkdir(path, 0o711) != 0, errno != EEXIST { throw .last("mkdir", path) }
    var status = stat()
    guard lstat(path, &status) == 0 else { throw .last("lstat", path) }
    // Anybody can make names in /dev/shm: one that is there already must be ours.
    guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o022 == 0 else {
      throw .usage("\"\(path)\" is not a directory of this user alone: remove it")
    }
  }

  private func write(_ value: [UInt8], name: String, user: TaskUser, isRoot: Bool) throws(ExecutorError) {
    let file = path + "/" + name
    let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o400)
    guard descriptor >= 0 else { throw .last("open", file) }
    defer { close(descriptor) }
    var rest = value[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .last("write", file) }
      rest = rest.dropFirst(count)
    }
    if isRoot {
      guard fchown(descriptor, user.id, user.group) == 0 else { throw .last("fchown", file) }
    }
  }

  private static func value(of secret: Secret, from source: Source) throws(ExecutorError) -> [UInt8] {
    switch source {
    case .directory(let directory): return try read(secret, below: directory)
    case .command(let command):
      guard let program = command.first else { throw .usage("the command for secrets is empty") }
      var process = Subprocess(
        program, Array(command.dropFirst()) + [secret.reference],
        environment: ["PATH=" + TaskEnvironment.usualPath.joined(separator: ":"), "LC_ALL=C"])
      process.deadlineMilliseconds = 30_000
      process.outputLimit = limit
      let outcome: Subprocess.Outcome
      do throws(SystemCallError) { outcome = try process.run() } catch { throw ExecutorError(error, path: program) }
      guard outcome.termination.isSuccess else {
        // The output of the command could be part of a secret.
        throw .usage("the command for secrets failed for the secret \"\(secret.name)\" (\(secret.reference))")
      }
      return outcome.output
    }
  }

  /// Reads a file below the directory, through no link, that nobody else can read or change.
  private static func read(_ secret: Secret, below directory: String) throws(ExecutorError) -> [UInt8] {
    guard Secret.isReference(secret.reference) else {
      throw .usage("the secret \"\(secret.name)\" has the reference \"\(secret.reference)\"")
    }
    var current = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard current >= 0 else { throw .last("open", directory) }
    defer { close(current) }
    try requirePrivate(current, directory)
    var path = directory
    let parts = secret.reference.split(separator: "/")
    for (index, part) in parts.enumerated() {
      path += "/" + part
      let flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (index + 1 < parts.count ? O_DIRECTORY : 0)
      let next = openat(current, String(part), flags)
      guard next >= 0 else { throw .last("open", path) }
      close(current)
      current = next
      try requirePrivate(current, path)
    }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= limit {
      let got = buffer.withUnsafeMutableBytes { Glibc.read(current, $0.baseAddress, $0.count) }
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw .last("read", path) }
      if got == 0 { return bytes }
      bytes += buffer[..<got]
    }
    throw .usage("the secret \"\(secret.name)\" is larger than \(limit) bytes")
  }

  private static func requirePrivate(_ descriptor: Int32, _ path: String) throws(ExecutorError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .last("fstat", path) }
    guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
      throw .usage("\"\(path)\" can be read or changed by others: chown it to this user and chmod go= it")
    }
  }

  /// Removes the secrets from memory. A missing directory is not an error.
  func remove() {
    guard let directory = opendir(path) else { return }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    closedir(directory)
    for name in names { unlink(path + "/" + name) }
    rmdir(path)
  }
}
