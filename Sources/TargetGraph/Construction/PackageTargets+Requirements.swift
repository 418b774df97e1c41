internal import BuildFiles
internal import Diagnostics
internal import Starlark
internal import Workspace

extension BuildDirectoryTargets {
  /// One target per project of a requirements file, and one for the file, on which they depend.
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
    let (found, included) = try requirements(in: path, of: generator)
    for line in found {
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
    for path in included {
      guard let file = files.file(at: path) else { continue }
      // A file elsewhere has no address here, but is an input.
      guard Paths.contains(generator.address.directory, path) else { continue }
      let name = Paths.relative(path, to: generator.address.directory)
      address.file = name
      append(
        Target(
          type: .generatorSources, address: address, declaration: generator.declaration, generator: nil, file: file,
          ownFields: [.init(name: "source", value: .string(name))]), generator: place)
    }

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

  /// The requirements in a file, and the files that it includes.
  private mutating func requirements(
    in path: String, of generator: Target
  ) throws -> (lines: [RequirementLine], included: [String]) {
    let bytes = try sources.read(path)
    let form: ProjectRequirements.Form
    switch generator.type {
    case .poetryRequirements: form = .poetry
    case .uvRequirements: form = .uv
    case .pipenvRequirements: form = .pipenv
    default:
      guard Paths.lastComponent(path) == "pyproject.toml" else { return try lines(of: path, bytes, generator) }
      form = .project
    }
    do {
      return (try ProjectRequirements.parse(bytes, path: path, form: form), [])
    } catch let error as Diagnostic {
      problems.append(error)
      return ([], [])
    }
  }

  private mutating func lines(
    of path: String, _ bytes: [UInt8], _ generator: Target
  ) throws -> (lines: [RequirementLine], included: [String]) {
    // Pants passes over every option.
    if isForPants { return (RequirementLine.parse(file: String(decoding: bytes, as: UTF8.self)), []) }
    let file = RequirementsFile(path: path, others: Set(siblings.filter { $0 != path }), read: reader())
    problems += file.problems
    inputs += file.files.compactMap { files.file(at: $0) }
    return (file.requirements, file.included)
  }

  /// Files of the workspace by path.
  private func reader() -> (String) -> [UInt8]? {
    { [files, sources] path in
      guard files.file(at: path) != nil else { return nil }
      // A listed file that cannot be read counts as missing: its dependent reports it.
      return try? sources.read(path)
    }
  }

  /// The requirements of a target in a BUILD file, where one of them is a path: by name, with paths from the workspace
  /// root. Nil where none is.
  mutating func locatedRequirements(_ declaration: TargetDeclaration, _ directory: String) -> [String]? {
    let texts = declaration.given("requirements")?.strings ?? []
    guard texts.contains(where: RequirementText.namesPath) else { return nil }
    var located: [String] = []
    for text in texts {
      do throws(Diagnostic) {
        let (line, origin) = try RequirementsFile.requirement(
          text, besides: directory,
          at: declaration.site.location(field: "requirements", text: text), read: reader())
        if let file = origin.flatMap({ files.file(at: $0) }) { inputs.append(file) }
        located.append(line.text)
      } catch {
        problems.append(error)
      }
    }
    return located
  }

  private func mapping(_ field: String, of generator: Target) -> [String: [String]] {
    var result: [String: [String]] = [:]
    for entry in generator.value(of: field).map ?? [] {
      result[RequirementLine.normalize(entry.key.string ?? "")] = entry.value.strings ?? []
    }
    return result
  }

  /// The target of a lockfile, on which the requirements of its resolve depend, and its generator.
  mutating func addLockfile(_ file: FileID, of package: BuildDirectory) {
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
  static func lockfilePackage(of resolve: WorkspaceConfiguration.Resolve) -> BuildDirectory {
    let source = SourceFile(name: resolve.lockfile, bytes: [])
    let declaration = TargetDeclaration(
      type: .lockfiles, typeName: "_lockfiles", name: "_\(resolve.name)_lockfile", fields: [],
      site: DeclarationSite(source: source, offset: 0))
    return BuildDirectory(directory: Paths.parent(resolve.lockfile), targets: [declaration])
  }
}

extension TargetType {
  /// The file that a target reads where its field `source` names none.
  var defaultSource: String? { self == .pythonRequirements ? "requirements.txt" : nil }
}
