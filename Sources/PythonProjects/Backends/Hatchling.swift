internal import BuildFiles
internal import JSON

extension WheelContents {
  /// hatchling: `[tool.hatch.build.targets.wheel]` before `[tool.hatch.build]`, or else the package of the project's name.
  mutating func readHatchling(_ project: BackendProject) throws {
    let build = project.tool?["hatch"]?["build"]
    let wheel = build?["targets"]?["wheel"]
    func option(_ key: String) -> JSONValue? { wheel?[key] ?? build?[key] }
    func texts(_ key: String) -> [String] { option(key)?.strings ?? [] }
    let packages = texts("packages").map { Self.trimmed($0) }
    var only = texts("only-include").map { Self.trimmed($0) }
    let includes = texts("include")
    let forced = option("force-include")?.object?.members ?? []
    excluded.add(texts("exclude"))
    var prefixes: [String] = []
    for entry in option("sources")?.object?.members ?? [] {
      if let root = Self.root(of: entry.name, packedAs: entry.value.string ?? "") { prefixes.append(root) }
    }
    prefixes += (option("sources")?.strings ?? []).map { Self.trimmed($0) }
    for package in packages where only.isEmpty { prefixes.append(Paths.parent(package)) }
    if only.isEmpty { only = packages }
    if only.isEmpty, includes.isEmpty, forced.isEmpty || wheel?["bypass-selection"]?.bool == true {
      try addDefaultHatchlingPackage(project)
      return
    }
    if only.isEmpty, includes.isEmpty {
      // With only forced files, these are the whole selection; the package of the project's name is found anyway.
      try addDefaultHatchlingPackage(project)
    } else {
      included += only.isEmpty ? [""] : only
    }
    if !includes.isEmpty {
      filter = PatternList(includes + texts("artifacts"))
    }
    for root in prefixes where !roots.contains(root) { roots.append(root) }
    if roots.isEmpty { roots = [""] }
    for entry in forced {
      let from = Self.trimmed(entry.name)
      guard let to = entry.value.string, let path = Paths.normalized(from), !from.hasPrefix("/"),
        let root = Self.root(of: path, packedAs: to)
      else { continue }
      if !included.contains(where: { Paths.contains($0, path) }) { add(path, root: root) }
    }
  }

  /// The order of hatchling's heuristics: NAME, src/NAME, NAME.py, NAMESPACE/NAME.
  private mutating func addDefaultHatchlingPackage(_ project: BackendProject) throws {
    let names = [project.moduleName(project.name), project.moduleName]
    for name in names {
      if try project.isFile(Paths.join(name, "__init__.py")) { return add(name, root: "") }
      if try project.isFile("src/\(name)/__init__.py") { return add("src/" + name, root: "src") }
      if try project.isFile(name + ".py") { return add(name + ".py", root: "") }
      let namespaces = try project.directories(in: "").filter { try project.isFile("\($0)/\(name)/__init__.py") }
      if namespaces.count == 1 { return add(namespaces[0], root: "") }
    }
  }

  private static func trimmed(_ path: String) -> String { Paths.normalized(path) ?? path }

  /// The directory that `path` is imported from when the wheel has it as `place`; nil where it is renamed.
  private static func root(of path: String, packedAs place: String) -> String? {
    let path = trimmed(path)
    let place = trimmed(place)
    if place.isEmpty { return path }
    if path == place { return "" }
    return path.hasSuffix("/" + place) ? String(path.dropLast(place.count + 1)) : nil
  }
}
