internal import Diagnostics
internal import Glibc
public import SystemSupport

/// The directory of a scheduler's Unix socket. Only its owner can create a socket there, so the owner of the directory
/// is the listener.
///
/// Holds the directory open. The socket's path goes through `/proc/self/fd`: it names the checked directory even if its
/// name changes, and it is short (`sun_path` has room for 107 bytes, unix(7)).
public final class SocketDirectory: Sendable {
  public static let socketName = "api.sock"

  private let descriptor: FileDescriptor
  private let path: FilePath

  /// The directory below a scheduler's state directory.
  public static func path(inState state: FilePath) -> FilePath { state.appending("socket") }

  /// Creates the directory for a server, closed to all other users, and removes a socket that an earlier server left.
  ///
  /// The caller holds the lock of the state directory.
  public init(creatingIn state: FilePath) throws {
    path = Self.path(inState: state)
    try FileSystem.createDirectories(path, permissions: 0o700)
    descriptor = try Self.open(path)
    let status = try FileSystem.status(of: descriptor)
    guard status.owner == geteuid() else {
      throw Diagnostic(
        .environment, "the directory \"\(path)\" belongs to user \(status.owner)",
        notes: ["the scheduler runs as user \(geteuid())"], remedies: ["remove the directory"])
    }
    // A umask or an older version can have set other permissions.
    if status.permissions != 0o700 { try FileSystem.setPermissions(0o700, of: path) }
    let socket = path.appending(Self.socketName)
    if FileSystem.exists(socket) { try FileSystem.removeFile(socket) }
  }

  /// Opens the directory of a socket for a client, and checks that only this user, or root, can listen there.
  ///
  /// - Parameter isNamedByUser: Whether the user named the socket for this call. Root can then use another user's.
  public init(of socket: FilePath, isNamedByUser: Bool) throws {
    path = socket.removingLastComponent()
    descriptor = try Self.open(path)
    let status = try FileSystem.status(of: descriptor)
    let isTrusted = status.owner == 0 || status.owner == geteuid() || (isNamedByUser && geteuid() == 0)
    guard isTrusted, status.permissions & 0o022 == 0 else {
      throw Diagnostic(
        .environment, "cannot trust the socket \"\(socket)\": another user can listen there",
        notes: [
          "its directory belongs to user \(status.owner), with permissions \(String(status.permissions, radix: 8))"
        ],
        remedies: ["name a socket in a directory that only you or root can write"])
    }
  }

  deinit { FileSystem.close(descriptor) }

  /// The path to bind or to connect to.
  public var socketPath: String { "/proc/self/fd/\(descriptor.rawValue)/\(Self.socketName)" }

  /// The same for a person.
  public var address: SchedulerAddress { .socket(path.appending(Self.socketName)) }

  private static func open(_ path: FilePath) throws -> FileDescriptor {
    do throws(SystemCallError) {
      return try FileSystem.open(path, .readOnly, options: [.directory, .noFollow])
    } catch {
      throw problem(of: error, path)
    }
  }

  private static func problem(of error: SystemCallError, _ path: FilePath) -> any Error {
    if error.errno == .permissionDenied {
      return Diagnostic(
        .environment, "cannot use the scheduler's socket: the directory \"\(path)\" is closed to this user",
        remedies: [
          "run the command as the user that the scheduler runs as, or as root",
          "use TLS and a token: start the scheduler with --tls and see `kilt token create --help`",
        ])
    }
    if error.isMissing {
      return Diagnostic(
        .environment, "no scheduler answers at unix:\(path.appending(socketName))",
        notes: ["the directory \"\(path)\" does not exist"], remedies: ["start one on this machine: kilt scheduler"])
    }
    return error
  }
}
