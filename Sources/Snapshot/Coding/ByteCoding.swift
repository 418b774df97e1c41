/// Writes values one after the other, for ``ByteReader``.
public struct ByteWriter {
  /// The written bytes.
  public private(set) var bytes: [UInt8] = []

  /// An empty writer.
  public init() {}

  /// Empties the writer but keeps its memory.
  public mutating func reset() { bytes.removeAll(keepingCapacity: true) }

  /// A number of any size, small ones in one byte (LEB128).
  public mutating func write(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// A count or an offset, which is never negative.
  public mutating func write(_ value: Int) { write(UInt64(value)) }

  /// A number that can be negative.
  public mutating func write(signed value: Int64) {
    write(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }

  /// A truth value.
  public mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }

  /// A text.
  public mutating func write(_ text: String) {
    var text = text
    text.withUTF8 { buffer in
      write(buffer.count)
      bytes.append(contentsOf: buffer)
    }
  }

  /// Bytes.
  public mutating func write(_ data: [UInt8]) {
    write(data.count)
    bytes.append(contentsOf: data)
  }

  /// Elements with their number.
  public mutating func write<Element>(
    list: some Collection<Element>, _ body: (inout ByteWriter, Element) -> Void
  ) {
    write(list.count)
    for element in list { body(&self, element) }
  }

  /// A value that can be missing.
  public mutating func write<Value>(optional value: Value?, _ body: (inout ByteWriter, Value) -> Void) {
    write(value != nil)
    if let value { body(&self, value) }
  }
}

/// Reads the output of ``ByteWriter``. Bytes that end early or are invalid are errors, never a trap.
public struct ByteReader {
  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  /// A reader of these bytes, which must stay as long as it is used.
  public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// Whether all bytes were read.
  public var isAtEnd: Bool { position == bytes.count }

  private var damage: SnapshotError { .damaged("a record") }

  private mutating func byte() throws(SnapshotError) -> UInt8 {
    guard position < bytes.count else { throw damage }
    defer { position += 1 }
    return bytes[position]
  }

  /// A number.
  public mutating func unsigned() throws(SnapshotError) -> UInt64 {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let next = try byte()
      result |= UInt64(next & 0x7F) << shift
      if next < 0x80 { return result }
      shift += 7
      if shift > 63 { throw damage }
    }
  }

  /// A count or an offset.
  public mutating func int() throws(SnapshotError) -> Int {
    guard let value = Int(exactly: try unsigned()) else { throw damage }
    return value
  }

  /// A number that can be negative.
  public mutating func signed() throws(SnapshotError) -> Int64 {
    let value = try unsigned()
    return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
  }

  /// A truth value.
  public mutating func bool() throws(SnapshotError) -> Bool { try byte() != 0 }

  /// A text.
  public mutating func string() throws(SnapshotError) -> String {
    let count = try int()
    guard count <= bytes.count - position else { throw damage }
    defer { position += count }
    return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)]), as: UTF8.self)
  }

  /// Bytes.
  public mutating func data() throws(SnapshotError) -> [UInt8] {
    let count = try int()
    guard count <= bytes.count - position else { throw damage }
    defer { position += count }
    return [UInt8](UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)]))
  }

  /// Elements.
  public mutating func list<Element>(
    _ body: (inout ByteReader) throws(SnapshotError) -> Element
  ) throws(SnapshotError) -> [Element] {
    let count = try int()
    // Each element takes a byte at least: a damaged count must not allocate without bound.
    guard count <= bytes.count - position else { throw damage }
    var result: [Element] = []
    result.reserveCapacity(count)
    for _ in 0..<count { result.append(try body(&self)) }
    return result
  }

  /// A value that can be missing.
  public mutating func optional<Value>(
    _ body: (inout ByteReader) throws(SnapshotError) -> Value
  ) throws(SnapshotError) -> Value? {
    try bool() ? try body(&self) : nil
  }

  /// A value of an enumeration by its raw value.
  public mutating func choice<Value: RawRepresentable<String>>(_ type: Value.Type) throws(SnapshotError) -> Value {
    guard let value = Value(rawValue: try string()) else { throw damage }
    return value
  }
}
