import Diagnostics
import HTTPClient
import JSON
import Synchronization
import SystemSupport

/// Credentials of one process, asked for when first needed and again before they expire.
///
/// In this order: variables and shared files, the profile's `credential_process`, the endpoint of a container
/// (`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, `AWS_CONTAINER_CREDENTIALS_FULL_URI`), the metadata service of an EC2
/// instance (IMDSv2, `AWS_EC2_METADATA_SERVICE_ENDPOINT`; not with `AWS_EC2_METADATA_DISABLED=true`).
final class CredentialSource: Sendable {
  private enum State {
    case unknown
    /// Without credentials requests are not signed, as a public bucket accepts.
    case known(AWSCredentials?)
  }

  private let environment: AWSEnvironment
  private let client: HTTPClient
  private let state = Mutex(State.unknown)
  /// Seconds before their end at which credentials are asked for again.
  private static let margin: Int64 = 300

  init(_ environment: AWSEnvironment, client: HTTPClient = HTTPClient(retry: RetryPolicy(attempts: 2))) {
    self.environment = environment
    self.client = client
  }

  /// The credentials that are valid now.
  func credentials(now: Int64) throws(ArtifactError) -> AWSCredentials? {
    let current = state.withLock { $0 }
    if case .known(let credentials) = current {
      guard let end = credentials?.expiration, end - now < Self.margin else { return credentials }
    }
    let fresh: AWSCredentials?
    do throws(ArtifactError) {
      fresh = try load()
    } catch {
      // Credentials that are valid for a while longer are used; a failure to renew them is an error only at their end.
      if case .known(let credentials?) = current, let end = credentials.expiration, end > now { return credentials }
      throw error
    }
    state.withLock { $0 = .known(fresh) }
    return fresh
  }

  /// Requests credentials again, after a server reported that they have expired. False if there are no others.
  func renew() throws(ArtifactError) -> Bool {
    let fresh = try load()
    return state.withLock { state in
      guard case .known(let old) = state, old != fresh else { return false }
      state = .known(fresh)
      return true
    }
  }

  private func load() throws(ArtifactError) -> AWSCredentials? {
    if let credentials = try environment.staticCredentials() { return credentials }
    if let command = try environment.credentialProcess() { return try run(command) }
    if let credentials = try containerCredentials() { return credentials }
    return try instanceCredentials()
  }

  // MARK: credential_process

  /// "Sourcing credentials with an external process" of the AWS CLI user guide.
  private func run(_ command: String) throws(ArtifactError) -> AWSCredentials {
    let outcome: Subprocess.Outcome
    do throws(SystemCallError) {
      outcome = try Subprocess("/bin/sh", ["-c", command], deadlineMilliseconds: 60_000).run()
    } catch {
      throw Self.failure("credential_process", error.description)
    }
    guard outcome.termination.isSuccess else {
      throw Self.failure("credential_process", "\(outcome.termination): \(outcome.errorText.prefix(400))")
    }
    let value = try Self.json(outcome.output, "credential_process")
    guard value["Version"]?.int == 1, let credentials = Self.credentials(value, token: "SessionToken") else {
      throw Self.failure("credential_process", "its output is not version 1 of the form that AWS documents")
    }
    return credentials
  }

  // MARK: Endpoints

