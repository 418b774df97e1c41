internal import BuildFiles
internal import Diagnostics
internal import Starlark
internal import Workspace

extension PackageTargets {
  /// One target a project of a requirements file, and one for the file, on which they depend.
  mutating func addRequirements(of place: Int) throws {
    let generator = entries[place].target
    let source = generator.value(of: "source").string ?? generator.type.defaultSource ?? ""
    let path = Paths.join(generator.address.directory, source)
    guard let file = files.file(at: path) else {
      problems.append(missing(source, field: "source", generator.declaration, generator.address))
      return
    }
    inputs.append(file)
    var byName: [(name: String, lines: [RequirementLine])] = []
    for line in try requirements(in: path, of: generator) {
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
        type: .generatorSources, address: address, declaration: generator.declaration, generator: nil, file: file,
        ownFields: [.init(name: "source", value: .string(source))]), generator: place)

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
          type: .pythonRequirement, address: address, declaration: generator.declaration, generator: nil, file: nil,
          ownFields: fields), generator: place)
    }
    for name in modules.keys.sorted() where !byName.contains(where: { RequirementLine.normalize($0.name) == name }) {
      warnings.append(
        Diagnostic(
          .input, "\"\(generator.address)\" maps modules of \"\(name)\", which \"\(path)\" does not require",
          at: generator.declaration.site.location(field: "module_mapping")))
    }
  }

  private mutating func requirements(in path: String, of generator: Target) throws -> [RequirementLine] {
    let bytes = try sources.read(path)
    let form: ProjectRequirements.Form
    switch generator.type {
    case .poetryRequirements: form = .poetry
    case .uvRequirements: form = .uv
    case .pipenvRequirements: form = .pipenv
    default:
      guard Paths.lastComponent(path) == "pyproject.toml" else {
        return RequirementLine.parse(file: String(decoding: bytes, as: UTF8.self))
      }
      form = .project
    }
    do {
      return try ProjectRequirements.parse(bytes, path: path, form: form)
    } catch let error as Diagnostic {
      problems.append(error)
      return []
    }
  }

  private func mapping(_ field: String, of generator: Target) -> [String: [String]] {
    var result: [String: [String]] = [:]
    for entry in generator.value(of: field).map ?? [] {
      result[RequirementLine.normalize(entry.key.string ?? "")] = entry.value.strings ?? []
    }
    return result
  }

  /// The target of a lockfile, on which the requirements of its resolve depend, and what generates it.
  mutating func addLockfile(_ file: FileID, of package: BuildPackage) {
    guard let declaration = package.targets.first else { return }
    let name = files.name(of: file)
    var address = Address(directory: package.directory, name: declaration.name)
    let generator = append(
      Target(
        type: .lockfiles, address: address, declaration: declaration, generator: nil, file: nil,
        ownFields: [.init(name: "sources", value: .strings([name]))]), generator: nil)
    address.file = name
    append(
      Target(
        type: .lockfile, address: address, declaration: declaration, generator: nil, file: file,
        ownFields: [.init(name: "source", value: .string(name))]), generator: generator)
  }

  /// The package that holds the target of a resolve's lockfile, which no BUILD file declares.
  static func lockfilePackage(of resolve: WorkspaceConfiguration.Resolve) -> BuildPackage {
    let source = SourceFile(name: resolve.lockfile, bytes: [])
    let declaration = TargetDeclaration(
      type: .lockfiles, typeName: "_lockfiles", name: "_\(resolve.name)_lockfile", fields: [],
      site: DeclarationSite(source: source, offset: 0))
    return BuildPackage(directory: Paths.parent(resolve.lockfile), targets: [declaration])
  }
}

extension TargetType {
  /// The file that a target reads where its field `source` names none.
  var defaultSource: String? { self == .pythonRequirements ? "requirements.txt" : nil }
}
