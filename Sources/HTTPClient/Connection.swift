import CCurlShims
import Glibc

/// A libcurl handle with the open connections it keeps.
///
/// `@unchecked Sendable`: the pool hands it to one thread at a time.
final class Connection: @unchecked Sendable {
  private let easy: UnsafeMutableRawPointer
  private let multi: UnsafeMutableRawPointer
  private let message = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

  /// Throws ``HTTPError`` of kind `libraryMissing`.
  init(for request: HTTPRequest) throws {
    if let reason = kilt_curl_load() { throw HTTPError(.libraryMissing, request, detail: String(cString: reason)) }
    guard let easy = kilt_curl_easy_init() else { throw HTTPError(.other, request, detail: "out of memory") }
    guard let multi = kilt_curl_multi_init() else {
      kilt_curl_easy_cleanup(easy)
      throw HTTPError(.other, request, detail: "out of memory")
    }
    self.easy = easy
    self.multi = multi
  }

  deinit {
    kilt_curl_easy_cleanup(easy)
    // It can only fail for a handle that is none, or inside of a callback.
    let code = kilt_curl_multi_cleanup(multi)
    assert(code == CURLM_OK, "curl_multi_cleanup: \(code)")
    message.deallocate()
  }

  /// Performs one attempt. Throws ``HTTPError``, or the error of the transfer's sink; an answer of any status is not an
  /// error. Returns the URL of the answer and the seconds of its `Retry-After`.
  func perform(_ transfer: Transfer, _ cancellation: HTTPCancellation?) throws -> (url: String, retryAfter: Int64) {
    let request = transfer.request
    let context = Unmanaged.passUnretained(transfer).toOpaque()
    message[0] = 0
    kilt_curl_easy_reset(easy)
    let list = try configure(request, transfer, context)
    defer { kilt_curl_slist_free(list) }
    var before = sigset_t()
    kilt_block_sigpipe(&before)
    defer { kilt_restore_sigpipe(&before) }

    let code = try withExtendedLifetime(transfer) { () throws -> CURLcode in
      try check(kilt_curl_multi_add(multi, easy), request)
      let outcome = Result { () throws -> CURLcode in
        guard let cancellation else { return try wait(request, nil) }
        return try cancellation.whileRegistered(multi) { try wait(request, cancellation) }
      }
      // A handle that stays in the set would be added to it twice by the next request.
      try check(kilt_curl_multi_remove(multi, easy), request)
      return try outcome.get()
    }
    if let failure = transfer.failure { throw failure }
    guard code == CURLE_OK else { throw error(code, request) }
    let url = kilt_curl_get_string(easy, CURLINFO_EFFECTIVE_URL).map { String(cString: $0) } ?? request.url
    var retryAfter: Int64 = 0
    // Only in libcurl before 7.66 it cannot be asked for; the server's wish is then not known.
    let known = kilt_curl_get_offset(easy, CURLINFO_RETRY_AFTER, &retryAfter)
    guard known == CURLE_OK || known == CURLE_UNKNOWN_OPTION else { throw error(known, request) }
    return (redactedURL(url), retryAfter)
  }

  private func wait(_ request: HTTPRequest, _ cancellation: HTTPCancellation?) throws -> CURLcode {
    while true {
      if cancellation?.isCancelled == true { throw HTTPError(.cancelled, request) }
      var running: Int32 = 0
      try check(kilt_curl_multi_perform(multi, &running), request)
      var code = CURLE_OK
      if kilt_curl_multi_result(multi, &code) == 1 { return code }
      try check(kilt_curl_multi_poll(multi, 10_000), request)
    }
  }

  private func check(_ code: CURLMcode, _ request: HTTPRequest) throws {
    guard code == CURLM_OK else {
      throw HTTPError(.other, request, detail: String(cString: kilt_curl_multi_strerror(code)))
    }
  }

  private func error(_ code: CURLcode, _ request: HTTPRequest) -> HTTPError {
    let kind: HTTPError.Kind =
      switch code {
      case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL: .badURL
      case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT: .unreachable
      case CURLE_OPERATION_TIMEDOUT: .timedOut
      case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
        CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        .tls
      case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM:
        .interrupted
      default: .other
      }
    let said = String(cString: message)
    return HTTPError(kind, request, detail: said.isEmpty ? String(cString: kilt_curl_easy_strerror(code)) : said)
  }
}

