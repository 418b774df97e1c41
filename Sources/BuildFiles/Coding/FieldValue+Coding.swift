public import Snapshot

extension FieldValue {
  /// Writes the value for the snapshot.
  func encode(into writer: inout ByteWriter) {
    func entries(_ list: [Entry]) {
      writer.write(list: list) { writer, entry in
        entry.key.encode(into: &writer)
        entry.value.encode(into: &writer)
      }
    }
    switch self {
    case .none: writer.write(0)
    case .bool(let value):
      writer.write(1)
      writer.write(value)
    case .int(let value):
      writer.write(2)
      writer.write(signed: value)
    case .double(let value):
      writer.write(3)
      writer.write(value.bitPattern)
    case .string(let text):
      writer.write(4)
      writer.write(text)
    case .list(let values):
      writer.write(5)
      writer.write(list: values) { $1.encode(into: &$0) }
    case .map(let list):
      writer.write(6)
      entries(list)
    case .object(let name, let list):
      writer.write(7)
      writer.write(name)
      entries(list)
    case .alternatives(let list):
      writer.write(8)
      entries(list)
    case .group(let name, let list):
      writer.write(9)
      writer.write(name)
      entries(list)
    }
  }

  /// Reads a value of the snapshot.
  init(from reader: inout ByteReader, depth: Int = 0) throws(SnapshotError) {
    // Written values are as deep as Starlark allows; damaged bytes can be anything.
    guard depth < 1000 else { throw .damaged("a field") }
    func entries(_ reader: inout ByteReader) throws(SnapshotError) -> [Entry] {
      try reader.list { reader throws(SnapshotError) in
        Entry(
          key: try FieldValue(from: &reader, depth: depth + 1), value: try FieldValue(from: &reader, depth: depth + 1))
      }
    }
    switch try reader.unsigned() {
    case 0: self = .none
    case 1: self = .bool(try reader.bool())
    case 2: self = .int(try reader.signed())
    case 3: self = .double(Double(bitPattern: try reader.unsigned()))
    case 4: self = .string(try reader.string())
    case 5:
      self = .list(
        try reader.list { reader throws(SnapshotError) in try FieldValue(from: &reader, depth: depth + 1) })
    case 6: self = .map(try entries(&reader))
    case 7:
      let name = try reader.string()
      self = .object(name, try entries(&reader))
    case 8: self = .alternatives(try entries(&reader))
    case 9:
      let name = try reader.string()
      self = .group(name, try entries(&reader))
    default: throw .damaged("a field")
    }
  }
}

extension TargetDeclaration.Assignment {
  /// Writes the assignment for the snapshot.
  public func encode(into writer: inout ByteWriter) {
    writer.write(name)
    value.encode(into: &writer)
  }

  /// Reads an assignment of the snapshot.
  public init(from reader: inout ByteReader) throws(SnapshotError) {
    self.init(name: try reader.string(), value: try FieldValue(from: &reader))
  }
}
