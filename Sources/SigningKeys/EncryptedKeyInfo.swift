internal import Crypto
internal import CryptoExtras
internal import Diagnostics
internal import SystemSupport

/// PKCS #8 EncryptedPrivateKeyInfo with PBES2: PBKDF2 with HMAC-SHA-256, AES-256 in CBC mode (RFC 5958, RFC 8018).
enum EncryptedKeyInfo {
  private static let iterations = 210_000
  private static let pbes2: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0D]
  private static let pbkdf2: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0C]
  private static let hmacSHA256: [UInt8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x02, 0x09]
  private static let aes256: [UInt8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2A]

  /// Returns the DER of a key, encrypted.
  static func seal(_ plain: [UInt8], password: String) throws -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    let salt = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let vector = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let key = try derive(password, salt: salt, iterations: iterations)
    let encrypted = Array(try AES._CBC.encrypt(plain, using: key, iv: try AES._CBC.IV(ivBytes: vector)))
    let function = DER.sequence([DER.identifier(hmacSHA256), DER.null])
    let derivation = DER.sequence([
      DER.identifier(pbkdf2),
      DER.sequence([DER.octets(salt), DER.integer(iterations), function]),
    ])
    let cipher = DER.sequence([DER.identifier(aes256), DER.octets(vector)])
    let algorithm = DER.sequence([DER.identifier(pbes2), DER.sequence([derivation, cipher])])
    return DER.sequence([algorithm, DER.octets(encrypted)])
  }

  /// Returns the DER of the key inside.
  ///
  /// - Throws: `Diagnostic` for another algorithm, or a wrong password.
  static func open(_ bytes: [UInt8], password: String, path: FilePath) throws -> [UInt8] {
    let unknown = Diagnostic(
      .input, "cannot use the private key \"\(path)\": it is encrypted in another way than PBES2 with AES-256-CBC",
      remedies: ["convert it: `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256`"])
    guard let outer = DER.children(of: bytes), outer.count == 2, let algorithm = outer[0].children,
      algorithm.count == 2, algorithm[0].content == pbes2, let parameters = algorithm[1].children,
      parameters.count == 2,
      let derivation = parameters[0].children, derivation.count == 2, derivation[0].content == pbkdf2,
      let settings = derivation[1].children, settings.count >= 2, let iterations = settings[1].integer,
      (1...10_000_000).contains(iterations), let cipher = parameters[1].children, cipher.count == 2,
      cipher[0].content == aes256, let function = settings.last?.children, function.first?.content == hmacSHA256
    else { throw unknown }
    let key = try derive(password, salt: settings[0].content, iterations: iterations)
    do {
      return Array(
        try AES._CBC.decrypt(outer[1].content, using: key, iv: try AES._CBC.IV(ivBytes: cipher[1].content)))
    } catch {
      throw Diagnostic(.input, "the password of the private key \"\(path)\" is wrong")
    }
  }

  private static func derive(_ password: String, salt: [UInt8], iterations: Int) throws -> SymmetricKey {
    try KDF.Insecure.PBKDF2.deriveKey(
      from: Array(password.utf8), salt: salt, using: .sha256, outputByteCount: 32, unsafeUncheckedRounds: iterations)
  }
}

/// The few forms of DER that a private key consists of.
enum DER {
  struct Element {
    var tag: UInt8
    var content: [UInt8]

    var children: [Element]? { tag == 0x30 ? DER.elements(of: content) : nil }
    var integer: Int? {
      guard tag == 0x02, (1...8).contains(content.count), content[0] < 0x80 else { return nil }
      return content.reduce(0) { $0 << 8 | Int($1) }
    }
  }

  static let null: [UInt8] = [0x05, 0x00]
  static func sequence(_ parts: [[UInt8]]) -> [UInt8] { element(0x30, parts.flatMap(\.self)) }
  static func identifier(_ bytes: [UInt8]) -> [UInt8] { element(0x06, bytes) }
  static func octets(_ bytes: [UInt8]) -> [UInt8] { element(0x04, bytes) }

  static func integer(_ value: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    repeat {
      bytes.insert(UInt8(truncatingIfNeeded: rest), at: 0)
      rest >>= 8
    } while rest > 0
    if bytes[0] >= 0x80 { bytes.insert(0, at: 0) }
    return element(0x02, bytes)
  }

  private static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    let count = content.count
    let length: [UInt8] =
      count < 128
      ? [UInt8(count)] : count < 256 ? [0x81, UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 255)]
    return [tag] + length + content
  }

  /// The elements inside of one sequence; nil for anything else.
  static func children(of bytes: [UInt8]) -> [Element]? {
    guard let elements = elements(of: bytes), elements.count == 1 else { return nil }
    return elements[0].children
  }

  static func elements(of bytes: [UInt8]) -> [Element]? {
    var rest = bytes[...]
    var found: [Element] = []
    while let tag = rest.popFirst() {
      guard let first = rest.popFirst() else { return nil }
      var length = Int(first)
      if first >= 0x80 {
        let count = Int(first & 0x7F)
        guard (1...3).contains(count), rest.count >= count else { return nil }
        length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(count)
      }
      guard rest.count >= length else { return nil }
      found.append(Element(tag: tag, content: Array(rest.prefix(length))))
      rest = rest.dropFirst(length)
    }
    return found
  }
}
