import SystemSupport

/// An access key, from one of the places that AWS's own tools take it from.
struct AWSCredentials: Sendable, Hashable {
  var accessKey: String
  var secretKey: String
  /// Of temporary credentials.
  var sessionToken: String?
  /// Seconds since 1970; nil for keys that do not expire, or do not say.
  var expiration: Int64?
}

/// The settings that AWS's tools read: the environment, then the shared files (`~/.aws/credentials`, `~/.aws/config`) for
/// the profile `AWS_PROFILE`.
struct AWSEnvironment: Sendable {
  /// A variable that is set and not empty.
  var variable: @Sendable (String) -> String?

  /// This process's.
  static let process = AWSEnvironment { name in
    environmentVariable(name).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The keys in the variables and files; nil if there are none.
  func staticCredentials() throws(ArtifactError) -> AWSCredentials? {
    if let access = variable("AWS_ACCESS_KEY_ID"), let secret = variable("AWS_SECRET_ACCESS_KEY") {
      return AWSCredentials(accessKey: access, secretKey: secret, sessionToken: variable("AWS_SESSION_TOKEN"))
    }
    for values in [try credentialsSection(), try configurationSection()] {
      guard let access = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] else { continue }
      return AWSCredentials(accessKey: access, secretKey: secret, sessionToken: values["aws_session_token"])
    }
    return nil
  }

  /// The program of the profile that prints credentials; nil without one.
  func credentialProcess() throws(ArtifactError) -> String? {
    if let command = try credentialsSection()["credential_process"] { return command }
    return try configurationSection()["credential_process"]
  }

  func region() throws(ArtifactError) -> String? {
    if let region = variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") { return region }
    return try configurationSection()["region"]
  }

  /// The server to use instead of AWS.
  var endpoint: String? { variable("AWS_ENDPOINT_URL_S3") ?? variable("AWS_ENDPOINT_URL") }

  private var profile: String { variable("AWS_PROFILE") ?? "default" }

  private func credentialsSection() throws(ArtifactError) -> [String: String] {
    try section(profile, of: "AWS_SHARED_CREDENTIALS_FILE", otherwise: "credentials")
  }

  private func configurationSection() throws(ArtifactError) -> [String: String] {
    let name = profile == "default" ? "default" : "profile \(profile)"
    return try section(name, of: "AWS_CONFIG_FILE", otherwise: "config")
  }

  private func section(
    _ name: String, of pathVariable: String, otherwise file: String
  ) throws(ArtifactError) -> [String: String] {
    guard let path = variable(pathVariable) ?? variable("HOME").map({ "\($0)/.aws/\(file)" }) else { return [:] }
    do throws(SystemCallError) {
      return Self.section(name, of: try FileSystem.readText(FilePath(path), limit: 1 << 20))
    } catch {
      if error.isMissing { return [:] }
      throw .file(error)
    }
  }

  /// The `name = value` lines of one `[section]`.
  static func section(_ name: String, of text: String) -> [String: String] {
    var current = ""
    var values: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      let line = trimmed(line)
      if line.hasPrefix("[") {
        current = String(trimmed(line.dropFirst().prefix { $0 != "]" }))
      } else if current == name, !line.hasPrefix("#"), !line.hasPrefix(";"), let equals = line.firstIndex(of: "=") {
        values[trimmed(line[..<equals]).lowercased()] = String(trimmed(line[line.index(after: equals)...]))
      }
    }
    return values
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0.isWhitespace }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }
}
