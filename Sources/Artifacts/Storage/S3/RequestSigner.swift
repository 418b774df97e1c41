import Crypto
import Digests

/// Signs requests with AWS Signature Version 4 ("Signature Version 4 signing process" of the AWS reference; "Authenticating
/// requests: using the Authorization header" of the S3 API reference).
struct RequestSigner: Sendable {
  var credentials: AWSCredentials
  var region: String
  var service = "s3"

  /// The value of the `Authorization` field.
  ///
  /// - Parameters:
  ///   - path: percent-encoded, from the first `/`.
  ///   - query: percent-encoded names and values.
  ///   - headers: every field to sign, with lower-case names; `host` and `x-amz-content-sha256` among them.
  ///   - date: `20260102T030405Z`, the value of `x-amz-date`.
  func authorization(
    method: String, path: String, query: [(name: String, value: String)], headers: [(name: String, value: String)],
    payload: String, date: String
  ) -> String {
    let sorted = headers.sorted { $0.name < $1.name }
    let signedNames = sorted.map(\.name).joined(separator: ";")
    let canonical = [
      method, path, Self.canonical(query), sorted.map { "\($0.name):\($0.value)\n" }.joined(), signedNames, payload,
    ].joined(separator: "\n")
    let scope = "\(date.prefix(8))/\(region)/\(service)/aws4_request"
    let toSign = ["AWS4-HMAC-SHA256", date, scope, SHA256Digest.of(canonical).hex].joined(separator: "\n")
    var key = Array("AWS4\(credentials.secretKey)".utf8)
    for part in [String(date.prefix(8)), region, service, "aws4_request"] { key = Self.authenticate(part, key: key) }
    let signature = String(hexadecimal: Self.authenticate(toSign, key: key))
    return "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(signedNames), "
      + "Signature=\(signature)"
  }

  /// `name=value` joined by `&`, sorted; also the transmitted text.
  static func canonical(_ query: [(name: String, value: String)]) -> String {
    query.sorted { ($0.name, $0.value) < ($1.name, $1.value) }.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
  }

  private static func authenticate(_ text: String, key: [UInt8]) -> [UInt8] {
    let code = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key))
    return code.withUnsafeBytes { Array($0) }
  }
}
