/// Percent-encoding (RFC 3986 section 2.1).
enum PercentEncoding {
  /// Every byte but the unreserved ones (letters, digits, `-._~`) encoded, and `/` kept where asked for.
  static func encode(_ text: some StringProtocol, keepingSlashes: Bool = false) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    for byte in text.utf8 {
      if isUnreserved(byte) || (keepingSlashes && byte == UInt8(ascii: "/")) {
        encoded.append(byte)
      } else {
        encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }

  /// The text with its `%XX` replaced; nil when one is malformed or the result is not UTF-8.
  static func decode(_ text: some StringProtocol) -> String? {
    var decoded: [UInt8] = []
    var bytes = Array(text.utf8)[...]
    while let byte = bytes.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        decoded.append(byte)
        continue
      }
      guard bytes.count >= 2, let value = UInt8(String(decoding: bytes.prefix(2), as: UTF8.self), radix: 16) else {
        return nil
      }
      decoded.append(value)
      bytes = bytes.dropFirst(2)
    }
    return String(validating: decoded, as: UTF8.self)
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    ArtifactName.isWord(byte) || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "~")].contains(byte)
  }
}
