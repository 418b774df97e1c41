public import BuildFiles
internal import JSON

/// The targets that follow from a project's `pyproject.toml` and its files, as if its directory had a BUILD file.
public struct ProjectTargets {
  /// The targets.
  public private(set) var declarations: [TargetDeclaration] = []
  /// The files, from the workspace root, whose contents were read for it.
  public private(set) var inputs: [String] = []

  private let document: ProjectDocument
  private var taken: Set<String> = []

  /// - Parameters:
  ///   - entry: the project.
  ///   - paths: its files, from its directory, without those of projects and BUILD directories below.
  ///   - declared: the declarations of the BUILD files of its directory, which win.
  /// - Throws: `Diagnostic` for a `pyproject.toml` that cannot be read.
  public init(
    _ entry: ProjectTable.Entry, in table: ProjectTable, paths: [String], files: any ProjectFiles,
    declared: [TargetDeclaration] = []
  ) throws {
    let known = KnownFiles(files)
    let path = Paths.join(entry.directory, "pyproject.toml")
    guard let bytes = try known.read(path) else {
      document = try ProjectDocument(parsing: [], path: path)
      return
    }
    document = try ProjectDocument(parsing: bytes, path: path)
    let root = table.roots[entry.root]
    var rootDocument: ProjectDocument?
    if root.directory != entry.directory {
      let path = Paths.join(root.directory, "pyproject.toml")
      rootDocument = try known.read(path).map { try ProjectDocument(parsing: $0, path: path) }
    }
    let contents = try WheelContents(of: document, files: known)
    let kinds = ProjectFileKinds(
      paths, contents: contents, isPackage: document.isPackage,
      options: document.pytestOptions ?? rootDocument?.pytestOptions)
    let types = Set(declared.map(\.type))
    taken = Set(declared.map(\.name))
    let scripts = self.scripts
    let requirements = ProjectRequirementTexts(document, root: rootDocument, entry: entry, table: root)

    // Names of scripts come first, because users type them.
    var names: [String: String] = [:]
    for name in [
      "dependencies", "test_dependencies", "sources", "resources", "tests", "test_utils", "test_data", "scripts",
    ] {
      names[name] = scripts.contains { $0.name == name } ? name + "_" : name
    }
    func name(_ usual: String) -> String { names[usual] ?? usual }
    func reference(_ usual: String) -> FieldValue { .string(":" + name(usual)) }

    var needed: [FieldValue] = []
    var fields: [TargetDeclaration.Assignment] = []
    if let metadata = try ProjectMetadata(of: document, known) {
      // Differs if the metadata for importlib.metadata differs, so that dependents of the project are built again.
      let version = metadata.isVersionUnknown ? "of a version that only its build tells" : metadata.version
      fields.append(
        .init(name: "description", value: .string("\(metadata.name) \(version), metadata \(metadata.fingerprint)")))
    }
    let reached = plugins(contents, kinds, name("sources")) + members(in: table, root: entry.root)
    if !reached.isEmpty { fields.append(.init(name: "dependencies", value: .list(reached.map { .string($0) }))) }
    if add(.pythonRequirement, name("dependencies"), requirements.own, "dependencies", fields) {
      needed.append(reference("dependencies"))
    }
    var tested: [FieldValue] = []
    if !kinds.tests.isEmpty, add(.pythonRequirement, name("test_dependencies"), requirements.tests, "dependency-groups")
    {
      tested.append(reference("test_dependencies"))
    }
    var data = needed
    if add(.resources, name("resources"), kinds.resources) { data.append(reference("resources")) }
    if !types.contains(.pythonSources) {
      add(.pythonSources, name("sources"), kinds.sources, dependencies: data)
      add(.pythonSources, name("scripts"), kinds.scripts, dependencies: needed)
    }
    if add(.resources, name("test_data"), kinds.testData) { tested.append(reference("test_data")) }
    if !types.contains(.pythonTestUtils) { add(.pythonTestUtils, name("test_utils"), kinds.testUtilities) }
    if !types.contains(.pythonTests) { add(.pythonTests, name("tests"), kinds.tests, dependencies: tested) }
    for script in scripts {
      var dependencies = needed
      for extra in script.extras {
        let text = requirements.own.map { _ in "\(document.name ?? "")[\(extra)]" }
        if root.isUv, let text, add(.pythonRequirement, "dependencies-\(extra)", [text], "optional-dependencies") {
          dependencies.append(.string(":dependencies-\(extra)"))
        }
      }
      addBinary(script.name, entryPoint: script.entryPoint, dependencies: dependencies, at: script.key)
    }
    for path in kinds.sources where Paths.lastComponent(path) == "__main__.py" {
      let roots = contents.roots.filter { Paths.contains($0, path) }.sorted { $0.utf8.count > $1.utf8.count }
      guard let root = roots.first else { continue }
      let package = Paths.relative(Paths.parent(path), to: root).split(separator: "/").joined(separator: ".")
      if package.isEmpty { continue }
      let name = taken.contains(package) || package.contains("tests") ? package + ".__main__" : package
      addBinary(name, entryPoint: package + ".__main__", dependencies: needed, at: ["project", "name"])
    }
    if !document.isPackage { try addGuarded(kinds.sources, known, dependencies: needed) }
    inputs = known.readPaths
  }

