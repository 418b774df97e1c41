internal import BuildFiles
internal import JSON

extension WheelContents {
  /// setuptools: the packages that `[tool.setuptools]` or `setup.cfg` name, or else automatic discovery.
  mutating func readSetuptools(_ project: BackendProject) throws {
    let table = project.tool?["setuptools"]
    let config = try SetupConfig(project)
    if table?["ext-modules"] != nil || project.document.buildRequirements.contains(where: Self.compiles) {
      compiled = "setuptools compiles extension modules"
      return
    }
    let packageDirectories = Self.packageDirectories(table, config)
    let base = packageDirectories[""] ?? ""
    try readData(project, table, config)
    var isConfigured = false
    for module in table?["py-modules"]?.strings ?? config.list("options", "py_modules") {
      isConfigured = true
      let path = Paths.join(base, module.split(separator: ".").joined(separator: "/"))
      add(path + ".py", root: base)
    }
    if let names = table?["packages"]?.strings ?? config.packages {
      isConfigured = true
      for name in names {
        let (directory, root) = Self.place(of: name, packageDirectories)
        add(directory, root: root)
        // A package that is listed brings no package below it.
        if filter == nil { filter = PatternList([]) }
        filter?.add(["/\(directory)/*", "!/\(directory)/*/**"])
      }
      // Data files can be deeper.
      if let data, let patterns = filter { filter = patterns.joined(data) }
    }
    if let find = table?["packages"]?["find"] ?? config.find {
      isConfigured = true
      try self.find(find, project, base: base)
    }
    if !isConfigured { try discover(project, base: base) }
  }

  private static func compiles(_ requirement: String) -> Bool {
    let name = normalizedProjectName(
      String(requirement.prefix { $0.isLetter || $0.isNumber || "-_.".contains($0) }))
    return ["cython", "pybind11", "setuptools-rust", "cffi", "nanobind", "mypy"].contains(name)
  }

  private static func packageDirectories(_ table: JSONValue?, _ config: SetupConfig) -> [String: String] {
    var found: [String: String] = [:]
    for entry in table?["package-dir"]?.object?.members ?? [] {
      found[entry.name] = Paths.normalized(entry.value.string ?? "") ?? ""
    }
    for line in config.list("options", "package_dir") {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
        $0.filter { $0 != " " }
      }
      if parts.count == 2 { found[parts[0]] = Paths.normalized(parts[1]) ?? "" }
    }
    return found
  }

  /// The directory of a package, and the one that it is imported from.
  private static func place(of name: String, _ directories: [String: String]) -> (directory: String, root: String) {
    let path = name.split(separator: ".").joined(separator: "/")
    if let own = directories[name] {
      return (own, own.hasSuffix(path) ? Paths.normalized(String(own.dropLast(path.count))) ?? "" : Paths.parent(own))
    }
    let base = directories[""] ?? ""
    return (Paths.join(base, path), base)
  }

  /// `packages.find`: where, include, exclude, namespaces.
  private mutating func find(_ find: JSONValue, _ project: BackendProject, base: String) throws {
    let includes = find["include"]?.strings ?? ["*"]
    let excludes = find["exclude"]?.strings ?? []
    let namespaces = find["namespaces"]?.bool ?? true
    for place in find["where"]?.strings ?? [base.isEmpty ? "." : base] {
      let root = Paths.normalized(place) ?? ""
      if !roots.contains(root) { roots.append(root) }
      for name in try packages(in: root, below: "", project, namespaces: namespaces) {
        func matches(_ pattern: String) -> Bool { GlobPattern(pattern).matches(name) }
        guard includes.contains(where: matches), !excludes.contains(where: matches) else { continue }
        let directory = Paths.join(root, name.split(separator: ".").joined(separator: "/"))
        included.append(directory)
        if filter == nil { filter = PatternList([]) }
        filter?.add(["/\(directory)/*", "!/\(directory)/*/**"])
      }
    }
    if let data, let patterns = filter { filter = patterns.joined(data) }
  }

  /// The dotted names of the packages below a directory.
  private func packages(
    in root: String, below prefix: String, _ project: BackendProject, namespaces: Bool
  ) throws -> [String] {
    var found: [String] = []
    let base = Paths.join(root, prefix.split(separator: ".").joined(separator: "/"))
    for name in try project.directories(in: base) where name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) {
      guard name != "__pycache__", try namespaces || project.isPackage(Paths.join(base, name)) else { continue }
      let dotted = prefix.isEmpty ? name : prefix + "." + name
      found.append(dotted)
      found += try packages(in: root, below: dotted, project, namespaces: namespaces)
    }
    return found
  }

  /// Automatic discovery: everything in `src`, or else the one package or module at the top that no reserved name has.
  private mutating func discover(_ project: BackendProject, base: String) throws {
    let root = try base.isEmpty && project.isDirectory("src") ? "src" : base
    if !root.isEmpty {
      roots.append(root)
      included.append(root)
      return
    }
    roots.append("")
    for name in try project.directories(in: "") where !Self.reserved.contains(name) {
      let isIdentifier = name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
      if isIdentifier || name.hasSuffix("-stubs") { included.append(name) }
    }
    for name in try project.fileNames(in: "") where included.isEmpty && name.hasSuffix(".py") {
      if !Self.reservedModules.contains(String(name.dropLast(3))) { included.append(name) }
    }
  }

  /// `FlatLayoutPackageFinder.DEFAULT_EXCLUDE` of setuptools, the names at the top.
  private static let reserved: Set<String> = [
    "ci", "bin", "debian", "doc", "docs", "documentation", "manpages", "news", "newsfragments", "changelog", "test",
    "tests", "unit_test", "unit_tests", "example", "examples", "scripts", "tools", "util", "utils", "python", "build",
    "benchmark", "benchmarks", "exercise", "exercises", "htmlcov", "tasks", "fabfile", "site_scons", "dist", "venv",
    "__pycache__", "node_modules",
  ]
  /// `FlatLayoutModuleFinder.DEFAULT_EXCLUDE`.
  private static let reservedModules: Set<String> = [
    "setup", "conftest", "test", "tests", "example", "examples", "build", "toxfile", "noxfile", "pavement", "dodo",
    "tasks", "fabfile", "conanfile", "manage", "benchmark", "benchmarks", "exercise", "exercises",
  ]

  // MARK: Data

  /// `package-data` and `MANIFEST.in`; a plug-in for version control includes every file.
  private mutating func readData(_ project: BackendProject, _ table: JSONValue?, _ config: SetupConfig) throws {
    let plugins = ["setuptools-scm", "setuptools-git", "hatch-vcs"]
    let required = project.document.buildRequirements.map {
      normalizedProjectName(String($0.prefix { $0.isLetter || $0.isNumber || "-_.".contains($0) }))
    }
    let includes = table?["include-package-data"]?.bool ?? true
    if includes, required.contains(where: plugins.contains) { return }
    var patterns: [String] = []
    var entries = (table?["package-data"]?.object?.members ?? []).map { ($0.name, $0.value.strings ?? []) }
    entries += config.entries("options.package_data")
    for (package, globs) in entries {
      let prefix =
        package == "*" || package.isEmpty ? "**/" : "**/\(package.split(separator: ".").joined(separator: "/"))/"
      patterns += globs.map { prefix + $0 }
    }
    if includes, let bytes = try project.files.read(Paths.join(project.directory, "MANIFEST.in")) {
      patterns += Self.manifest(String(decoding: bytes, as: UTF8.self))
    }
    data = PatternList(patterns)
  }

  /// The patterns of a `MANIFEST.in`.
  static func manifest(_ text: String) -> [String] {
    text.split(whereSeparator: \.isNewline).flatMap { line -> [String] in
      let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
      guard let command = words.first else { return [] }
      let rest = words.dropFirst()
      switch command {
      case "include": return rest.map { "/" + $0 }
      case "exclude": return rest.map { "!/" + $0 }
      case "global-include": return rest.map { "**/" + $0 }
      case "global-exclude": return rest.map { "!**/" + $0 }
      case "recursive-include": return rest.dropFirst().map { "/\(rest.first ?? "")/**/\($0)" }
      case "recursive-exclude": return rest.dropFirst().map { "!/\(rest.first ?? "")/**/\($0)" }
      case "graft": return rest.map { "/\($0)" }
      case "prune": return rest.map { "!/\($0)" }
      default: return []
      }
    }
  }
}