extension Connection {
  /// Sets the options of an attempt. The list of headers that is returned must outlive it.
  private func configure(
    _ request: HTTPRequest, _ transfer: Transfer, _ context: UnsafeMutableRawPointer
  ) throws -> UnsafeMutablePointer<curl_slist>? {
    var result = CURLE_OK
    func set(_ option: CURLoption, _ value: Int) {
      if result == CURLE_OK { result = kilt_curl_set_long(easy, option, value) }
    }
    func set(_ option: CURLoption, _ value: String) {
      if result == CURLE_OK { result = kilt_curl_set_string(easy, option, value) }
    }
    /// Keeps the first failure: an option that is not set must not go unnoticed.
    func check(_ code: @autoclosure () -> CURLcode) {
      if result == CURLE_OK { result = code() }
    }
    check(kilt_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, message))
    set(CURLOPT_NOSIGNAL, 1)
    check(kilt_curl_allow_only_http(easy))
    set(CURLOPT_URL, request.url)
    set(CURLOPT_BUFFERSIZE, 256 << 10)
    set(CURLOPT_CONNECTTIMEOUT_MS, request.timeouts.connect)
    if let stall = request.timeouts.stall {
      set(CURLOPT_LOW_SPEED_LIMIT, 1)
      set(CURLOPT_LOW_SPEED_TIME, (stall + 999) / 1000)
    }
    if let total = request.timeouts.total { set(CURLOPT_TIMEOUT_MS, total) }
    if request.acceptsCompression { set(CURLOPT_ACCEPT_ENCODING, "") }
    if let path = request.unixSocketPath {
      set(CURLOPT_UNIX_SOCKET_PATH, path)
      // A proxy of the environment does not apply to requests that never leave this machine.
      set(CURLOPT_NOPROXY, "*")
    }
    if let path = request.certificateFile ?? environment("SSL_CERT_FILE") ?? environment("CURL_CA_BUNDLE") {
      set(CURLOPT_CAINFO, path)
    }
    if let key = request.pinnedPublicKey {
      set(CURLOPT_PINNEDPUBLICKEY, key)
      set(CURLOPT_SSL_VERIFYPEER, 0)
      set(CURLOPT_SSL_VERIFYHOST, 0)
    }
    if let client = request.clientCertificate {
      set(CURLOPT_SSLCERT, client.certificate)
      set(CURLOPT_SSLKEY, client.key)
    }
    switch request.credentials {
    case .none: break
    case .basic(let user, let password):
      set(CURLOPT_USERNAME, user)
      set(CURLOPT_PASSWORD, password)
    case .netrc:
      set(CURLOPT_NETRC, Int(CURL_NETRC_OPTIONAL.rawValue))
      if let path = environment("NETRC") { set(CURLOPT_NETRC_FILE, path) }
    }
    setMethod(request, transfer, context, set, set) { check($0) }
    var list: UnsafeMutablePointer<curl_slist>?
    /// A list that cannot grow stays the caller's to free.
    func append(_ line: String) throws {
      guard let longer = kilt_curl_slist_append(list, line) else {
        kilt_curl_slist_free(list)
        throw HTTPError(.other, request, detail: "out of memory")
      }
      list = longer
    }
    // No "Expect: 100-continue": a server that ignores it costs a second's wait.
    try append("Expect:")
    for field in request.headers.fields {
      guard !(field.name + field.value).utf8.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) else {
        kilt_curl_slist_free(list)
        throw HTTPError(.other, request, detail: "a line break in the header field \"\(field.name)\"")
      }
      // libcurl's way to send a field without a value.
      try append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
    }
    check(kilt_curl_set_list(easy, CURLOPT_HTTPHEADER, list))
    check(kilt_curl_on_header(easy, receiveHeader, context))
    check(kilt_curl_on_body(easy, receiveBody, context))
    guard result == CURLE_OK else {
      kilt_curl_slist_free(list)
      throw error(result, request)
    }
    return list
  }

  private func setMethod(
    _ request: HTTPRequest, _ transfer: Transfer, _ context: UnsafeMutableRawPointer,
    _ setLong: (CURLoption, Int) -> Void, _ setString: (CURLoption, String) -> Void, check: (CURLcode) -> Void
  ) {
    if let length = transfer.uploadLength {
      setLong(CURLOPT_UPLOAD, 1)
      check(kilt_curl_set_offset(easy, CURLOPT_INFILESIZE_LARGE, length))
      check(kilt_curl_on_upload(easy, sendBody, seekBody, context))
      setString(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
      return
    }
    switch request.method {
    case .get: setLong(CURLOPT_HTTPGET, 1)
    case .head: setLong(CURLOPT_NOBODY, 1)
    default: setString(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    }
    if request.followsRedirects, request.method == .get || request.method == .head {
      setLong(CURLOPT_FOLLOWLOCATION, 1)
      setLong(CURLOPT_MAXREDIRS, 10)
    }
  }
}

private func environment(_ name: String) -> String? {
  guard let value = getenv(name), value.pointee != 0 else { return nil }
  return String(cString: value)
}

// The callbacks: the context is the transfer, kept alive by `perform`.

private func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer? {
  context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
}

private let receiveHeader: kilt_curl_bytes = { bytes, one, size, context in
  transfer(context)?.receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * one))
  return size * one
}

private let receiveBody: kilt_curl_bytes = { bytes, one, size, context in
  let goesOn = transfer(context)?.receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * one)) ?? false
  return goesOn ? size * one : 0
}

private let sendBody: kilt_curl_bytes = { bytes, one, size, context in
  transfer(context)?.send(into: UnsafeMutableRawBufferPointer(start: bytes, count: size * one))
    ?? Int(CURL_READFUNC_ABORT)
}

private let seekBody: kilt_curl_seek = { context, offset, origin in
  guard origin == SEEK_SET, let transfer = transfer(context) else { return CURL_SEEKFUNC_FAIL }
  transfer.seek(to: Int64(offset))
  return CURL_SEEKFUNC_OK
}
