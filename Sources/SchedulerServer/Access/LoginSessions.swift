internal import Digests
internal import JobModel
internal import SchedulerAccess
internal import Synchronization
internal import SystemSupport

/// Logged-in browsers. A one-time link sets a cookie that only reads; a one-time code allows one change.
///
/// Nothing outlives the process, and only digests are kept.
final class LoginSessions: Sendable {
  struct Session: Sendable {
    var owner: String
    var rights: Set<AccessRight>
    var expiresAt: Timestamp
    /// When the token of the owner expires, and with it everything that it has made.
    var notAfter: Timestamp?

    /// The rights of a cookie for these rights.
    var readingRights: Set<AccessRight> { rights.contains(.admin) ? [.read] : rights }
  }

  private struct State {
    var links: [SHA256Digest: Session] = [:]
    var codes: [SHA256Digest: Session] = [:]
    var sessions: [SHA256Digest: Session] = [:]
  }

  private let state = Mutex(State())
  private let now: @Sendable () -> Timestamp
  private let port = Mutex(0)

  /// The lifetime of a link and a code.
  static let linkLifetime = Duration.seconds(300)
  static let sessionLifetime = Duration.seconds(3600)
  /// The maximum number of each kind; the oldest is removed first.
  static let largestNumber = 1000

  init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

  /// The port is part of the name: cookies are shared by all ports of a host.
  var cookieName: String { "kilt-session-\(port.withLock { $0 })" }

  func listens(onPort number: Int) { port.withLock { $0 = number } }

  /// Creates the secret of a one-time link for a caller.
  func makeLink(for caller: Caller) throws(SystemCallError) -> String { try make(\.links, for: caller) }

  /// Creates a one-time code for a caller.
  func makeCode(for caller: Caller) throws(SystemCallError) -> String { try make(\.codes, for: caller) }

  private func make(
    _ list: any WritableKeyPath<State, [SHA256Digest: Session]> & Sendable, for caller: Caller
  ) throws(SystemCallError) -> String {
    let secret = String(try TokenStore.secret().prefix(32))
    let session = Session(
      owner: caller.name, rights: caller.rights,
      expiresAt: Self.earlier(now() + Self.linkLifetime, caller.expiresAt), notAfter: caller.expiresAt)
    insert(session, secret, into: list)
    return secret
  }

  /// Exchanges a link's secret for a session's; nil when it is unknown, used or too old.
  func redeem(link: String) throws(SystemCallError) -> (cookie: String, session: Session)? {
    guard var session = take(link, from: \.links) else { return nil }
    session.expiresAt = Self.earlier(now() + Self.sessionLifetime, session.notAfter)
    let cookie = try TokenStore.secret()
    insert(session, cookie, into: \.sessions)
    return (cookie, session)
  }

  /// Uses a one-time code; nil if it is unknown, used or too old.
  func redeem(code: String) -> Session? { take(code, from: \.codes) }

  /// The session of a cookie.
  func session(_ cookie: String) -> Session? { cookie.isEmpty ? nil : session(SHA256Digest.of(cookie)) }

  /// Whether the cookie with a digest is still valid.
  func isValid(_ digest: SHA256Digest) -> Bool { session(digest) != nil }

  private func session(_ digest: SHA256Digest) -> Session? {
    let time = now()
    return state.withLock { $0.sessions[digest].flatMap { time < $0.expiresAt ? $0 : nil } }
  }

  /// Forgets the links, codes and sessions of an owner whose rights have ended.
  func forget(owner: String) {
    state.withLock { state in
      for list in [\State.links, \State.codes, \State.sessions] {
        state[keyPath: list] = state[keyPath: list].filter { $0.value.owner != owner }
      }
    }
  }

  private static func earlier(_ time: Timestamp, _ other: Timestamp?) -> Timestamp {
    other.map { min(time, $0) } ?? time
  }

  private func insert(
    _ session: Session, _ secret: String, into list: any WritableKeyPath<State, [SHA256Digest: Session]> & Sendable
  ) {
    let time = now()
    state.withLock { state in
      state[keyPath: list] = state[keyPath: list].filter { time < $0.value.expiresAt }
      if state[keyPath: list].count >= Self.largestNumber,
        let oldest = state[keyPath: list].min(by: { $0.value.expiresAt < $1.value.expiresAt })
      {
        state[keyPath: list][oldest.key] = nil
      }
      state[keyPath: list][SHA256Digest.of(secret)] = session
    }
  }

  private func take(_ secret: String, from list: any WritableKeyPath<State, [SHA256Digest: Session]> & Sendable)
    -> Session?
  {
    let time = now()
    return state.withLock { state in
      guard let session = state[keyPath: list].removeValue(forKey: SHA256Digest.of(secret)) else { return nil }
      return time < session.expiresAt ? session : nil
    }
  }
}
