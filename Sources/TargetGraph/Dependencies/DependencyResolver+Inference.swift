internal import BuildFiles
internal import Diagnostics
internal import PythonImports
internal import Workspace

extension DependencyResolver {
  /// What a Python file needs: the providers of what it imports, the packages it lies in, its test fixtures.
  func inferredFromFile(_ id: TargetID, _ explicit: ExplicitDependencies) throws -> Set<TargetID> {
    let target = graph[id]
    guard let file = target.file else { return [] }
    let options = graph.configuration.inference
    let resolve = graph.resolve(of: id)
    var found: Set<TargetID> = []
    if options.imports {
      let parsed = try imports(of: file)
      let package = packageParts(ofFile: graph.files.path(of: file))
      var seen: Set<String> = []
      for entry in parsed.imports {
        guard let name = absoluteName(entry, package: package), seen.insert(name).inserted else { continue }
        found.formUnion(owners(of: name, entry, of: id, resolve: resolve, explicit))
      }
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
    }
    return found
  }

  /// The package that relative imports of a file start from, as names; nil where the file lies in no source root.
  private func packageParts(ofFile path: String) -> [Substring]? {
    let directory = Paths.parent(path)
    guard let root = graph.sourceRoots.root(of: directory) else { return nil }
    return directory == root ? [] : Paths.relative(directory, to: root).split(separator: "/")
  }

  /// The dotted name of an import; nil for one that leads out of the source root.
  private func absoluteName(_ entry: PythonImport, package: [Substring]?) -> String? {
    let name = entry.dottedName
    guard entry.level > 0 else { return name }
    guard let package, package.count >= entry.level - 1 else { return nil }
    let base = package.dropLast(entry.level - 1).joined(separator: ".")
    if base.isEmpty { return name.isEmpty ? nil : name }
    return name.isEmpty ? base : base + "." + name
  }

  /// The providers of an import, which is noted when they are ambiguous or none.
  private func owners(
    of name: String, _ entry: PythonImport, of id: TargetID, resolve: String?, _ explicit: ExplicitDependencies
  ) -> [TargetID] {
    switch modules.owners(of: name, resolve: resolve, prefer: preference(for: id), trace: trace) {
    case .clear(let targets) where !targets.isEmpty: return targets
    case .ambiguous(let targets):
      if targets.contains(where: { explicit.covers($0, in: graph) }) { return [] }
      let rest = targets.filter { !explicit.excludes($0, in: graph) }
      if rest.count == 1 { return rest }
      findings.add(ambiguous: name, providers: targets, importer: id, line: entry.line)
    case .clear:
      if entry.isWeak || entry.form == .importModuleCall || entry.form == .string { return [] }
      if StandardLibrary.contains(name) || isIgnored(name) { return [] }
      findings.add(unowned: name, importer: id, line: entry.line)
    }
    return []
  }

  private func isIgnored(_ name: String) -> Bool {
    graph.configuration.inference.ignoredUnownedImports.contains { name == $0 || name.hasPrefix($0 + ".") }
  }

  /// How near a provider is to an importer, where the configuration lets that decide.
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

  /// The owner of the module that a binary starts.
  func inferredFromEntryPoint(_ id: TargetID, _ explicit: ExplicitDependencies) throws -> Set<TargetID> {
    guard graph.configuration.inference.entryPoints else { return [] }
    let target = graph[id]
    for field in ["entry_point", "executable"] {
      guard let text = target.value(of: field).string, let file = text.split(separator: ":").first else { continue }
      if let path = Paths.normalized(Paths.join(target.address.directory, String(file))) { trace.add(path: path) }
    }
    guard case .module(let module, _)? = try graph.entryPoint(of: target) else { return [] }
    return Set(entryPointOwners(of: module, id, explicit))
  }

  private func entryPointOwners(of module: String, _ id: TargetID, _ explicit: ExplicitDependencies) -> [TargetID] {
    // A distribution has no resolve of its own: what it names is looked up in the default one.
    let resolve = graph.resolve(of: id) ?? graph.configuration.defaultResolve
    switch modules.owners(of: module, resolve: resolve, prefer: preference(for: id), trace: trace) {
    case .clear(let targets): return targets
    case .ambiguous(let targets):
      if targets.contains(where: { explicit.covers($0, in: graph) }) { return [] }
      let rest = targets.filter { !explicit.excludes($0, in: graph) }
      if rest.count == 1 { return rest }
      findings.add(
        ambiguous: module, providers: targets, importer: id, line: graph[id].declaration.site.line)
      return []
    }
  }

  /// The binaries and the owners of the modules that a distribution's entry points name.
  func inferredFromDistribution(_ id: TargetID, _ explicit: ExplicitDependencies) throws -> Set<TargetID> {
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
        found.formUnion(entryPointOwners(of: module, id, explicit))
      }
    }
    return found
  }
}
