// SigningKeys: private keys of publishers. Hosts and schedulers only verify, and have no need for this module.

public import Artifacts
internal import Crypto
internal import Diagnostics
public import SystemSupport

/// An ed25519 private key in this process.
public struct PrivateKey: ManifestSigner {
  private let seed: [UInt8]
  public let publicKey: PublicKey

  /// The key of 32 secret bytes; nil if there are more or fewer.
  public init?(seed: [UInt8]) {
    // The only failure is a wrong length.
    guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed),
      let publicKey = PublicKey(bytes: Array(key.publicKey.rawRepresentation))
    else { return nil }
    self.seed = seed
    self.publicKey = publicKey
  }

  /// A new key.
  public static func generate() -> PrivateKey {
    let seed = Array(Curve25519.Signing.PrivateKey().rawRepresentation)
    guard let key = PrivateKey(seed: seed) else { preconditionFailure("a new key has 32 bytes") }
    return key
  }

  public func signature(over bytes: [UInt8]) throws(ArtifactError) -> [UInt8] {
    do {
      return Array(try Curve25519.Signing.PrivateKey(rawRepresentation: seed).signature(for: bytes))
    } catch {
      throw .client(Diagnostic(.defect, "cannot sign: \(error)"))
    }
  }

  // MARK: Files

  /// The DER of PrivateKeyInfo up to the seed (RFC 8410 section 7).
  private static let prefix: [UInt8] = [
    0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ]

  /// The key as a PEM file that OpenSSL and securesystemslib read: encrypted with a password (PKCS #8 with PBES2), or
  /// plain without one.
  public func pem(password: String?) throws -> String {
    let plain = Self.prefix + seed
    guard let password else { return PEM(label: "PRIVATE KEY", bytes: plain).text }
    return PEM(label: "ENCRYPTED PRIVATE KEY", bytes: try EncryptedKeyInfo.seal(plain, password: password)).text
  }

  /// Reads a PEM file.
  ///
  /// - Parameter password: is asked for the password of an encrypted key; nil if there is none.
  /// - Throws: `Diagnostic` for a file that is not an ed25519 private key, for a wrong or missing password, and for a
  ///   file that other users can read.
  public init(reading path: FilePath, password: () throws -> String?) throws {
    let text: String
    let status: FileStatus
    do throws(SystemCallError) {
      status = try FileSystem.status(of: path, followingLinks: true)
      text = try FileSystem.readText(path, limit: 1 << 16)
    } catch {
      throw Diagnostic(.environment, error.description)
    }
    guard status.permissions & 0o077 == 0 else {
      throw Diagnostic(
        .input, "other users can read the private key \"\(path)\"", remedies: ["run `chmod 600 \(path)`"])
    }
    func refuse(_ reason: String) -> Diagnostic {
      Diagnostic(
        .input, "cannot use the private key \"\(path)\": \(reason)",
        remedies: ["create a key with `kilt artifacts keygen`"])
    }
    guard var block = PEM(parsing: text) else { throw refuse("the file is not PEM") }
    if block.label == "ENCRYPTED PRIVATE KEY" {
      guard let password = try password() else {
        throw Diagnostic(
          .input, "the private key \"\(path)\" is encrypted, and no password is set",
          remedies: ["set KILT_SIGNING_PASSWORD, or KILT_SIGNING_PASSWORD_FILE"])
      }
      block = PEM(label: "PRIVATE KEY", bytes: try EncryptedKeyInfo.open(block.bytes, password: password, path: path))
    }
    // A key that contains its public half has more bytes after the seed (RFC 5958).
    guard block.label == "PRIVATE KEY", block.bytes.count >= Self.prefix.count + 32,
      block.bytes[7..<Self.prefix.count] == Self.prefix[7...],
      let key = PrivateKey(seed: Array(block.bytes[Self.prefix.count..<(Self.prefix.count + 32)]))
    else { throw refuse("it is not an ed25519 key") }
    self = key
  }
}
