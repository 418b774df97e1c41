internal import BuildFiles
internal import Diagnostics
internal import Workspace

extension GraphBuilder {
  /// One target a project of a requirements file, and one for the file, on which they depend.
  mutating func addRequirements(of id: TargetID) throws {
    let generator = graph[id]
    let source = generator.value(of: "source").string ?? "requirements.txt"
    let path = Paths.join(generator.address.directory, source)
    guard let file = graph.files.file(at: path) else {
      problems.append(missing(source, field: "source", generator.declaration, generator.address))
      return
    }
    let text = String(decoding: try sources.read(path), as: UTF8.self)
    var byName: [(name: String, lines: [RequirementLine])] = []
    for line in RequirementLine.parse(file: text) {
      if let index = byName.firstIndex(where: { $0.name == line.name }) {
        byName[index].lines.append(line)
      } else {
        byName.append((line.name, [line]))
      }
    }
    var address = generator.address
    address.file = source
    append(
      Target(
        type: .generatorSources, address: address, declaration: generator.declaration, generator: id, file: file,
        ownFields: [.init(name: "source", value: .string(source))]))

    let overrides = Dictionary(
      self.overrides(of: generator).map { (RequirementLine.normalize($0.key), $0.value) }, uniquingKeysWith: +)
    let modules = mapping("module_mapping", of: generator)
    let stubs = mapping("type_stubs_module_mapping", of: generator)
    for (name, lines) in byName {
      var address = generator.address
      address.generated = name
      let normalized = RequirementLine.normalize(name)
      var fields = overrides[normalized] ?? []
      fields.append(.init(name: "requirements", value: .strings(lines.map(\.text))))
      if let mapped = modules[normalized] { fields.append(.init(name: "modules", value: .strings(mapped))) }
      if let mapped = stubs[normalized] { fields.append(.init(name: "type_stub_modules", value: .strings(mapped))) }
      append(
        Target(
          type: .pythonRequirement, address: address, declaration: generator.declaration, generator: id, file: nil,
          ownFields: fields))
    }
    for name in modules.keys.sorted() where !byName.contains(where: { RequirementLine.normalize($0.name) == name }) {
      graph.warnings.append(
        Diagnostic(
          .input, "\"\(generator.address)\" maps modules of \"\(name)\", which \"\(path)\" does not require",
          at: generator.declaration.site.location(field: "module_mapping")))
    }
  }

  private func mapping(_ field: String, of generator: Target) -> [String: [String]] {
    var result: [String: [String]] = [:]
    for entry in generator.value(of: field).map ?? [] {
      result[RequirementLine.normalize(entry.key.string ?? "")] = entry.value.strings ?? []
    }
    return result
  }

  /// One target a lockfile that is there, on which the requirements of its resolve depend.
  mutating func addLockfiles() throws {
    for resolve in graph.configuration.resolves {
      guard let file = graph.files.file(at: resolve.lockfile) else { continue }
      let directory = Paths.parent(resolve.lockfile)
      guard let site = graph.targets.first?.declaration.site else { return }
      let declaration = TargetDeclaration(
        type: .lockfiles, typeName: "_lockfiles", name: "_\(resolve.name)_lockfile", fields: [], site: site)
      let name = Paths.lastComponent(resolve.lockfile)
      var address = Address(directory: directory, name: declaration.name)
      let generator = append(
        Target(
          type: .lockfiles, address: address, declaration: declaration, generator: nil, file: nil,
          ownFields: [.init(name: "sources", value: .strings([name]))]))
      address.file = name
      let id = append(
        Target(
          type: .lockfile, address: address, declaration: declaration, generator: generator, file: file,
          ownFields: [.init(name: "source", value: .string(name))]))
      graph.generatedRanges[generator] = id.rawValue..<(id.rawValue + 1)
      graph.byDirectory[directory, default: []] += [generator, id]
    }
  }
}
