internal import CZooKeeperShims
internal import Diagnostics
internal import Glibc
internal import SystemSupport

/// A problem with a request: ZooKeeper's code.
struct ZooKeeperError: Error, Hashable, CustomStringConvertible {
  var code: Int32
  var what: String

  var description: String { "\(what): \(String(cString: kilt_zk_error(code)))" }

  /// Whether the answer got lost, or the session: the request can have been carried out.
  var isUncertain: Bool {
    [
      KILT_ZK_CONNECTION_LOSS, KILT_ZK_OPERATION_TIMEOUT, KILT_ZK_INVALID_STATE, KILT_ZK_SESSION_EXPIRED,
      KILT_ZK_SESSION_MOVED,
    ].contains { Int($0) == Int(code) }
  }
}

/// One session with an ensemble. The client finds another server automatically when it loses one;
/// ``ZooKeeperConnection`` replaces an expired session.
final class ZooKeeperSession {
  private let session: OpaquePointer

  enum State { case connecting, connected, expired, refused }

  init(_ settings: ZooKeeperSettings, _ authentication: ZooKeeperAuthentication, wake: Int32) throws(ZooKeeperError) {
    guard let session = kilt_zk_open(settings.hosts, Int32(clamping: settings.timeout), wake) else {
      // Usually the name of a host that cannot be looked up.
      throw ZooKeeperError(
        code: -8, what: "cannot begin a session with \(settings.hosts) (\(String(cString: strerror(errno))))")
    }
    self.session = session
    for entry in authentication.credentials {
      let code = kilt_zk_add_auth(session, entry.scheme, entry.credential, Int32(entry.credential.utf8.count))
      if code != 0 { throw ZooKeeperError(code: code, what: "cannot use the credentials") }
    }
  }

  deinit { kilt_zk_close(session) }

  var state: State {
    switch kilt_zk_state(session) {
    case Int32(KILT_ZK_STATE_CONNECTED): .connected
    case Int32(KILT_ZK_STATE_EXPIRED): .expired
    case Int32(KILT_ZK_STATE_AUTH_FAILED): .refused
    default: .connecting
    }
  }

  var number: Int64 { kilt_zk_number(session) }

  func setHosts(_ hosts: String) throws(ZooKeeperError) {
    try check(kilt_zk_set_hosts(session, hosts), "cannot use the hosts")
  }

  private func check(_ code: Int32, _ what: @autoclosure () -> String) throws(ZooKeeperError) {
    if code != 0 { throw ZooKeeperError(code: code, what: what()) }
  }

  /// Creates a node and returns its path. A plain node that exists is left as it is.
  func create(
    _ path: String, _ data: [UInt8], _ rules: [ZooKeeperAuthentication.Rule], isMember: Bool
  ) throws(ZooKeeperError) -> String {
    var buffer = [CChar](repeating: 0, count: path.utf8.count + 64)
    let texts = rules.flatMap { [$0.scheme, $0.id] }
    let code = withCStrings(texts) { strings in
      let acl = rules.enumerated().map { number, rule in
        kilt_zk_acl(permissions: rule.permissions, scheme: strings[number * 2], id: strings[number * 2 + 1])
      }
      return data.withUnsafeBytes { bytes in
        kilt_zk_create(
          session, path, bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), acl, Int32(acl.count),
          isMember ? 1 : 0, &buffer, Int32(buffer.count))
      }
    }
    if code == Int32(KILT_ZK_NODE_EXISTS), !isMember { return path }
    try check(code, "cannot create \(path)")
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Removes a node; a missing one is not an error.
  func delete(_ path: String) throws(ZooKeeperError) {
    let code = kilt_zk_delete(session, path)
    if code != Int32(KILT_ZK_NO_NODE) { try check(code, "cannot delete \(path)") }
  }

  /// The session that owns an ephemeral node; nil if there is no such node. Watches the node.
  func owner(of path: String) throws(ZooKeeperError) -> Int64? {
    var owner: Int64 = 0
    let code = kilt_zk_exists(session, path, &owner)
    if code == Int32(KILT_ZK_NO_NODE) { return nil }
    try check(code, "cannot look at \(path)")
    return owner
  }

  /// The names of a node's children; nil if there is no such node. Watches the node.
  func children(of path: String) throws(ZooKeeperError) -> [String]? {
    var names: UnsafeMutablePointer<CChar>?
    var length = 0
    let code = kilt_zk_children(session, path, &names, &length)
    defer { free(names) }
    if code == Int32(KILT_ZK_NO_NODE) { return nil }
    try check(code, "cannot list \(path)")
    guard let names else { return [] }
    return UnsafeRawBufferPointer(start: names, count: length).split(separator: 0).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// The content of a node and the session that owns it; nil if there is no such node. Watches the node.
  func content(of path: String) throws(ZooKeeperError) -> (bytes: [UInt8], owner: Int64)? {
    // ZooKeeper's own limit of a node.
    var buffer = [CChar](repeating: 0, count: 1 << 20)
    var length = Int32(buffer.count)
    var owner: Int64 = 0
    let code = kilt_zk_get(session, path, &buffer, &length, &owner)
    if code == Int32(KILT_ZK_NO_NODE) { return nil }
    try check(code, "cannot read \(path)")
    return (buffer.prefix(max(0, Int(length))).map { UInt8(bitPattern: $0) }, owner)
  }
}