  // MARK: Scripts

  private struct Script {
    var name: String
    var entryPoint: String
    var extras: [String]
    var key: [String]
  }

  /// `[project.scripts]` and `gui-scripts`, or Poetry's scripts.
  private var scripts: [Script] {
    var found: [Script] = []
    for (path, table) in [
      (["project", "scripts"], document.project?["scripts"]),
      (["project", "gui-scripts"], document.project?["gui-scripts"]),
      (["tool", "poetry", "scripts"], document.poetry?["scripts"]),
    ] {
      for entry in table?.object?.members ?? [] {
        guard let text = entry.value.string, !entry.name.contains(where: { ":#@/ ".contains($0) }),
          !found.contains(where: { $0.name == entry.name })
        else { continue }
        let parts = text.split(separator: "[", maxSplits: 1)
        let extras = parts.count > 1 ? parts[1].prefix { $0 != "]" }.split(separator: ",") : []
        found.append(
          Script(
            name: entry.name, entryPoint: (parts.first ?? "").filter { $0 != " " },
            extras: extras.map { $0.filter { $0 != " " } }, key: path + [entry.name]))
      }
    }
    return found
  }

  private mutating func addBinary(_ name: String, entryPoint: String, dependencies: [FieldValue], at key: [String]) {
    let project = document.name.map { normalizedProjectName($0) }
    var fields = [TargetDeclaration.Assignment(name: "entry_point", value: .string(entryPoint))]
    if !dependencies.isEmpty { fields.append(.init(name: "dependencies", value: .list(dependencies))) }
    if let project {
      let text = "\(project)-\(name)".map { $0 == " " ? "-" : $0 }
      fields.append(.init(name: "artifact", value: .string(String(text))))
    }
    append(.pexBinary, name, fields, at: key)
  }

  /// A binary for each file with a main guard: without a package, files are started as they are.
  private mutating func addGuarded(_ paths: [String], _ files: KnownFiles, dependencies: [FieldValue]) throws {
    for path in paths where path.hasSuffix(".py") {
      let full = Paths.join(document.directory, path)
      guard let bytes = try files.read(full) else { continue }
      guard Self.hasMainGuard(bytes), Paths.lastComponent(path) != "__main__.py" else { continue }
      let name = path.dropLast(3).split(separator: "/").joined(separator: ".")
      if taken.contains(name) { continue }
      addBinary(name, entryPoint: path, dependencies: dependencies, at: ["project", "name"])
    }
  }

