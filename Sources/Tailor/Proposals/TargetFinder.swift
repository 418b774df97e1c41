internal import BuildFiles
internal import Diagnostics
internal import PythonPackaging
internal import StarlarkSyntax
internal import TargetGraph
internal import Workspace

/// Finds files that no target owns, and the targets that they should have. The rules are those of Pants' `tailor`.
struct TargetFinder {
  let workspace: Workspace
  let graph: TargetGraph
  /// The warnings about the files.
  var warnings: [Diagnostic] = []
  private let files: FileTable
  private let options: WorkspaceConfiguration.Tailoring
  /// The sources of targets whose types only hold dependencies here: their files have owners for whoever builds them.
  private let foreignSources: [(directory: String, globs: SourceGlobs)]

  init(_ workspace: Workspace, _ graph: TargetGraph) {
    self.workspace = workspace
    self.graph = graph
    files = graph.files
    options = workspace.configuration.tailoring
    foreignSources = graph.allTargets.compactMap { id in
      guard graph.type(of: id) == .foreign else { return nil }
      let declaration = graph[id].declaration
      let texts = (declaration.given("sources")?.strings ?? []) + (declaration.given("source")?.strings ?? [])
      return texts.isEmpty ? nil : (graph.address(of: id).directory, SourceGlobs(texts))
    }
  }

  /// The targets for the files of these directories, in no order.
  mutating func find(in directories: [DirectoryID]) throws -> [ProposedTarget] {
    var found: [ProposedTarget] = []
    for id in directories {
      let directory = files.path(of: id)
      let names = files.files(in: id).map { files.name(of: $0) }
      let unowned = files.files(in: id).filter { !isOwned($0) }.map { files.name(of: $0) }
      if options.pythonSources { found += try pythonSources(unowned, in: directory) }
      if options.pythonTypeMarkers, unowned.contains("py.typed") {
        found.append(
          ProposedTarget(
            directory: directory, name: "py_typed", typeName: TargetType.resource.rawValue, sources: ["py.typed"],
            ownedGlobs: ["py.typed"], fields: [.init(name: "source", value: .string("py.typed"))]))
      }
      if options.pythonRequirements { found += try requirements(unowned, in: directory) }
      if options.pexBinaries { found += try binaries(names, in: directory) }
      if options.shellSources { found += shellSources(unowned, in: directory) }
    }
    return found
  }

  private func isOwned(_ file: FileID) -> Bool {
    // Targets of Python projects follow from their files.
    if workspace.projectDirectory(above: files.directory(of: file), of: files) != nil { return true }
    if !graph.owners(of: file).isEmpty { return true }
    if foreignSources.isEmpty { return false }
    let path = files.path(of: file)
    return foreignSources.contains { owner in
      Paths.contains(owner.directory, path) && owner.globs.matches(Paths.relative(path, to: owner.directory))
    }
  }

  // MARK: Sources

  private static func defaultSources(of type: TargetType) -> [String] {
    type.field(named: "sources")?.defaultValue.strings ?? []
  }

  private func target(
    _ type: TargetType, name: String?, _ sources: [String], in directory: String
  ) -> ProposedTarget? {
    guard !sources.isEmpty else { return nil }
    return ProposedTarget(
      directory: directory, name: name ?? Paths.lastComponent(directory), typeName: type.rawValue,
      sources: sources.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
      ownedGlobs: Self.defaultSources(of: type))
  }

