/// Turns a sequence of typed fields into bytes such that different sequences never give the same bytes: each field has
/// a tag and its length before it. For keys that are hashed, not for storage that is read back.
public struct CanonicalEncoder: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func append(_ text: String) {
    header(UInt8(ascii: "s"), UInt64(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  public mutating func append(_ data: [UInt8]) {
    header(UInt8(ascii: "b"), UInt64(data.count))
    bytes.append(contentsOf: data)
  }

  public mutating func append(_ number: Int64) { header(UInt8(ascii: "i"), UInt64(bitPattern: number)) }

  public mutating func append(_ flag: Bool) { header(UInt8(ascii: "t"), flag ? 1 : 0) }

  public mutating func append(_ digest: SHA256Digest) {
    bytes.append(UInt8(ascii: "d"))
    bytes.append(contentsOf: digest.bytes)
  }

  /// A list: its count, then each element's own fields.
  public mutating func append<Element>(
    list elements: some Collection<Element>, _ body: (inout CanonicalEncoder, Element) -> Void
  ) {
    header(UInt8(ascii: "l"), UInt64(elements.count))
    for element in elements { body(&self, element) }
  }

  public mutating func append(strings: some Collection<String>) { append(list: strings) { $0.append($1) } }

  /// The digest of all appended fields.
  public var digest: SHA256Digest { .of(bytes) }

  private mutating func header(_ tag: UInt8, _ number: UInt64) {
    bytes.append(tag)
    for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
  }
}
