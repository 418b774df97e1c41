internal import BuildFiles
internal import Diagnostics
internal import Glibc
internal import PythonImports
internal import Workspace

extension DependencyResolver {
  /// The dependencies of a Python file: the providers of its imports, the packages that contain it, its test fixtures.
  func inferredFromFile(_ id: TargetID, _ explicit: ExplicitDependencies) throws -> Set<TargetID> {
    let target = graph[id]
    guard let file = target.file else { return [] }
    let options = graph.configuration.inference
    let resolve = graph.resolve(of: id)
    var found: Set<TargetID> = []
    if options.imports || options.assets {
      let parsed = try imports(of: file)
      if options.imports {
        for entry in named(parsed.imports, inFile: graph.files.path(of: file)) {
          found.formUnion(try owners(of: entry, in: id, resolve: resolve, explicit))
        }
      }
      if options.assets { found.formUnion(assets(parsed.assets, of: file, in: id, explicit)) }
      for dependency in parsed.explicitDependencies {
        found.formUnion(
          try graph.lookUp(dependency.text, field: "dependencies", of: target, written: dependency.text, trace: trace))
      }
    }
    if options.initFiles != .never {
      for name in ["__init__.py", "__init__.pyi"] {
        found.formUnion(
          try ancestors(named: name, of: file, resolve: resolve, ignoringBlank: options.initFiles == .contentOnly))
      }
    }
    if options.conftests, target.type == .pythonTest {
      found.formUnion(try ancestors(named: "conftest.py", of: file, resolve: resolve, ignoringBlank: false))
      noteUnownedFixtures(above: file, of: id)
    }
    return found
  }

  /// The imports of a Python file, with the targets that provide them, without names of Python's own modules.
  public func importedNames(of id: TargetID) throws -> [ImportedName] {
    guard let file = graph.file(of: id), graph.type(of: id).isPythonSource else { return [] }
    let resolve = graph.resolve(of: id)
    return try named(imports(of: file).imports, inFile: graph.files.path(of: file)).compactMap {
      entry -> ImportedName? in
      if StandardLibrary.contains(entry.name) || entry.name.hasPrefix(".") { return nil }
      let providers: [TargetID] =
        switch modules.owners(of: entry.name, resolve: resolve, prefer: preference(for: id), trace: nil) {
        case .clear(let targets), .ambiguous(let targets): targets
        }
      return ImportedName(name: entry.name, line: entry.line, isWeak: entry.isWeak, providers: providers)
    }
  }

  /// The imports of a file, each name once.
  private struct NamedImport {
    var name: String
    var line: Int
    /// Whether the file works without it, or this is unknown.
    var isWeak: Bool
  }

  /// The imports of a file by absolute name, in the order of the file: one that is needed in one place is needed.
  private func named(_ imports: [PythonImport], inFile path: String) -> [NamedImport] {
    let directory = Paths.parent(path)
    let root = graph.sourceRoots.root(of: directory)
    // The package that relative imports start from.
    let package = root.map {
      directory == $0 ? [] : Paths.relative(directory, to: $0).split(separator: "/")
    }
    let options = graph.configuration.inference
    var result: [NamedImport] = []
    var places: [String: Int] = [:]
    for entry in imports {
      if entry.form == .string, options.ignoresString(entry.module) { continue }
      let name = absoluteName(entry, package: package)
      let isWeak =
        switch entry.form {
        case .importModuleCall, .string, .pytestPlugin: true
        case .statement, .from, .builtinCall: entry.isWeak
        }
      if let place = places[name] {
        if result[place].isWeak, !isWeak { result[place] = NamedImport(name: name, line: entry.line, isWeak: false) }
        continue
      }
      places[name] = result.count
      result.append(NamedImport(name: name, line: entry.line, isWeak: isWeak))
    }
    return result
  }

  /// The dotted name of an import. An import that leads out of the source root keeps its dots: nothing provides it,
  /// because Python knows no package there.
  private func absoluteName(_ entry: PythonImport, package: [Substring]?) -> String {
    let name = entry.dottedName
    guard entry.level > 0 else { return name }
    guard let package, package.count >= entry.level else { return String(repeating: ".", count: entry.level) + name }
    let base = package.dropLast(entry.level - 1).joined(separator: ".")
    return name.isEmpty ? base : base + "." + name
  }

