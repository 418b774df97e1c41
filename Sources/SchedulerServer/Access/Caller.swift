internal import Digests
internal import JobModel
internal import SchedulerAccess

/// The sender of a request, by facts that the server has seen itself.
struct Caller: Sendable, Hashable {
  enum Identity: Sendable, Hashable {
    /// Nothing is known.
    case nobody
    /// A user of this machine, by the peer credentials of the Unix socket (SO_PEERCRED, unix(7)).
    case user(id: UInt32, name: String)
    /// The holder of a named token.
    case token(name: String)
    /// A browser that was let in by a one-time link; `owner` is who made the link.
    case session(owner: String)
  }

  var identity: Identity
  var rights: Set<AccessRight>
  /// The address of the connection: an IP address, or `unix`.
  var address: String
  /// The digest of the token or cookie that was shown; nil for a caller without one.
  var credential: SHA256Digest?
  /// The time at which the rights expire.
  var expiresAt: Timestamp?

  /// The name that records and messages use.
  var name: String {
    switch identity {
    case .nobody: "nobody"
    case .user(_, let name): name
    case .token(let name): "token:\(name)"
    case .session(let owner): owner
    }
  }

  var isKnown: Bool { identity != .nobody }
}

/// The origin of a connection.
struct Peer: Sendable, Hashable {
  enum Transport: Sendable, Hashable {
    case socket(user: UInt32)
    case tcp(address: String)
  }
  var transport: Transport

  /// The key of the limits by address.
  var key: String {
    switch transport {
    case .socket(let user): "unix:\(user)"
    case .tcp(let address): address
    }
  }

  var address: String {
    switch transport {
    case .socket: "unix"
    case .tcp(let address): address
    }
  }
}

/// The end of an answer whose caller has lost its rights while it was sent.
struct AccessEnded: Error {}

/// A request for which its caller lacks the right.
struct AccessDenied: Error {
  var required: RequiredAccess
}
