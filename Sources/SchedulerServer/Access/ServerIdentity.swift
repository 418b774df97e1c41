internal import JSON
internal import Synchronization

/// The address of this server, and the key by which a client identifies it.
final class ServerIdentity: Sendable {
  private let address = Mutex("")
  /// In curl's form: `sha256//BASE64`; nil without TLS.
  let fingerprint: String?
  /// The host name of links to the pages, where it is not the listening address.
  private let pageHost: String?

  init(fingerprint: String?, pageHost: String?) {
    self.fingerprint = fingerprint
    self.pageHost = pageHost
  }

  var isEncrypted: Bool { fingerprint != nil }

  /// For example `http://127.0.0.1:8081`.
  func listens(at address: String) { self.address.withLock { $0 = address } }

  /// The binding of a token: the key if there is one, else the address.
  var binding: JSONValue { .string(fingerprint ?? address.withLock { $0 }) }

  /// On loopback a separate name: browsers send the cookies of `127.0.0.1` to every task's server too, but not those of
  /// `kilt.localhost` (RFC 6761, section 6.3: browsers resolve it to the loopback).
  var pageAddress: String {
    let address = address.withLock { $0 }
    guard let pageHost, let colon = address.lastIndex(of: ":") else { return address }
    return "\(isEncrypted ? "https" : "http")://\(pageHost)\(address[colon...])"
  }
}
