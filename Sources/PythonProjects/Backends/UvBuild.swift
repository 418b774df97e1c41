internal import BuildFiles
internal import JSON

extension WheelContents {
  /// uv_build: one module or several below `module-root`, `src` by default, named like the project by default.
  mutating func readUvBuild(_ project: BackendProject) throws {
    let options = project.tool?["uv"]?["build-backend"]
    let root = Paths.normalized(options?["module-root"]?.string ?? "src") ?? "src"
    let given = options?["module-name"]
    let isStub = normalizedProjectName(project.name).hasSuffix("-stubs")
    let usual = isStub ? String(project.moduleName.dropLast("_stubs".count)) + "-stubs" : project.moduleName
    for name in given?.strings ?? [given?.string ?? usual] {
      add(Paths.join(root, name.split(separator: ".").joined(separator: "/")), root: root)
    }
    excluded.add(options?["wheel-exclude"]?.strings ?? [])
    excluded.add(options?["source-exclude"]?.strings ?? [])
  }

  /// flit: the module or package of `[tool.flit.module]` or of the project's name, at the top or in `src`.
  mutating func readFlit(_ project: BackendProject) throws {
    let flit = project.tool?["flit"]
    let name =
      flit?["module"]?["name"]?.string ?? flit?["metadata"]?["module"]?.string
      ?? String(project.name.map { $0 == "-" ? "_" : $0 })
    let path = name.split(separator: ".").joined(separator: "/")
    for root in ["", "src"] {
      let place = Paths.join(root, path)
      if try project.isDirectory(place) { return add(place, root: root) }
      if try project.isFile(place + ".py") { return add(place + ".py", root: root) }
    }
  }

  /// pdm-backend: `includes`, or every package at the top of `package-dir`, or else every module there.
  mutating func readPdm(_ project: BackendProject) throws {
    let options = project.tool?["pdm"]?["build"]
    let source = try project.isDirectory("src") ? "src" : ""
    let root = Paths.normalized(options?["package-dir"]?.string ?? source) ?? ""
    excluded.add(options?["excludes"]?.strings ?? [])
    // Wheels omit files that only sdists have.
    let sources = options?["source-includes"]?.strings ?? ["tests"]
    excluded.add(sources.map { $0.hasPrefix("/") ? $0 : "/" + $0 })
    if let includes = options?["includes"]?.strings, !includes.isEmpty {
      included.append("")
      filter = PatternList(includes.map { $0.hasPrefix("/") ? $0 : "/" + $0 })
      roots.append(root)
      return
    }
    let packages = try project.directories(in: root).filter { try project.isPackage(Paths.join(root, $0)) }
    for package in packages { add(Paths.join(root, package), root: root) }
    if packages.isEmpty {
      for name in try project.fileNames(in: root) where name.hasSuffix(".py") {
        add(Paths.join(root, name), root: root)
      }
    }
    if roots.isEmpty { roots.append(root) }
  }

  /// poetry-core: `packages`, or the package or module of the project's name, at the top or in `src`; `include` besides.
  mutating func readPoetry(_ project: BackendProject) throws {
    let poetry = project.tool?["poetry"]
    let excludes = poetry?["exclude"]?.strings ?? []
    excluded.add(excludes.map { $0.hasPrefix("/") ? $0 : "/" + $0 })
    for entry in poetry?["packages"]?.array ?? [] {
      guard let include = entry["include"]?.string else { continue }
      let from = Paths.normalized(entry["from"]?.string ?? "") ?? ""
      let glob = Paths.join(from, include)
      if !roots.contains(from) { roots.append(from) }
      if GlobPattern(glob).isLiteral {
        included.append(glob)
      } else {
        // `pkg/**/*.py`: the directory before the first star, and the matching files in it.
        included.append(GlobPattern(glob).literalDirectory)
        filter = filter ?? PatternList([])
        filter?.add(["/" + glob])
      }
    }
    if poetry?["packages"] == nil {
      let name = project.moduleName
      for root in ["", "src"] {
        let place = Paths.join(root, name)
        if try project.isDirectory(place) {
          add(place, root: root)
          break
        }
        if try project.isFile(place + ".py") {
          add(place + ".py", root: root)
          break
        }
      }
    }
    if filter == nil {
      for entry in poetry?["include"]?.array ?? [] {
        let formats = entry["format"]?.strings ?? entry["format"]?.string.map { [$0] } ?? ["sdist"]
        guard let path = entry["path"]?.string ?? entry.string, formats.contains("wheel"), GlobPattern(path).isLiteral
        else { continue }
        included.append(path)
      }
    }
  }
}
