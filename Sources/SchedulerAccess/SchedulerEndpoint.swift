internal import Diagnostics
public import SystemSupport

/// The connection of a client to a scheduler, and the secrets that it can send.
public struct SchedulerEndpoint: Sendable {
  /// The source of the address.
  public enum Origin: Sendable {
    /// The user: an option or a variable of the environment.
    case user
    /// A file of a workspace, which whoever can commit to the git repository writes.
    case workspace
  }

  public var address: SchedulerAddress
  /// The socket to connect to, checked; nil for TCP.
  public var socket: SocketDirectory?
  /// The key that the server must have, in curl's form.
  public var pin: String?
  /// Shown only to a server that the socket, the pin or a trusted certificate proves.
  public var token: String?
  /// Why a token that is set is not sent; for the message about an answer 401.
  public var withheld: String?

  public init(
    address: SchedulerAddress, socket: SocketDirectory? = nil, pin: String? = nil, token: String? = nil,
    withheld: String? = nil
  ) {
    self.address = address
    self.socket = socket
    self.pin = pin
    self.token = token
    self.withheld = withheld
  }

  /// Determines the connection to the scheduler at an address, and whether it can see the token of the environment.
  ///
  /// - Parameter environment: The value of a variable: `KILT_TOKEN`, `KILT_TOKEN_FILE`, `XDG_STATE_HOME`, `HOME`.
  /// - Throws: `Diagnostic` if the socket cannot be trusted, or if a token names no server.
  public init(
    address text: String, origin: Origin, environment: (String) -> String? = { environmentVariable($0) }
  ) throws {
    let address = try SchedulerAddress(parsing: text)
    self.init(address: address)
    switch address {
    case .socket(let path): socket = try SocketDirectory(of: path, isNamedByUser: origin == .user)
    case .http(let host, let port):
      if LoopbackAddress.isLoopback(host), let path = try PublishedScheduler.socket(port: port, environment) {
        socket = try SocketDirectory(of: path, isNamedByUser: false)
      } else if try BoundToken.find(environment) != nil {
        withheld = "KILT_TOKEN was not sent: nothing proves who answers plain HTTP at \(address)"
      }
    case .https:
      guard let bound = try BoundToken.find(environment) else { return }
      show(bound)
    }
  }

  /// Uses a token for a TLS server if its binding allows that.
  mutating func show(_ bound: BoundToken) {
    switch bound.binding {
    case .fingerprint(let fingerprint):
      // For any source of the address, only the owner of the key can receive the token.
      pin = fingerprint
      token = bound.token
    case .address(address): token = bound.token
    case .address(let other): withheld = "KILT_TOKEN was not sent: it is for \(other), not for \(address)"
    }
  }
}
