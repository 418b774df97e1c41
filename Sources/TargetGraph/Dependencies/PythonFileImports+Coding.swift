internal import PythonImports
internal import Snapshot

/// Imports in the snapshot. If you add a property to one of these types, add it here as well: ImportsCodingTests
/// compares the stored values with the restored ones.
extension PythonFileImports {
  func encode(into writer: inout ByteWriter) {
    writer.write(isBlank)
    writer.write(list: imports) { writer, entry in entry.encode(into: &writer) }
    writer.write(list: assets) { writer, text in text.encode(into: &writer) }
    writer.write(list: explicitDependencies) { writer, text in text.encode(into: &writer) }
  }

  init(from reader: inout ByteReader) throws(SnapshotError) {
    self.init()
    isBlank = try reader.bool()
    imports = try reader.list { reader throws(SnapshotError) in try PythonImport(from: &reader) }
    assets = try reader.list { reader throws(SnapshotError) in try LineText(from: &reader) }
    explicitDependencies = try reader.list { reader throws(SnapshotError) in try LineText(from: &reader) }
  }
}

extension PythonImport {
  fileprivate func encode(into writer: inout ByteWriter) {
    writer.write(module)
    writer.write(optional: name) { $0.write($1) }
    writer.write(level)
    writer.write(line)
    writer.write(Int(form.rawValue))
    writer.write((isWeak ? 1 : 0) + (isTypeCheckingOnly ? 2 : 0))
  }

  fileprivate init(from reader: inout ByteReader) throws(SnapshotError) {
    let module = try reader.string()
    let name = try reader.optional { reader throws(SnapshotError) in try reader.string() }
    let (level, line) = (try reader.int(), try reader.int())
    guard let form = UInt8(exactly: try reader.int()).flatMap(Form.init(rawValue:)) else {
      throw .damaged("an import")
    }
    self.init(module: module, name: name, level: level, line: line, form: form)
    let flags = try reader.int()
    isWeak = flags & 1 != 0
    isTypeCheckingOnly = flags & 2 != 0
  }
}

extension LineText {
  fileprivate func encode(into writer: inout ByteWriter) {
    writer.write(text)
    writer.write(line)
  }

  fileprivate init(from reader: inout ByteReader) throws(SnapshotError) {
    self.init(text: try reader.string(), line: try reader.int())
  }
}
