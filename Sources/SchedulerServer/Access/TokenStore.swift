internal import Diagnostics
internal import Digests
internal import Glibc
internal import JSON
internal import JobModel
internal import SchedulerAccess
internal import Synchronization
internal import SystemSupport

/// A named token as the server keeps it: never the token, only its digest.
struct NamedToken: Sendable, Hashable {
  var name: String
  var digest: SHA256Digest
  var rights: Set<AccessRight>
  var createdAt: Timestamp
  var createdBy: String
  var expiresAt: Timestamp?

  func isValid(at time: Timestamp) -> Bool { expiresAt.map { time < $0 } ?? true }
}

/// The tokens of a scheduler: `tokens.json` in the state directory, readable by its owner only.
final class TokenStore: Sendable {
  private struct State {
    var byDigest: [SHA256Digest: NamedToken] = [:]
    var lastUse: [String: Timestamp] = [:]
  }

  private let path: FilePath
  private let now: @Sendable () -> Timestamp
  private let state: Mutex<State>
  static let largestNumber = 10_000

  /// Reads the tokens of a state directory.
  ///
  /// - Throws: `Diagnostic` when another user owns the file or can read it, or when it is damaged: to start with fewer
  ///   tokens than before would be a surprise, with other ones a danger.
  init(stateDirectory: FilePath, now: @escaping @Sendable () -> Timestamp) throws {
    path = stateDirectory.appending("tokens.json")
    self.now = now
    var state = State()
    if FileSystem.exists(path) {
      try PrivateFileCheck.check(path, what: "file of tokens")
      do {
        let json = try JSONValue(parsing: FileSystem.read(path, limit: 64 << 20))
        for value in json["tokens"]?.array ?? [] {
          let token = try NamedToken(json: value)
          state.byDigest[token.digest] = token
        }
      } catch let error as SystemCallError {
        throw error
      } catch {
        throw Diagnostic(
          .environment, "the file of tokens \"\(path)\" is damaged", notes: ["\(error)"],
          remedies: ["restore it from a backup, or remove it and create new tokens with `kilt token create`"])
      }
    }
    self.state = Mutex(state)
  }

  /// All tokens, by name, and when each was last used since the server started.
  func list() -> [(token: NamedToken, lastUse: Timestamp?)] {
    state.withLock { state in
      state.byDigest.values.sorted { $0.name < $1.name }.map { ($0, state.lastUse[$0.name]) }
    }
  }

  /// The token with this text; nil when it is unknown, revoked or expired.
  func token(_ text: String) -> NamedToken? {
    let digest = SHA256Digest.of(text)
    let time = now()
    return state.withLock { state in
      // The digest of a secret of 256 bits: the duration of the lookup reveals nothing about the secret.
      guard let token = state.byDigest[digest], token.isValid(at: time) else { return nil }
      state.lastUse[token.name] = time
      return token
    }
  }

  /// Whether the token with a digest is neither revoked nor expired.
  func isValid(_ digest: SHA256Digest) -> Bool {
    let time = now()
    return state.withLock { $0.byDigest[digest]?.isValid(at: time) ?? false }
  }

  /// Creates a token and returns its text, which is not kept. Blocks on the disk.
  func create(name: String, rights: Set<AccessRight>, lifetime: Duration?, by user: String) throws -> String {
    guard JobKey.isIdentifier(name), name.utf8.count <= 64 else {
      throw Diagnostic(
        .input, "invalid token name \"\(name)\"", remedies: ["use at most 64 letters, digits, \"_\", \".\" and \"-\""])
    }
    guard !rights.isEmpty else { throw Diagnostic(.input, "a token needs a right") }
    let text = "kilt_" + (try Self.secret())
    let time = now()
    let token = NamedToken(
      name: name, digest: SHA256Digest.of(text), rights: rights, createdAt: time, createdBy: user,
      expiresAt: lifetime.map { time + $0 })
    try state.withLock { state in
      guard !state.byDigest.values.contains(where: { $0.name == name }) else { throw NameTaken(name: name) }
      guard state.byDigest.count < Self.largestNumber else {
        throw Diagnostic(
          .input, "the limit of \(Self.largestNumber) tokens is reached",
          remedies: ["run `kilt token revoke NAME` to revoke some"])
      }
      var tokens = state.byDigest
      tokens[token.digest] = token
      try write(tokens)
      state.byDigest = tokens
    }
    return text
  }

  /// Forgets a token; false when there is none of that name. Blocks on the disk.
  func revoke(name: String) throws -> Bool {
    try state.withLock { state in
      let tokens = state.byDigest.filter { $0.value.name != name }
      if tokens.count == state.byDigest.count { return false }
      // A full disk does not keep a token valid: it is forgotten here in any case, and the error says that the file
      // still has it.
      state.byDigest = tokens
      state.lastUse[name] = nil
      try write(tokens)
      return true
    }
  }

  private func write(_ tokens: [SHA256Digest: NamedToken]) throws(SystemCallError) {
    let json: JSONValue = ["tokens": .array(tokens.values.sorted { $0.name < $1.name }.map(\.json))]
    try FileSystem.write(text: json.text(.pretty) + "\n", to: path, permissions: 0o600, durability: .durable)
  }

  /// 32 random bytes in hexadecimal (getentropy(3)).
  static func secret() throws(SystemCallError) -> String {
    var bytes = [UInt8](repeating: 0, count: 32)
    if getentropy(&bytes, bytes.count) != 0 { throw SystemCallError("getentropy", nil, .ioError) }
    return String(hexadecimal: bytes)
  }
}

/// Another token has the name.
struct NameTaken: Error {
  var name: String
}

extension NamedToken {
  init(json: JSONValue) throws {
    guard let name = json["name"]?.string, let digest = json["digest"]?.string.flatMap({ SHA256Digest(hex: $0) }),
      let rights = json["rights"]?.strings, let created = json["created"]?.int
    else { throw Diagnostic(.environment, "a token lacks its name, digest, rights or time") }
    self.init(
      name: name, digest: digest, rights: Set(try rights.map { try AccessRight(parsing: $0) }),
      createdAt: Timestamp(milliseconds: created), createdBy: json["created_by"]?.string ?? "",
      expiresAt: json["expires"]?.int.map { Timestamp(milliseconds: $0) })
  }

  var json: JSONValue {
    var object = JSONObject([
      ("name", .string(name)), ("digest", .string(digest.hex)),
      ("rights", .strings(rights.map(\.description).sorted())),
      ("created", .int(createdAt.milliseconds)), ("created_by", .string(createdBy)),
    ])
    if let expiresAt { object["expires"] = .int(expiresAt.milliseconds) }
    return .object(object)
  }
}
