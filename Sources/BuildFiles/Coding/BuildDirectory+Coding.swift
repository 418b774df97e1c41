public import Snapshot
internal import Starlark

/// BUILD directories in the snapshot. If you add a property to one of these types, add it here as well:
/// PackageCodingTests compares the stored values with the restored ones.
extension BuildDirectory {
  /// Writes the package, with the texts of its BUILD files, which messages show.
  public func encode(into writer: inout ByteWriter) {
    var sources = SourceTable()
    for target in targets { sources.add(target.site.source) }
    for rules in visibility { sources.add(rules.site.source) }
    writer.write(list: sources.files) { writer, file in
      writer.write(file.name)
      writer.write(file.bytes)
    }
    writer.write(directory)
    writer.write(list: files) { $0.write($1) }
    writer.write(list: loadedFiles) { $0.write($1) }
    writer.write(list: environmentNames) { $0.write($1) }
    writer.write(list: targets) { writer, target in target.encode(into: &writer, sources) }
    writer.write(list: defaults) { writer, call in call.encode(into: &writer) }
    writer.write(list: visibility) { writer, rules in
      writer.write(rules.direction.rawValue)
      writer.write(list: rules.values) { writer, value in value.encode(into: &writer) }
      writer.write(rules.extends)
      sources.write(rules.site, into: &writer)
    }
  }

  /// Reads a package.
  public init(from reader: inout ByteReader) throws(SnapshotError) {
    let files = try reader.list { reader throws(SnapshotError) in
      SourceFile(name: try reader.string(), bytes: try reader.data())
    }
    let sources = SourceTable(files)
    let text = { (reader: inout ByteReader) throws(SnapshotError) -> String in try reader.string() }
    self.init(
      directory: try reader.string(), files: try reader.list(text), loadedFiles: try reader.list(text),
      environmentNames: try reader.list(text),
      targets: try reader.list { reader throws(SnapshotError) in try TargetDeclaration(from: &reader, sources) },
      defaults: try reader.list { reader throws(SnapshotError) in try DefaultsCall(from: &reader) },
      visibility: try reader.list { reader throws(SnapshotError) in
        let direction = try reader.choice(VisibilityDeclaration.Direction.self)
        let values = try reader.list { reader throws(SnapshotError) in try FieldValue(from: &reader) }
        let extends = try reader.bool()
        let site = try sources.readSite(&reader)
        do throws(VisibilityError) {
          return try VisibilityDeclaration(direction: direction, values: values, extends: extends, site: site)
        } catch {
          throw .damaged("visibility rules")
        }
      })
  }

  /// Whether directories below depend on this one: it sets defaults, or rules, or can do so when it is evaluated.
  public var isInherited: Bool { !defaults.isEmpty || !visibility.isEmpty || awaiting != nil }
}

/// The source files that sites are in, by number.
struct SourceTable {
  private(set) var files: [SourceFile]

  init(_ files: [SourceFile] = []) { self.files = files }

  mutating func add(_ file: SourceFile) {
    if !files.contains(where: { $0 === file }) { files.append(file) }
  }

  func write(_ site: DeclarationSite, into writer: inout ByteWriter) {
    writer.write(files.firstIndex { $0 === site.source } ?? 0)
    writer.write(site.offset)
  }

  func readSite(_ reader: inout ByteReader) throws(SnapshotError) -> DeclarationSite {
    let index = try reader.int()
    let offset = try reader.int()
    guard index < files.count else { throw .damaged("a place") }
    return DeclarationSite(source: files[index], offset: offset)
  }
}

extension TargetDeclaration {
  /// Writes the target without its location: equal bytes mean that nothing about it has changed.
  public func encodeAttributes(into writer: inout ByteWriter) {
    writer.write(type.rawValue)
    writer.write(typeName)
    writer.write(name)
    writer.write(list: fields) { writer, field in field.encode(into: &writer) }
    writer.write(list: parameters) { writer, parameter in
      writer.write(parameter.key)
      writer.write(parameter.value)
    }
  }

  func encode(into writer: inout ByteWriter, _ sources: SourceTable) {
    encodeAttributes(into: &writer)
    sources.write(site, into: &writer)
    writer.write(defaultsBefore)
  }

  init(from reader: inout ByteReader, _ sources: SourceTable) throws(SnapshotError) {
    let type = try reader.choice(TargetType.self)
    let typeName = try reader.string()
    let name = try reader.string()
    let fields = try reader.list { reader throws(SnapshotError) in try Assignment(from: &reader) }
    let parameters = try reader.list { reader throws(SnapshotError) in
      Address.Parameter(key: try reader.string(), value: try reader.string())
    }
    self.init(type: type, typeName: typeName, name: name, fields: fields, site: try sources.readSite(&reader))
    self.parameters = parameters
    defaultsBefore = try reader.int()
  }
}

extension DefaultsCall {
  func encode(into writer: inout ByteWriter) {
    writer.write(list: fields.sorted { $0.key < $1.key }) { writer, entry in
      writer.write(entry.key)
      writer.write(list: entry.value) { writer, field in field.encode(into: &writer) }
    }
    writer.write(extends)
  }

  init(from reader: inout ByteReader) throws(SnapshotError) {
    let entries = try reader.list { reader throws(SnapshotError) in
      (
        try reader.string(),
        try reader.list { reader throws(SnapshotError) in try TargetDeclaration.Assignment(from: &reader) }
      )
    }
    self.init(fields: Dictionary(entries, uniquingKeysWith: { $1 }), extends: try reader.bool())
  }
}
