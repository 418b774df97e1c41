internal import JSON
internal import Synchronization

/// Where this server is reached, and by which key a client knows it.
final class ServerIdentity: Sendable {
  private let address = Mutex("")
  /// As curl takes it: `sha256//BASE64`; nil without TLS.
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

  /// What a token is bound to: the key where there is one, else the address.
  var binding: JSONValue { .string(fingerprint ?? address.withLock { $0 }) }

  /// On loopback a name of its own: the cookies of `127.0.0.1` go to every task's server too, those of
  /// `kilt.localhost` do not (RFC 6761, section 6.3: browsers take it for the loopback).
  var pageAddress: String {
    let address = address.withLock { $0 }
    guard let pageHost, let colon = address.lastIndex(of: ":") else { return address }
    return "\(isEncrypted ? "https" : "http")://\(pageHost)\(address[colon...])"
  }
}
