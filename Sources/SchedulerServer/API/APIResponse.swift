internal import Diagnostics
internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import NIOCore

/// Responses of the API and of the pages.
enum APIResponse {
  static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
    response(value.bytes(.compact) + [0x0A], type: "application/json", status: status)
  }

  static func html(_ page: HTML, status: HTTPResponse.Status = .ok) -> Response {
    response(Array(page.text.utf8), type: "text/html; charset=utf-8", status: status)
  }

  static func text(_ bytes: [UInt8], type: String = "text/plain; charset=utf-8") -> Response {
    response(bytes, type: type, status: .ok)
  }

  /// `{"error": {"message", "remedy"}}`, the form of every failure.
  static func error(_ status: HTTPResponse.Status, _ message: String, remedy: String? = nil) -> Response {
    var error = JSONObject([("message", .string(message))])
    if let remedy { error["remedy"] = .string(remedy) }
    return json(.members(["error": .object(error)]), status: status)
  }

  /// The same with all notes and remedies: `{"error": {"message", "remedy", "notes", "remedies"}}`.
  static func error(_ status: HTTPResponse.Status, _ diagnostic: Diagnostic) -> Response {
    // `code` is the first of `codes`, for programs that read only one.
    var error = JSONObject([("message", .string(diagnostic.summary))])
    if let code = diagnostic.codes.first {
      error["code"] = .string(code)
      error["codes"] = .strings(diagnostic.codes)
    }
    if let remedy = diagnostic.remedies.first { error["remedy"] = .string(remedy) }
    if diagnostic.remedies.count > 1 { error["remedies"] = .strings(diagnostic.remedies) }
    if !diagnostic.notes.isEmpty { error["notes"] = .strings(diagnostic.notes) }
    return json(.members(["error": .object(error)]), status: status)
  }

  static func redirect(to path: String) -> Response {
    var response = response([], type: "text/plain; charset=utf-8", status: .seeOther)
    response.headers[.location] = path
    return response
  }

  static var tooManyStreams: Response {
    var response = error(
      .serviceUnavailable, "too many logs and events are followed", remedy: "close some of them, or try again later")
    response.headers[.retryAfter] = "5"
    return response
  }

  static var notFound: Response { error(.notFound, "this address does not exist") }

  /// Bytes as they come.
  static func stream(
    type: String, _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
  ) -> Response {
    Response(
      status: .ok, headers: headers(type: type),
      body: ResponseBody { writer in
        try await write(&writer)
        try await writer.finish(nil)
      })
  }

  /// Bytes as they come, for as long as the reader stays; the connection ends with them.
  static func stream(
    _ request: Request, type: String,
    _ write: @escaping @Sendable (inout any ResponseBodyWriter, Departure) async throws -> Void
  ) -> Response {
    let body = request.body
    return stream(type: type) { writer in
      let departure = Departure()
      try await body.consumeWithInboundCloseHandler { _ in
        try await write(&writer, departure)
      } onInboundClosed: {
        departure.happen()
      }
    }
  }

  private static func response(_ bytes: [UInt8], type: String, status: HTTPResponse.Status) -> Response {
    Response(status: status, headers: headers(type: type), body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  private static func headers(type: String) -> HTTPFields {
    // Content from a job must not run as a script of this site, whatever its form.
    var headers: HTTPFields = [
      .contentType: type, .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
    ]
    headers[.contentSecurityPolicy] =
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; form-action 'self'"
    return headers
  }
}
