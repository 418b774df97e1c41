import Digests
public import JSON

/// A DSSE envelope: bytes of a type, and signatures over both (secure-systems-lab/dsse: protocol.md, envelope.md).
public struct Envelope: Sendable, Hashable {
  /// A signature of one key.
  public struct Signature: Sendable, Hashable {
    /// The key that signed, or empty. A signature that names another key than the one it verifies with does not count.
    public var keyID: String
    public var bytes: [UInt8]

    public init(keyID: String, bytes: [UInt8]) {
      self.keyID = keyID
      self.bytes = bytes
    }
  }

  /// The payload type of in-toto statements.
  public static let inToto = "application/vnd.in-toto+json"
  static let maximumSignatures = 32

  public var payloadType: String
  public var payload: [UInt8]
  public var signatures: [Signature]

  public init(payloadType: String = Envelope.inToto, payload: [UInt8], signatures: [Signature] = []) {
    self.payloadType = payloadType
    self.payload = payload
    self.signatures = signatures
  }

  /// The bytes that are signed: the pre-authentication encoding of type and payload.
  public var signedBytes: [UInt8] {
    Array("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ".utf8) + payload
  }

  /// Adds the signature of a key. A second signature of one key replaces the first.
  public mutating func sign(with signer: any ManifestSigner) throws(ArtifactError) {
    let signature = Signature(keyID: signer.publicKey.keyID, bytes: try signer.signature(over: signedBytes))
    signatures.removeAll { $0.keyID == signature.keyID }
    signatures.append(signature)
  }

  /// Returns the keys of `keys` that one of the signatures verifies with, in their order.
  public func verified(by keys: [PublicKey]) -> [PublicKey] {
    let message = signedBytes
    return keys.filter { key in
      signatures.prefix(Self.maximumSignatures).contains { signature in
        (signature.keyID.isEmpty || signature.keyID == key.keyID) && key.verifies(signature.bytes, over: message)
      }
    }
  }

  public var json: JSONValue {
    .members([
      "payload": .string(Base64.encode(payload)), "payloadType": .string(payloadType),
      "signatures": .array(
        signatures.map { .members(["keyid": .string($0.keyID), "sig": .string(Base64.encode($0.bytes))]) }),
    ])
  }

  /// Reads an envelope in the form that securesystemslib writes; nil for anything else.
  public init?(parsing value: JSONValue) {
    guard let type = value["payloadType"]?.string,
      let payload = value["payload"]?.string.flatMap({ Base64.decode($0) }),
      let listed = value["signatures"]?.array, listed.count <= Self.maximumSignatures
    else { return nil }
    let signatures = listed.compactMap { entry -> Signature? in
      guard let bytes = entry["sig"]?.string.flatMap({ Base64.decode($0) }) else { return nil }
      return Signature(keyID: entry["keyid"]?.string ?? "", bytes: bytes)
    }
    guard signatures.count == listed.count else { return nil }
    self.init(payloadType: type, payload: payload, signatures: signatures)
  }
}

/// A private key, wherever it is kept.
public protocol ManifestSigner: Sendable {
  /// The key that verifies this key's signatures.
  var publicKey: PublicKey { get }
  /// Returns the ed25519 signature over some bytes: 64 bytes.
  func signature(over bytes: [UInt8]) throws(ArtifactError) -> [UInt8]
}