  private func pythonSources(_ names: [String], in directory: String) throws -> [ProposedTarget] {
    let names = names.filter { $0.hasSuffix(".py") || $0.hasSuffix(".pyi") }
    if names.isEmpty { return [] }
    let testGlobs = SourceGlobs(Self.defaultSources(of: .pythonTests))
    let utilityGlobs = SourceGlobs(Self.defaultSources(of: .pythonTestUtils))
    let tests = names.filter(testGlobs.matches)
    let utilities = names.filter(utilityGlobs.matches)
    var sources = names.filter { !testGlobs.matches($0) && !utilityGlobs.matches($0) }
    if options.ignoresEmptyInitFiles, sources == ["__init__.py"] || sources == ["__init__.pyi"] {
      let bytes = try workspace.read(Paths.join(directory, sources[0]))
      if bytes.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) { sources = [] }
    }
    return [
      target(.pythonTests, name: "tests", tests, in: directory),
      target(.pythonTestUtils, name: "test_utils", utilities, in: directory),
      target(.pythonSources, name: nil, sources, in: directory),
    ].compactMap { $0 }
  }

  private func shellSources(_ names: [String], in directory: String) -> [ProposedTarget] {
    let names = names.filter { $0.hasSuffix(".sh") }
    let globs = SourceGlobs(Self.defaultSources(of: .shunit2Tests))
    return [
      target(.shunit2Tests, name: "tests", names.filter(globs.matches), in: directory),
      target(.shellSources, name: nil, names.filter { !globs.matches($0) }, in: directory),
    ].compactMap { $0 }
  }

  // MARK: Requirements

  private mutating func requirements(_ names: [String], in directory: String) throws -> [ProposedTarget] {
    let requirementsFile = GlobPattern("*requirements*.txt")
    var found: [ProposedTarget] = []
    for name in names {
      let path = Paths.join(directory, name)
      let type: TargetType
      var mayBeEmpty = true
      switch name {
      case "Pipfile.lock": type = .pipenvRequirements
      case "pyproject.toml":
        let text = String(decoding: try workspace.read(path), as: UTF8.self)
        if text.contains("[tool.poetry") {
          type = .poetryRequirements
        } else if Self.hasProjectDependencies(text) {
          (type, mayBeEmpty) = (.pythonRequirements, false)
        } else {
          continue
        }
      case _ where requirementsFile.matches(name): type = .pythonRequirements
      default: continue
      }
      guard let count = try requirementCount(type, path), count > 0 || mayBeEmpty else { continue }
      let isDefault = type != .pythonRequirements || name == "requirements.txt"
      found.append(
        ProposedTarget(
          directory: directory, name: Self.requirementNames[type] ?? "reqs", typeName: type.rawValue, sources: [name],
          ownedGlobs: [name], fields: isDefault ? [] : [.init(name: "source", value: .string(name))]))
    }
    return found
  }

  /// Whether a `pyproject.toml` seems to name dependencies in the form of PEP 621. Most such files configure tools, or
  /// describe a distribution without dependencies.
  private static func hasProjectDependencies(_ text: String) -> Bool {
    let lines = text.split(whereSeparator: \.isNewline)
    return lines.contains { $0.hasPrefix("[project]") }
      && lines.contains { $0.hasPrefix("dependencies") || $0.hasPrefix("[project.optional-dependencies]") }
  }

  private static let requirementNames: [TargetType: String] = [
    .pipenvRequirements: "pipenv", .poetryRequirements: "poetry",
  ]

  /// The number of requirements in a file; nil, with a warning, if the file is invalid.
  private mutating func requirementCount(_ type: TargetType, _ path: String) throws -> Int? {
    let source = TargetDeclaration.Assignment(name: "source", value: .string(Paths.lastComponent(path)))
    let declaration = TargetDeclaration(
      type: type, typeName: type.rawValue, name: "reqs", fields: [source],
      site: DeclarationSite(source: .init(name: path, bytes: []), offset: 0))
    func warn(_ notes: [String]) {
      warnings.append(
        Diagnostic(
          .input, "cannot add a target for \"\(path)\": cannot read it as \(type.rawValue)", notes: notes,
          remedies: ["fix the file, or name its BUILD file in ignore_paths under [tailor]"]))
    }
    do {
      // What it would be read as later, alone.
      let alone = try TargetGraph(
        files: try FileTable(paths: [path]), configuration: WorkspaceConfiguration(),
        sourceRoots: SourceRoots(patterns: []),
        packages: [BuildDirectory(directory: Paths.parent(path), targets: [declaration])], sources: workspace)
      let found = alone.allTargets.filter { alone.type(of: $0) == .pythonRequirement }
      for text in found.flatMap({ alone[$0].strings(of: "requirements") }) { _ = try Requirement(text) }
      return found.count
    } catch let error as DiagnosticList {
      warn(error.diagnostics.map(\.summary))
    } catch let error as RequirementSyntaxError {
      warn(["invalid requirement \"\(error.text)\": expected \(error.expected)"])
    }
    return nil
  }

  // MARK: Binaries

  private mutating func binaries(_ names: [String], in directory: String) throws -> [ProposedTarget] {
    var found: [ProposedTarget] = []
    for name in names where name.hasSuffix(".py") || name.hasSuffix(".pyi") {
      let path = Paths.join(directory, name)
      guard try name == "__main__.py" || EntryPointMark.isPresent(in: workspace.read(path)) else { continue }
      guard !startedModules.contains(graph.moduleName(ofFile: path) ?? path) else { continue }
      found.append(
        ProposedTarget(
          directory: directory, name: String(name.dropLast(name.hasSuffix(".py") ? 3 : 4)),
          typeName: TargetType.pexBinary.rawValue,
          sources: [], ownedGlobs: [], fields: [.init(name: "entry_point", value: .string(name))]))
    }
    return found
  }

  /// The modules that binaries start.
  private lazy var startedModules: Set<String> = {
    var modules: Set<String> = []
    for id in graph.allTargets where graph.type(of: id) == .pexBinary {
      let target = graph[id]
      guard let entry = target.value(of: "entry_point").string?.split(separator: ":").first else { continue }
      let path = Paths.join(target.address.directory, String(entry))
      modules.insert(entry.hasSuffix(".py") ? graph.moduleName(ofFile: path) ?? path : String(entry))
    }
    return modules
  }()
}

/// The line by which a Python program that is run as such is known.
enum EntryPointMark {
  /// Whether a line `if __name__ == "__main__":` starts in the first column.
  static func isPresent(in bytes: [UInt8]) -> Bool {
    bytes.split(separator: 0x0A).contains { isMark($0) }
  }

  private static func isMark(_ line: ArraySlice<UInt8>) -> Bool {
    var rest = line
    if rest.last == 0x0D { rest = rest.dropLast() }
    func take(_ text: StaticString) -> Bool {
      let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
      guard rest.starts(with: wanted) else { return false }
      rest = rest.dropFirst(wanted.count)
      return true
    }
    func takeSpaces() -> Int {
      let count = rest.prefix { $0 == 0x20 }.count
      rest = rest.dropFirst(count)
      return count
    }
    guard take("if __name__"), takeSpaces() > 0, take("=="), takeSpaces() > 0 else { return false }
    guard take("\"__main__") || take("'__main__"), take("\"") || take("'"), take(":") else { return false }
    _ = takeSpaces()
    return rest.isEmpty || rest.first == 0x23
  }
}
