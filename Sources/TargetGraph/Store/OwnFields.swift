internal import BuildFiles
internal import Diagnostics
internal import Snapshot
internal import Workspace

/// The properties of a target besides its declaration.
struct OwnFields {
  /// The file in its address, from the package's directory.
  var file: String?
  /// The name after `#`.
  var generated: String?
  /// The parameters of its address, where `overrides` has given it other ones than its generator's.
  var parameters: [Address.Parameter]?
  var fields: [TargetDeclaration.Assignment] = []

  init(of target: Target) {
    file = target.address.file
    generated = target.address.generated
    let parameters = target.address.parameters
    if parameters != target.declaration.parameters { self.parameters = parameters }
    fields = target.ownFields
  }

  private static func source(_ file: String) -> TargetDeclaration.Assignment {
    TargetDeclaration.Assignment(name: "source", value: .string(file))
  }

  func encode(into writer: inout ByteWriter) {
    if file == nil, generated == nil, parameters == nil, fields.isEmpty { return }
    writer.write(optional: file) { $0.write($1) }
    writer.write(optional: generated) { $0.write($1) }
    writer.write(optional: parameters) { writer, parameters in
      writer.write(list: parameters) { writer, parameter in
        writer.write(parameter.key)
        writer.write(parameter.value)
      }
    }
    // Nearly always the first field equals a part of the address: then it is not written.
    let repeatsFile = file.map { fields.first == Self.source($0) } ?? false
    writer.write(repeatsFile)
    writer.write(list: repeatsFile ? fields.dropFirst() : fields[...]) { writer, field in field.encode(into: &writer) }
  }

  init(_ bytes: UnsafeRawBufferPointer) {
    if bytes.isEmpty { return }
    var reader = ByteReader(bytes)
    do throws(SnapshotError) {
      file = try reader.optional { reader throws(SnapshotError) in try reader.string() }
      generated = try reader.optional { reader throws(SnapshotError) in try reader.string() }
      parameters = try reader.optional { reader throws(SnapshotError) in
        try reader.list { reader throws(SnapshotError) in
          Address.Parameter(key: try reader.string(), value: try reader.string())
        }
      }
      if try reader.bool(), let file { fields = [Self.source(file)] }
      fields += try reader.list { reader throws(SnapshotError) in try TargetDeclaration.Assignment(from: &reader) }
    } catch {
      // The section's checksum held, so these are the bytes that this program wrote.
      preconditionFailure("the fields of a target in the state cannot be decoded")
    }
  }
}

extension GraphStore {
  /// The warnings about a BUILD directory.
  func warnings(ofPackage number: Int) -> [Diagnostic] {
    let span = packages[number].warnings
    if span.count == 0 { return [] }
    var reader = ByteReader(declarationBytes(span))
    guard
      let found = try? reader.list({ reader throws(SnapshotError) in try Diagnostic(from: &reader) })
    else { preconditionFailure("the warnings in the state cannot be decoded") }
    return found
  }
}

extension Diagnostic {
  /// Writes the facts for the snapshot; the blame is the input's.
  func encode(into writer: inout ByteWriter) {
    writer.write(summary)
    writer.write(optional: location) { writer, location in
      writer.write(location.path)
      writer.write(location.line)
      writer.write(optional: location.column) { $0.write($1) }
      writer.write(location.length)
      writer.write(optional: location.lineText) { $0.write($1) }
    }
    writer.write(list: notes) { $0.write($1) }
    writer.write(list: remedies) { $0.write($1) }
  }

  /// Reads the facts of the snapshot.
  init(from reader: inout ByteReader) throws(SnapshotError) {
    let text = { (reader: inout ByteReader) throws(SnapshotError) -> String in try reader.string() }
    let number = { (reader: inout ByteReader) throws(SnapshotError) -> Int in try reader.int() }
    let summary = try reader.string()
    let location = try reader.optional { reader throws(SnapshotError) in
      SourceLocation(
        path: try reader.string(), line: try reader.int(), column: try reader.optional(number),
        length: try reader.int(), lineText: try reader.optional(text))
    }
    self.init(.input, summary, at: location, notes: try reader.list(text), remedies: try reader.list(text))
  }
}
