import Digests

/// Writes the few kinds of protobuf fields that directory nodes have (protobuf.dev, "Encoding"). Fields of their default
/// value are left out, as canonical encodings do.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  mutating func string(_ number: UInt64, _ text: String) { if !text.isEmpty { data(number, Array(text.utf8)) } }

  mutating func flag(_ number: UInt64, _ value: Bool) {
    guard value else { return }
    varint(number << 3)
    varint(1)
  }

  mutating func number(_ number: UInt64, _ value: Int64) {
    guard value != 0 else { return }
    varint(number << 3)
    varint(UInt64(bitPattern: value))
  }

  mutating func message(_ number: UInt64, _ body: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    body(&inner)
    data(number, inner.bytes)
  }

  /// The fields of a `Digest`.
  mutating func reference(_ reference: BlobReference) {
    string(1, reference.digest.hex)
    number(2, reference.size)
  }

  private mutating func data(_ number: UInt64, _ data: [UInt8]) {
    varint(number << 3 | 2)
    varint(UInt64(data.count))
    bytes += data
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// A field of a protobuf message.
struct ProtobufField {
  var number: UInt64
  /// The bytes of a string or message; nil for a number.
  var data: ArraySlice<UInt8>?
  var value: UInt64 = 0

  /// The fields of a message; nil for bytes that are none, or that have kinds of fields not known here.
  static func all(in bytes: ArraySlice<UInt8>) -> [ProtobufField]? {
    var rest = bytes
    var fields: [ProtobufField] = []
    while !rest.isEmpty {
      guard let tag = varint(&rest) else { return nil }
      switch tag & 7 {
      case 0:
        guard let value = varint(&rest) else { return nil }
        fields.append(ProtobufField(number: tag >> 3, data: nil, value: value))
      case 2:
        guard let length = varint(&rest), length <= UInt64(rest.count) else { return nil }
        fields.append(ProtobufField(number: tag >> 3, data: rest.prefix(Int(length))))
        rest = rest.dropFirst(Int(length))
      default: return nil
      }
    }
    return fields
  }

  private static func varint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }
}

extension [ProtobufField] {
  func string(_ number: UInt64) -> String? {
    last { $0.number == number }?.data.flatMap { String(validating: $0, as: UTF8.self) }
  }

  func number(_ number: UInt64) -> UInt64? { last { $0.number == number && $0.data == nil }?.value }

  func reference(_ number: UInt64) -> BlobReference? {
    guard let data = last(where: { $0.number == number })?.data, let fields = ProtobufField.all(in: data),
      let digest = fields.string(1).flatMap({ SHA256Digest(hex: $0) })
    else { return nil }
    return BlobReference(digest, size: Int64(bitPattern: fields.number(2) ?? 0))
  }
}
