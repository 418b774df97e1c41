internal import Diagnostics
internal import Digests
internal import Glibc
internal import HTTPTypes
internal import Hummingbird
internal import SchedulerClient
internal import SystemSupport

/// Who may do what: changes need the bearer token of the state directory. Reading is open on loopback, where the
/// scheduler's page is looked at; on any other address reading needs the token too.
///
/// Each request must name an address of this server in `Host`, so that a page of another site can not reach it under
/// a name of its own (DNS rebinding).
struct Authorization: Sendable {
  let token: String
  /// The values of `Host` that are answered; nil for any, when the server listens beyond loopback.
  let hosts: Set<String>?

  struct Middleware<Context: RequestContext>: RouterMiddleware {
    let authorization: Authorization

    func handle(
      _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
      if !authorization.serves(request.head.authority ?? "") {
        return APIResponse.error(.misdirectedRequest, "this server has no such name", remedy: nil)
      }
      let reads = request.method == .get || request.method == .head
      if !(reads && authorization.hosts != nil), !authorization.accepts(request) {
        return APIResponse.error(
          .unauthorized, "a bearer token is needed",
          remedy: "it is in the file \"token\" of the scheduler's state directory: set KILT_TOKEN to it")
      }
      return try await next(request, context)
    }
  }

  private func accepts(_ request: Request) -> Bool {
    guard let header = request.headers[.authorization] else { return false }
    return accepts(header)
  }

  /// Whether a header `Authorization` shows the token.
  func accepts(_ header: String) -> Bool {
    guard header.lowercased().hasPrefix("bearer ") else { return false }
    // Comparing digests takes the same time wherever the texts differ.
    return SHA256Digest.of(String(header.dropFirst(7))) == SHA256Digest.of(token)
  }

  /// Whether a request for this authority, `host` or `host:port`, is answered.
  func serves(_ authority: String) -> Bool {
    guard let hosts else { return true }
    return hosts.contains(Self.host(of: authority).lowercased())
  }

  /// The host of `host:port`; the brackets of an IPv6 address stay.
  private static func host(of authority: String) -> String {
    guard let colon = authority.lastIndex(of: ":"), authority[colon...].dropFirst().allSatisfy(\.isNumber) else {
      return authority
    }
    return String(authority[..<colon])
  }

  /// The token of a state directory, made when there is none: 32 random bytes, readable by the owner only.
  static func token(in directory: FilePath) throws -> String {
    let path = directory.appending("token")
    if FileSystem.exists(path) {
      let token = try TokenDirectory.token(inFile: path)
      // Whoever sends no token at all must not be let in by an empty file.
      guard token.utf8.count >= 16 else {
        throw Diagnostic(
          .input, "the token in \"\(path)\" has fewer than 16 characters",
          remedies: ["remove the file: another is made at the next start"])
      }
      return token
    }
    var bytes = [UInt8](repeating: 0, count: 32)
    if getentropy(&bytes, bytes.count) != 0 { throw SystemCallError("getentropy", nil, .ioError) }
    let token = String(hexadecimal: bytes)
    try FileSystem.write(text: token, to: path, permissions: 0o600, durability: .durable)
    return token
  }
}
