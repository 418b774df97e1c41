import Crypto
import Digests
import JSON

/// An ed25519 key that verifies signatures (RFC 8032).
public struct PublicKey: Sendable, Hashable {
  /// 32 bytes.
  public let bytes: [UInt8]
  /// The name of the key in signatures: the one that securesystemslib computes, the SHA-256 of the canonical JSON of the
  /// key, in hexadecimal digits.
  public let keyID: String

  /// The key; nil if there are not 32 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
    let value = JSONValue.members([
      "keytype": "ed25519", "keyval": .members(["public": .string(String(hexadecimal: bytes))]), "scheme": "ed25519",
    ])
    keyID = SHA256Digest.of(value.bytes(.canonical)).hex
  }

  /// The key in a text: PEM (`PUBLIC KEY`, RFC 8410), or `ed25519:` and 32 bytes in base64.
  public init?(parsing text: String) {
    if let line = Self.afterScheme(text) {
      guard let bytes = Base64.decode(line) else { return nil }
      self.init(bytes: bytes)
    } else {
      guard let block = PEM(parsing: text), block.label == "PUBLIC KEY", block.bytes.starts(with: Self.prefix) else {
        return nil
      }
      self.init(bytes: Array(block.bytes.dropFirst(Self.prefix.count)))
    }
  }

  private static func afterScheme(_ text: String) -> String? {
    guard text.hasPrefix("ed25519:") else { return nil }
    return String(text.dropFirst(8).filter { !$0.isWhitespace })
  }

  /// `ed25519:` and the bytes in base64: one line for a configuration file.
  public var text: String { "ed25519:" + Base64.encode(bytes) }

  /// The key as a PEM file that OpenSSL and securesystemslib read.
  public var pem: String { PEM(label: "PUBLIC KEY", bytes: Self.prefix + bytes).text }

  /// The DER of SubjectPublicKeyInfo up to the key's bytes (RFC 8410 section 4).
  private static let prefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]

  /// Whether the private key of this key signed some bytes.
  public func verifies(_ signature: [UInt8], over message: [UInt8]) -> Bool {
    do {
      return try Curve25519.Signing.PublicKey(rawRepresentation: bytes).isValidSignature(signature, for: message)
    } catch {
      // Bytes that are not a point of the curve verify nothing.
      return false
    }
  }
}

/// A block of PEM (RFC 7468): a label and bytes.
public struct PEM: Sendable, Hashable {
  public var label: String
  public var bytes: [UInt8]

  public init(label: String, bytes: [UInt8]) {
    self.label = label
    self.bytes = bytes
  }

  /// The first block of a text; nil for a text without a well-formed block.
  public init?(parsing text: String) {
    let lines = text.split(whereSeparator: \.isNewline).map { line in
      var line = line.drop(while: \.isWhitespace)
      while line.last?.isWhitespace == true { line.removeLast() }
      return line
    }
    guard let start = lines.firstIndex(where: { $0.hasPrefix("-----BEGIN ") && $0.hasSuffix("-----") }) else {
      return nil
    }
    let label = lines[start].dropFirst(11).dropLast(5)
    guard let end = lines[start...].firstIndex(of: "-----END \(label)-----") else { return nil }
    guard let bytes = Base64.decode(lines[(start + 1)..<end].joined()) else { return nil }
    self.init(label: String(label), bytes: bytes)
  }

  /// The block with its first and last line, 64 characters a line.
  public var text: String {
    var lines: [String] = []
    var rest = Base64.encode(bytes)[...]
    while !rest.isEmpty {
      lines.append(String(rest.prefix(64)))
      rest = rest.dropFirst(64)
    }
    return (["-----BEGIN \(label)-----"] + lines + ["-----END \(label)-----"]).joined(separator: "\n") + "\n"
  }
}