  /// The providers of an import, which is noted when they are ambiguous or none.
  private func owners(
    of entry: NamedImport, in id: TargetID, resolve: String?, _ explicit: ExplicitDependencies
  ) throws -> [TargetID] {
    let isOptional = entry.isWeak || StandardLibrary.contains(entry.name) || isIgnored(entry.name)
    switch modules.owners(of: entry.name, resolve: resolve, prefer: preference(for: id), trace: trace) {
    case .clear(let targets):
      if targets.isEmpty, !isOptional { findings.add(unowned: entry.name, importer: id, line: entry.line) }
      return targets
    case .ambiguous(let targets):
      if let declared = try declaredProviders(among: targets, for: id) { return declared }
      return settled(
        .module(entry.name), among: targets, of: id, line: entry.line, isNeeded: !isOptional, explicit)
    }
  }

  /// Of several providers, the one that the target's field keeps: none if it names one, which is a dependency anyway.
  /// Records remaining ambiguities.
  private func settled(
    _ need: Ambiguity.Need, among targets: [TargetID], of id: TargetID, line: Int, isNeeded: Bool,
    _ explicit: ExplicitDependencies
  ) -> [TargetID] {
    if targets.contains(where: { explicit.covers($0, in: graph) }) {
      settledByNaming[id, default: []].formUnion(targets)
      settledByNaming[id, default: []].formUnion(targets.compactMap { graph.generator(of: $0) })
      return []
    }
    let rest = targets.filter { !explicit.excludes($0, in: graph) }
    let providers = graph.providers(rest).count
    if providers == 1 { return rest }
    // If all are excluded, the field asks for that.
    if providers > 1 {
      findings.add(
        TargetFindings.Ambiguous(need: need, providers: rest, line: line, isNeeded: isNeeded), to: id)
    }
    return []
  }

  /// The owners of the files whose paths are in strings of a source file: a `file` by its path from the workspace root,
  /// where it is when a program runs, a `resource` by its path from the source file's directory.
  private func assets(
    _ assets: [LineText], of file: FileID, in id: TargetID, _ explicit: ExplicitDependencies
  ) -> Set<TargetID> {
    let directory = Paths.parent(graph.files.path(of: file))
    var found: Set<TargetID> = []
    var seen: Set<String> = []
    for asset in assets where seen.insert(asset.text).inserted {
      guard let path = Self.plainPath(asset.text) else { continue }
      let owners = Set(
        owners(ofAsset: Paths.join(directory, path), type: .resource) + owners(ofAsset: path, type: .file))
      if owners.count <= 1 {
        found.formUnion(owners)
      } else {
        found.formUnion(
          settled(
            .asset(asset.text), among: graph.sortedByAddress(Array(owners)), of: id, line: asset.line, isNeeded: false,
            explicit))
      }
    }
    return found
  }

  private func owners(ofAsset path: String, type: TargetType) -> [TargetID] {
    trace.add(path: path)
    guard let file = graph.files.file(at: path) else { return [] }
    return graph.owners(of: file).filter { graph.type(of: $0) == type }
  }

  /// A path without empty components and single dots, as `pathlib` has it; nil for one that is not relative or leads upwards.
  private static func plainPath(_ text: String) -> String? {
    guard !text.hasPrefix("/") else { return nil }
    let parts = text.split(separator: "/").filter { $0 != "." }
    return parts.isEmpty || parts.contains("..") ? nil : parts.joined(separator: "/")
  }

  private func isIgnored(_ name: String) -> Bool {
    graph.configuration.inference.ignoredUnownedImports.contains { name == $0 || name.hasPrefix($0 + ".") }
  }

  /// The distance of a provider from an importer, if the configuration lets it decide.
  func preference(for id: TargetID) -> ((TargetID) -> Int)? {
    guard graph.configuration.inference.ambiguityResolution == .bySourceRoot else { return nil }
    let locality = graph.sourceRoots.root(of: graph[id].address.directory) ?? ""
    return { [graph] provider in
      var common = 0
      for (left, right) in zip(locality.split(separator: "/"), graph[provider].address.directory.split(separator: "/"))
      {
        guard left == right else { break }
        common += left.utf8.count + 1
      }
      return common
    }
  }

  /// The owners of the files of this name beside a file and above it.
  private func ancestors(
    named name: String, of file: FileID, resolve: String?, ignoringBlank: Bool
  ) throws -> [TargetID] {
    var found: [TargetID] = []
    var directory = graph.files.path(of: graph.files.directory(of: file))
    while true {
      if let id = graph.files.directory(at: directory), let candidate = graph.files.file(named: name, in: id) {
        let owners = graph.owners(of: candidate).filter {
          graph.type(of: $0).isPythonSource && graph.resolve(of: $0) == resolve
        }
        if !owners.isEmpty, try !ignoringBlank || !imports(of: candidate).isBlank { found += owners }
      }
      if directory.isEmpty { return found }
      directory = Paths.parent(directory)
    }
  }

