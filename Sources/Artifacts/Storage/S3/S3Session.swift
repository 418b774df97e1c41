import Glibc
import HTTPClient
import Synchronization

/// The state that requests to one bucket share: credentials, and the correction of this machine's clock.
final class S3Session: Sendable {
  private struct State {
    /// Seconds that the server's clock is ahead.
    var offset: Int64 = 0
    var hasCorrectedClock = false
  }

  let credentials: CredentialSource
  private let clock: @Sendable () -> Int64
  private let state = Mutex(State())

  init(_ credentials: CredentialSource, clock: @escaping @Sendable () -> Int64) {
    self.credentials = credentials
    self.clock = clock
  }

  /// The server's time, in seconds since 1970.
  var now: Int64 { clock() + state.withLock { $0.offset } }

  /// Whether the same request, signed again, can succeed after an answer: the clock was off and is corrected now, once;
  /// or the credentials had expired and there are others now.
  func isWorthAnother(_ response: HTTPResponse) throws(ArtifactError) -> Bool {
    guard [400, 401, 403].contains(response.status) else { return false }
    let code = XMLText(response.body).text("Code")
    if code == "RequestTimeTooSkewed" || isSkewed(response) {
      if correctClock(response) { return true }
    }
    // An answer to HEAD has no body with the reason.
    let mayBeExpired =
      ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "RequestExpired"].contains(code)
      || code == nil
    return mayBeExpired ? try credentials.renew() : false
  }

  private func isSkewed(_ response: HTTPResponse) -> Bool {
    guard let server = Self.date(response) else { return false }
    return abs(server - now) > 240
  }

  /// Adopts the server's clock. False if that was done before, or the server does not send it.
  private func correctClock(_ response: HTTPResponse) -> Bool {
    guard let server = Self.date(response) else { return false }
    let local = clock()
    return state.withLock { state in
      if state.hasCorrectedClock { return false }
      state.hasCorrectedClock = true
      state.offset = server - local
      return true
    }
  }

  private static func date(_ response: HTTPResponse) -> Int64? {
    response.headers["date"].flatMap { HTTPDate.seconds($0) }
  }
}

/// The times of HTTP fields: `Tue, 15 Nov 1994 08:12:31 GMT` (RFC 9110 section 5.6.7).
enum HTTPDate {
  static func seconds(_ text: String) -> Int64? {
    let parts = text.split(whereSeparator: { $0 == " " || $0 == ":" || $0 == "," })
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    guard parts.count == 8, parts[7] == "GMT", let day = Int32(parts[1]),
      let month = months.firstIndex(of: String(parts[2])), let year = Int32(parts[3]), let hour = Int32(parts[4]),
      let minute = Int32(parts[5]), let second = Int32(parts[6]), (1...31).contains(day), (1970...9999).contains(year)
    else { return nil }
    var time = tm()
    time.tm_year = year - 1900
    time.tm_mon = Int32(month)
    time.tm_mday = day
    time.tm_hour = hour
    time.tm_min = minute
    time.tm_sec = second
    return Int64(timegm(&time))
  }
}
