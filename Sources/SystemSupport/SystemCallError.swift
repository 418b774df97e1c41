@_exported public import SystemPackage

/// A failed system call: its name, its subject, and the reason.
///
/// A caller distinguishes cases (`ENOENT`, `EEXIST`, `ENOSPC`) by ``errno``; the module that knows the purpose of the
/// file writes the sentence for people.
public struct SystemCallError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The name of the call, as in its manual page: "openat".
  public var call: String
  /// The file it was about, when there is one.
  public var path: FilePath?
  public var errno: Errno

  public init(_ call: String, _ path: FilePath? = nil, _ errno: Errno) {
    self.call = call
    self.path = path
    self.errno = errno
  }

  /// The error of the call that just failed in this thread.
  static func current(_ call: String, _ path: FilePath? = nil) -> SystemCallError {
    SystemCallError(call, path, Errno(rawValue: systemErrno()))
  }

  /// For example `cannot open "a/b": No such file or directory`.
  public var description: String { "cannot \(verb)\(path.map { " \"\($0)\"" } ?? ""): \(errno)" }

  /// True for errors of a missing file: `ENOENT`, `ENOTDIR`.
  public var isMissing: Bool { errno == .noSuchFileOrDirectory || errno == .notDirectory }

  /// True when the device or the quota is full: `ENOSPC`, `EDQUOT`.
  public var isNoSpace: Bool { errno == .noSpace || errno.rawValue == 122 }

  private var verb: String {
    switch call {
    case "openat", "opendir": "open"
    case "stat", "fstat": "examine"
    case "mkdir", "mkdtemp": "create the directory"
    case "rename", "renameat2": "rename to"
    case "unlink", "rmdir": "remove"
    case "posix_spawn": "start"
    default: call
    }
  }
}

/// Calls `body` again while a signal interrupts it (`EINTR`), and throws if its final result is negative.
@discardableResult
func retryingOnInterrupt<Result: SignedInteger>(
  _ call: String, _ path: FilePath? = nil, _ body: () -> Result
) throws(SystemCallError) -> Result {
  while true {
    let result = body()
    if result >= 0 { return result }
    let error = SystemCallError.current(call, path)
    if error.errno != .interrupted { throw error }
  }
}