extension PatternList {
  /// These patterns, and the patterns of another list.
  func joined(_ other: PatternList) -> PatternList {
    var result = self
    result.append(other)
    return result
  }
}

/// The settings of a `setup.cfg` about packed files.
struct SetupConfig {
  private var sections: [String: [String: String]] = [:]

  init(_ project: BackendProject) throws {
    guard let bytes = try project.files.read(Paths.join(project.directory, "setup.cfg")) else { return }
    var section = ""
    var key = ""
    for line in String(decoding: bytes, as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    {
      let trimmed = line.drop { $0 == " " || $0 == "\t" }
      if trimmed.isEmpty || trimmed.hasPrefix("#") || trimmed.hasPrefix(";") { continue }
      if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
        section = String(line[line.index(after: line.startIndex)..<end])
      } else if trimmed.startIndex > line.startIndex {
        sections[section]?[key]?.append("\n" + trimmed)
      } else if let sign = line.firstIndex(where: { $0 == "=" || $0 == ":" }) {
        key = line[..<sign].filter { $0 != " " && $0 != "\t" }.lowercased()
        sections[section, default: [:]][key] = String(line[line.index(after: sign)...].drop { $0 == " " })
      }
    }
  }

  func list(_ section: String, _ key: String) -> [String] {
    (sections[section]?[key] ?? "").split { $0.isNewline || $0 == "," }
      .map { String($0.drop { $0 == " " }.prefix { $0 != "#" }) }.filter { !$0.isEmpty }
  }

  func entries(_ section: String) -> [(String, [String])] {
    (sections[section] ?? [:]).keys.sorted().map { ($0, list(section, $0)) }
  }

  /// The packages that are listed; nil where they are found, or not named.
  var packages: [String]? {
    guard let text = sections["options"]?["packages"], !text.contains("find") else { return nil }
    return list("options", "packages")
  }

  /// `packages = find:` or `find_namespace:`, in the form of `pyproject.toml`.
  var find: JSONValue? {
    guard let text = sections["options"]?["packages"], text.contains("find") else { return nil }
    let section = "options.packages.find"
    var members: [(name: String, value: JSONValue)] = [("namespaces", .bool(text.contains("find_namespace")))]
    for key in ["where", "include", "exclude"] where sections[section]?[key] != nil {
      members.append((key, .strings(list(section, key))))
    }
    return .object(JSONObject(members))
  }
}