  /// "Container credential provider" of the AWS SDKs and tools reference guide.
  private func containerCredentials() throws(ArtifactError) -> AWSCredentials? {
    let url: String
    if let path = environment.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
      url = "http://169.254.170.2\(path)"
    } else if let full = environment.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
      url = full
    } else {
      return nil
    }
    var headers = HTTPHeaders()
    if let path = environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
      do throws(SystemCallError) {
        let text = try FileSystem.readText(FilePath(path), limit: 1 << 16)
        headers.fields.append(HTTPField(name: "authorization", value: String(text.prefix { !$0.isNewline })))
      } catch {
        throw .file(error)
      }
    } else if let token = environment.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
      headers.fields.append(HTTPField(name: "authorization", value: token))
    }
    let response = try ask(HTTPRequest(.get, url, headers: headers, timeouts: Self.timeouts), "container endpoint")
    guard response.isSuccess else {
      throw Self.failure("container endpoint", "\(redactedURL(url)) answered with status \(response.status)")
    }
    return try Self.credentials(response, "container endpoint")
  }

  private static let timeouts = HTTPTimeouts(connect: 1_000, stall: 5_000, total: 5_000)

  /// "Use IMDS to get credentials" of the EC2 user guide: a token first, then the role, then its credentials.
  private func instanceCredentials() throws(ArtifactError) -> AWSCredentials? {
    if environment.variable("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true" { return nil }
    let configured = environment.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")
    var base = configured ?? "http://169.254.169.254"
    while base.hasSuffix("/") { base.removeLast() }
    let token: String
    do throws(ArtifactError) {
      let request = HTTPRequest(
        .put, "\(base)/latest/api/token", headers: ["x-aws-ec2-metadata-token-ttl-seconds": "21600"],
        timeouts: Self.timeouts)
      let response = try ask(request, "instance metadata")
      // Outside EC2, another service can answer at this address.
      guard response.isSuccess, !response.body.isEmpty else { return nil }
      token = response.text
    } catch {
      // No answer: this machine is not an instance, unless somebody configured it as one.
      if configured == nil { return nil }
      throw error
    }
    func get(_ path: String) throws(ArtifactError) -> HTTPResponse {
      try ask(
        HTTPRequest(
          .get, "\(base)/latest/meta-data/iam/security-credentials/\(path)",
          headers: ["x-aws-ec2-metadata-token": token], timeouts: Self.timeouts), "instance metadata")
    }
    let roles = try get("")
    if roles.status == 404 { return nil }
    guard roles.isSuccess, let role = roles.text.split(whereSeparator: \.isNewline).first else {
      throw Self.failure("instance metadata", "the role was answered with status \(roles.status)")
    }
    let response = try get(PercentEncoding.encode(role))
    guard response.isSuccess else {
      throw Self.failure("instance metadata", "the role \(role) was answered with status \(response.status)")
    }
    return try Self.credentials(response, "instance metadata")
  }

  private func ask(_ request: HTTPRequest, _ source: String) throws(ArtifactError) -> HTTPResponse {
    do {
      return try client.send(request, limit: 1 << 20)
    } catch let error as HTTPError {
      throw Self.failure(source, error.detail.isEmpty ? "\(error.kind)" : error.detail)
    } catch {
      throw Self.failure(source, "\(error)")
    }
  }

  private static func json(_ bytes: [UInt8], _ source: String) throws(ArtifactError) -> JSONValue {
    do throws(JSONError) {
      return try JSONValue(parsing: bytes)
    } catch {
      throw failure(source, "the answer is not JSON: \(error)")
    }
  }

  private static func credentials(_ response: HTTPResponse, _ source: String) throws(ArtifactError) -> AWSCredentials {
    guard let found = credentials(try json(response.body, source), token: "Token") else {
      throw failure(source, "the answer has no AccessKeyId and SecretAccessKey")
    }
    return found
  }

  private static func credentials(_ value: JSONValue, token: String) -> AWSCredentials? {
    guard let access = value["AccessKeyId"]?.string, let secret = value["SecretAccessKey"]?.string else { return nil }
    return AWSCredentials(
      accessKey: access, secretKey: secret, sessionToken: value[token]?.string,
      expiration: value["Expiration"]?.string.flatMap { RFC3339.seconds($0.replacing("+00:00", with: "Z")) })
  }

  private static func failure(_ source: String, _ reason: String) -> ArtifactError {
    .client(
      Diagnostic(
        .environment, "cannot get AWS credentials from the \(source)", notes: [reason],
        remedies: ["check the source, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"]))
  }
}
