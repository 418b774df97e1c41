public import Artifacts
internal import Diagnostics
public import SystemSupport

/// The source of a publisher's key: a file, or a command with its public key. The variables are for CI.
///
/// | variable | meaning |
/// |---|---|
/// | `KILT_SIGNING_KEY` | a PEM file with a private key |
/// | `KILT_SIGNING_PASSWORD`, `KILT_SIGNING_PASSWORD_FILE` | its password |
/// | `KILT_SIGNING_COMMAND` | a command that signs |
/// | `KILT_SIGNING_PUBLIC_KEY` | the public key of that command: a PEM file, or `ed25519:BASE64` |
public struct SigningKeySource: Sendable {
  private let key: String?
  private let command: String?
  private let publicKey: String?

  /// - Parameters: the values of options; otherwise the variables count.
  public init(key: String? = nil, command: String? = nil, publicKey: String? = nil) {
    func variable(_ name: String) -> String? { environmentVariable(name).flatMap { $0.isEmpty ? nil : $0 } }
    let isGiven = key != nil || command != nil
    self.key = isGiven ? key : variable("KILT_SIGNING_KEY")
    self.command = isGiven ? command : variable("KILT_SIGNING_COMMAND")
    self.publicKey = publicKey ?? variable("KILT_SIGNING_PUBLIC_KEY")
  }

  /// The key; nil if none is configured.
  ///
  /// - Throws: `Diagnostic` for a key that cannot be used.
  public func signer(relativeTo folder: FilePath) throws -> (any ManifestSigner)? {
    switch (key, command) {
    case (nil, nil): return nil
    case (.some, .some):
      throw Diagnostic(
        .input, "a signing key and a signing command are given", remedies: ["unset one of both"])
    case (let key?, nil): return try PrivateKey(reading: folder.pushing(FilePath(key)), password: Self.password)
    case (nil, let command?):
      guard let publicKey else {
        throw Diagnostic(
          .input, "the signing command has no public key", remedies: ["set KILT_SIGNING_PUBLIC_KEY to its PEM file"])
      }
      return KeyCommand(command, publicKey: try Self.publicKey(publicKey, relativeTo: folder))
    }
  }

  /// The public key in a text or a PEM file.
  public static func publicKey(_ text: String, relativeTo folder: FilePath) throws -> PublicKey {
    if let key = PublicKey(parsing: text) { return key }
    do throws(SystemCallError) {
      if let key = PublicKey(parsing: try FileSystem.readText(folder.pushing(FilePath(text)), limit: 1 << 16)) {
        return key
      }
    } catch {
      throw Diagnostic(.input, error.description, remedies: ["name a PEM file, or write ed25519:BASE64"])
    }
    throw Diagnostic(.input, "\"\(text)\" is not an ed25519 public key")
  }

  /// The password of an encrypted key.
  public static func password() throws -> String? {
    if let password = environmentVariable("KILT_SIGNING_PASSWORD"), !password.isEmpty { return password }
    guard let path = environmentVariable("KILT_SIGNING_PASSWORD_FILE"), !path.isEmpty else { return nil }
    do throws(SystemCallError) {
      let text = try FileSystem.readText(FilePath(path), limit: 1 << 16)
      return String(text.prefix { !$0.isNewline })
    } catch {
      throw Diagnostic(.environment, error.description)
    }
  }
}
