public import BuildFiles
internal import Diagnostics
public import Workspace

extension TargetGraph {
  /// The graph of these packages over these files.
  ///
  /// - Parameters:
  ///   - packages: evaluated BUILD files, with defaults applied.
  ///   - sources: is asked for requirements files.
  /// - Throws: `DiagnosticList` with all that is wrong: a generator's file that is not there, an unknown resolve.
  public init(
    files: FileTable, configuration: WorkspaceConfiguration, sourceRoots: SourceRoots, packages: [BuildPackage],
    sources: some GraphSources
  ) throws {
    var builder = GraphBuilder(
      graph: TargetGraph(files: files, configuration: configuration, sourceRoots: sourceRoots), sources: sources)
    builder.graph.targets.reserveCapacity(files.fileCount)
    for package in packages { try builder.add(package) }
    try builder.addLockfiles()
    builder.finish()
    guard builder.problems.isEmpty else { throw DiagnosticList(builder.problems) }
    self = builder.graph
  }

  /// Loads a workspace: its files, its BUILD files, its targets.
  ///
  /// - Throws: `DiagnosticList`, `Diagnostic`, `SystemCallError`.
  public static func load(_ workspace: Workspace) throws -> TargetGraph {
    let files = try workspace.scanFiles()
    let packages = try workspace.loadPackages(files: files)
    return try TargetGraph(
      files: files, configuration: workspace.configuration, sourceRoots: workspace.sourceRoots(in: files),
      packages: packages, sources: workspace)
  }
}

/// Makes targets of declarations.
struct GraphBuilder {
  var graph: TargetGraph
  let sources: any GraphSources
  var problems: [Diagnostic] = []

  init(graph: TargetGraph, sources: some GraphSources) {
    self.graph = graph
    self.sources = sources
  }

  mutating func add(_ package: BuildPackage) throws {
    guard let directory = graph.files.directory(at: package.directory) else { return }
    let start = graph.targets.count
    for declaration in package.targets {
      let address = Address(
        directory: package.directory, name: declaration.name, parameters: declaration.parameters)
      var file: FileID?
      if let source = declaration.given("source")?.string, declaration.type.generated == nil,
        declaration.type.field(named: "source")?.kind == .source
      {
        file = graph.files.file(at: Paths.join(package.directory, source))
        if file == nil { problems.append(missing(source, field: "source", declaration, address)) }
      }
      let id = append(
        Target(
          type: declaration.type, address: address, declaration: declaration, generator: nil, file: file,
          ownFields: []))
      guard declaration.type.generated != nil else { continue }
      let first = UInt32(graph.targets.count)
      switch declaration.type {
      case .pythonRequirements: try addRequirements(of: id)
      case .poetryRequirements: break
      case .pexBinaries: addBinaries(of: id)
      default: addFiles(of: id, in: directory)
      }
      graph.generatedRanges[id] = first..<UInt32(graph.targets.count)
    }
    graph.byDirectory[package.directory] = (start..<graph.targets.count).map { TargetID($0) }
  }

  @discardableResult
  mutating func append(_ target: Target) -> TargetID {
    let id = TargetID(graph.targets.count)
    graph.targets.append(target)
    if target.address.file == nil {
      graph.byAddress[target.address] = id
      if !target.address.parameters.isEmpty { graph.variants[target.address.withoutParameters, default: []].append(id) }
    }
    return id
  }

  /// One target a file that the globs of `sources` select.
  private mutating func addFiles(of id: TargetID, in directory: DirectoryID) {
    let generator = graph[id]
    guard let type = generator.type.generated else { return }
    let texts = generator.strings(of: "sources")
    let globs = SourceGlobs(texts)
    var overrides = self.overrides(of: generator)
    var selected: [FileID]
    if globs.includes.allSatisfy(\.isLiteral) {
      // Named files are looked up; each must be there.
      selected = []
      for pattern in globs.includes where !globs.excludes.contains(where: { $0.matches(pattern.text) }) {
        if let file = graph.files.file(at: Paths.join(generator.address.directory, pattern.text)) {
          selected.append(file)
        } else {
          problems.append(missing(pattern.text, field: "sources", generator.declaration, generator.address))
        }
      }
      selected = Set(selected).sorted()
    } else {
      selected = graph.files.files(matching: globs, in: directory)
      if selected.isEmpty, generator.given("sources") != nil {
        graph.warnings.append(
          Diagnostic(
            .input, "the sources of \"\(generator.address)\" match no file",
            at: generator.declaration.site.location(field: "sources")))
      }
    }
    for file in selected {
      let path = Paths.relative(graph.files.path(of: file), to: generator.address.directory)
      var address = generator.address
      address.file = path
      var fields = [TargetDeclaration.Assignment(name: "source", value: .string(path))]
      if let own = overrides.removeValue(forKey: path) { fields += own }
      append(
        Target(
          type: type, address: address, declaration: generator.declaration, generator: id, file: file,
          ownFields: fields))
    }
    for (path, _) in overrides.sorted(by: { $0.key < $1.key }) {
      problems.append(
        Diagnostic(
          .input, "\"\(generator.address)\" overrides \"\(path)\", which is not among its sources",
          at: generator.declaration.site.location(field: "overrides", text: path)))
    }
  }

  /// The fields that `overrides` sets, by file or name.
  func overrides(of generator: Target) -> [String: [TargetDeclaration.Assignment]] {
    var result: [String: [TargetDeclaration.Assignment]] = [:]
    for entry in generator.value(of: "overrides").map ?? [] {
      let fields = (entry.value.map ?? []).map {
        TargetDeclaration.Assignment(name: $0.key.string ?? "", value: $0.value)
      }
      for key in entry.key.strings ?? [] { result[key, default: []] += fields }
    }
    return result
  }

  private mutating func addBinaries(of id: TargetID) {
    let generator = graph[id]
    let overrides = self.overrides(of: generator)
    for entry in generator.strings(of: "entry_points") {
      var address = generator.address
      address.generated = entry.map { $0 == ":" ? "-" : String($0) }.joined()
      let fields = [TargetDeclaration.Assignment(name: "entry_point", value: .string(entry))]
      append(
        Target(
          type: .pexBinary, address: address, declaration: generator.declaration, generator: id, file: nil,
          ownFields: (overrides[entry] ?? []) + fields))
    }
  }

  func missing(_ path: String, field: String, _ declaration: TargetDeclaration, _ address: Address) -> Diagnostic {
    var remedies: [String] = []
    let directory = Paths.join(address.directory, Paths.parent(path))
    if let id = graph.files.directory(at: directory) {
      let names = graph.files.files(in: id).map { Paths.relative(graph.files.path(of: $0), to: address.directory) }
      remedies = Suggestions.remedy(for: path, among: names).map { [$0] } ?? []
    }
    return Diagnostic(
      .input, "the target \"\(address)\" names the file \"\(path)\", which is not there",
      at: declaration.site.location(field: field, text: path), remedies: remedies)
  }

  /// Fills the owners of files.
  mutating func finish() {
    var counts = ContiguousArray<UInt32>(repeating: 0, count: graph.files.fileCount + 1)
    for target in graph.targets { if let file = target.file { counts[file.index + 1] += 1 } }
    for index in 1..<max(1, counts.count) { counts[index] += counts[index - 1] }
    var next = counts
    graph.owners = ContiguousArray(repeating: TargetID(0), count: Int(counts.last ?? 0))
    for (index, target) in graph.targets.enumerated() {
      guard let file = target.file else { continue }
      graph.owners[Int(next[file.index])] = TargetID(index)
      next[file.index] += 1
    }
    graph.ownerStarts = counts
  }
}