  /// Notes the `conftest.py` files beside a test and above it that no target owns: the test runs without them.
  private func noteUnownedFixtures(above file: FileID, of id: TargetID) {
    var directory = graph.files.directory(of: file)
    while true {
      if let fixtures = graph.files.file(named: "conftest.py", in: directory), graph.owners(of: fixtures).isEmpty {
        findings.add(unownedFixtures: graph.files.path(of: fixtures), to: id)
      }
      if directory.index == 0 { return }
      directory = graph.files.parent(of: directory)
    }
  }

  /// The owner of the module that a binary starts.
  func inferredFromEntryPoint(_ id: TargetID, _ explicit: ExplicitDependencies) throws -> Set<TargetID> {
    guard graph.configuration.inference.entryPoints else { return [] }
    let target = graph[id]
    for field in ["entry_point", "executable"] {
      guard let text = target.value(of: field).string, let file = text.split(separator: ":").first else { continue }
      if let path = Paths.normalized(Paths.join(target.address.directory, String(file))) { trace.add(path: path) }
    }
    guard case .module(let module, _)? = try graph.entryPoint(of: target) else { return [] }
    let owners = modules.owners(of: module, resolve: graph.resolve(of: id), prefer: preference(for: id), trace: trace)
    // A named file is below the BUILD file, so its owner is declared there or above.
    let isFile = target.value(of: "entry_point").string.map { $0.prefix { $0 != ":" }.hasSuffix(".py") } ?? false
    return Set(entryPointOwners(of: module, owners, id, explicit, mustBeAbove: isFile))
  }

  private func entryPointOwners(
    of module: String, _ owners: ModuleMap.Owners, _ id: TargetID, _ explicit: ExplicitDependencies,
    mustBeAbove: Bool = false
  ) -> [TargetID] {
    switch owners {
    case .clear(let targets): return targets
    case .ambiguous(let targets):
      let directory = graph[id].address.directory
      let line = graph[id].declaration.site.line
      // As in Pants, the name is searched among all of them.
      if mustBeAbove, !targets.contains(where: { explicit.covers($0, in: graph) }) {
        let above = targets.filter {
          let other = graph[$0].address.directory
          return other.isEmpty || directory == other || directory.hasPrefix(other + "/")
        }
        if graph.providers(above).count == 1, !above.contains(where: { explicit.excludes($0, in: graph) }) {
          return above
        }
        return above.isEmpty
          ? [] : settled(.module(module), among: above, of: id, line: line, isNeeded: false, explicit)
      }
      return settled(.module(module), among: targets, of: id, line: line, isNeeded: false, explicit)
    }
  }

  /// The binaries and the owners of the modules that a distribution's entry points name.
  func inferredFromDistribution(_ id: TargetID, _ explicit: ExplicitDependencies) throws -> Set<TargetID> {
    guard graph.configuration.inference.entryPoints else { return [] }
    let target = graph[id]
    var texts: [String] = []
    func collect(_ value: FieldValue) {
      for group in value.map ?? [] { for entry in group.value.map ?? [] { texts += entry.value.strings ?? [] } }
    }
    collect(target.value(of: "entry_points"))
    if case .object(_, let arguments) = target.value(of: "provides") {
      for argument in arguments where argument.key == .string("entry_points") { collect(argument.value) }
    }
    var found: Set<TargetID> = []
    for text in texts {
      if text.hasPrefix(":") || text.hasPrefix("//") {
        found.formUnion(try graph.lookUp(text, field: "entry_points", of: target, written: text, trace: trace))
      } else {
        let module = text.split(separator: ":").first.map(String.init) ?? text
        // A distribution has no resolve of its own.
        found.formUnion(entryPointOwners(of: module, modules.owners(ofAnyResolve: module, trace: trace), id, explicit))
      }
    }
    return found
  }
}

extension WorkspaceConfiguration.Inference {
  /// Whether `string_import_ignore` excludes a string that looks like an import.
  func ignoresString(_ text: String) -> Bool {
    stringImportIgnore.contains { fnmatch($0, text, FNM_NOESCAPE) == 0 }
  }
}