  static func hasMainGuard(_ bytes: [UInt8]) -> Bool {
    String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).contains { line in
      guard line.hasPrefix("if") else { return false }
      let text = line.filter { $0 != " " && $0 != "(" }.map { $0 == "'" ? "\"" : $0 }
      return String(text).hasPrefix("if__name__==\"__main__\"")
    }
  }

  // MARK: Declarations

  /// The files that hold plug-ins of the project: whoever depends on it finds them through `importlib.metadata`.
  private func plugins(_ contents: WheelContents, _ kinds: ProjectFileKinds, _ target: String) -> [String] {
    let sources = Set(kinds.sources)
    return Set(ProjectMetadata.plugins(of: document)).sorted().flatMap { module in
      let path = module.split(separator: ".").joined(separator: "/")
      let files = contents.roots.flatMap { [Paths.join($0, path + ".py"), Paths.join($0, path + "/__init__.py")] }
      return files.filter(sources.contains).map { file in
        let depth = file.split(separator: "/").count - 1
        return Paths.join(document.directory, file) + ":" + String(repeating: "../", count: depth) + target
      }
    }
  }

  /// The members of the same workspace that the project declares: their plug-ins and metadata count as well.
  private func members(in table: ProjectTable, root: Int) -> [String] {
    var found: Set<String> = []
    for text in document.project?["dependencies"]?.strings ?? [] {
      let name = String(text.prefix { $0.isLetter || $0.isNumber || "-_.".contains($0) })
      for entry in table.entries(named: name) where entry.directory != document.directory {
        found.insert("//\(entry.directory):dependencies")
      }
    }
    return found.sorted()
  }

  /// Adds requirements; false where there are none, or a BUILD file declares the name.
  private mutating func add(
    _ type: TargetType, _ name: String, _ texts: [String]?, _ key: String, _ more: [TargetDeclaration.Assignment] = []
  ) -> Bool {
    guard let texts, !texts.isEmpty else { return false }
    if taken.contains(name) { return true }
    append(
      type, name, [.init(name: "requirements", value: .strings(texts))] + more,
      typeName: TargetType.projectDependencies,
      at: ["project", key], ["project", "name"])
    return true
  }

  /// Adds a target of files; false where there are none.
  @discardableResult
  private mutating func add(
    _ type: TargetType, _ name: String, _ paths: [String], dependencies: [FieldValue] = []
  ) -> Bool {
    guard !paths.isEmpty else { return false }
    if taken.contains(name) { return true }
    var fields = [TargetDeclaration.Assignment(name: "sources", value: .strings(paths))]
    if !dependencies.isEmpty { fields.append(.init(name: "dependencies", value: .list(dependencies))) }
    append(type, name, fields, at: ["project", "name"])
    return true
  }

  private mutating func append(
    _ type: TargetType, _ name: String, _ fields: [TargetDeclaration.Assignment], typeName: String? = nil,
    at keys: [String]...
  ) {
    guard taken.insert(name).inserted else { return }
    let document = self.document
    let site = keys.lazy.map { document.site(of: $0) }.first { $0.offset > 0 } ?? document.site()
    declarations.append(
      TargetDeclaration(type: type, typeName: typeName ?? type.rawValue, name: name, fields: fields, site: site))
  }
}

/// The requirements of a project and its tests.
private struct ProjectRequirementTexts {
  /// Nil if the project has no name to look up in the lockfile.
  var own: [String]?
  var tests: [String]?

  init(
    _ document: ProjectDocument, root: ProjectDocument?, entry: ProjectTable.Entry, table: ProjectTable.Root
  ) {
    guard table.isUv else {
      // Other lockfiles do not know the project itself.
      let texts = document.project?["dependencies"]?.strings ?? []
      let extras = Self.testNames(document, in: "optional-dependencies", from: document.project)
      let more = extras.flatMap { document.project?["optional-dependencies"]?[$0]?.strings ?? [] }
      own = texts.isEmpty ? nil : texts
      tests = texts + more
      return
    }
    own = entry.name.isEmpty ? nil : [entry.name]
    var found: [String] = []
    if entry.name.isEmpty {
      found += Self.requirement(of: ProjectLockNames.root, document, includesExtras: false)
    } else {
      found += Self.requirement(of: entry.name, document, includesExtras: true)
    }
    if let root {
      let name = root.project == nil ? ProjectLockNames.root : normalizedProjectName(root.name ?? "")
      // Members do not inherit the root's own dependencies: only its groups count.
      found += Self.requirement(of: name, root, includesExtras: false).filter { $0.contains("[") }
        .map { $0.replacingBracket() }
    }
    tests = found
  }

  /// `name[extras and groups]` with everything that tests of a project can need.
  private static func requirement(of name: String, _ document: ProjectDocument, includesExtras: Bool) -> [String] {
    let groups = document.uv?["default-groups"]?.strings ?? ["dev"]
    let declared = Set((document.root["dependency-groups"]?.object?.members ?? []).map(\.name))
    let isAll = document.uv?["default-groups"]?.string == "all"
    let chosen = declared.filter { isAll || groups.contains($0) || isForTests($0) }.sorted()
    let hasDevelopment = document.uv?["dev-dependencies"] != nil && !chosen.contains("dev")
    var names = (chosen + (hasDevelopment ? ["dev"] : [])).map { ProjectLockNames.group($0) }
    if includesExtras { names += testNames(document, in: "optional-dependencies", from: document.project) }
    return [names.isEmpty ? name : "\(name)[\(names.joined(separator: ","))]"]
  }

  private static func testNames(_ document: ProjectDocument, in key: String, from table: JSONValue?) -> [String] {
    (table?[key]?.object?.members ?? []).map(\.name).filter(isForTests).sorted()
  }

  private static func isForTests(_ name: String) -> Bool {
    ["dev", "test", "tests", "testing"].contains(normalizedProjectName(name))
  }
}

extension String {
  /// `name[x]` as `name[kilt-only-groups,x]`.
  fileprivate func replacingBracket() -> String {
    let parts = split(separator: "[", maxSplits: 1)
    return parts.count == 2 ? "\(parts[0])[\(ProjectLockNames.groupsOnly),\(parts[1])" : self
  }
}
