internal import BuildFiles
internal import Diagnostics

extension WorkspaceConfiguration {
  /// Reads the keys of a `pants.toml` that concern Kilt. Other keys are left to Pants.
  ///
  /// Pants' interpolation (`%(buildroot)s`, `%(name)s` of the same table or of `[DEFAULT]`) applies in paths, its `add`
  /// and `remove` of lists in all lists.
  ///
  /// - Parameters:
  ///   - read: returns the text of a further file, by its path from the workspace root or an absolute one.
  ///   - variable: returns the value of a variable of the environment.
  /// - Throws: `Diagnostic` with the location in the file.
  public init(
    pantsFile path: String, text: String, read: (String) throws -> String? = { _ in nil },
    variable: (String) -> String? = { _ in nil }
  ) throws {
    var file = try ConfigurationFile(path: path, text: text, hasLiterals: true)
    self.init()
    self.path = path
    layerPaths = try withoutActuallyEscaping(read) { read in
      try withoutActuallyEscaping(variable) { try PantsLayers(read: read, variable: $0).lay(over: &file) }
    }
    pantsNotices = Self.notices(of: file)
    let global = try TableReader(file, "GLOBAL")
    buildPatterns = try global.strings("build_patterns", default: buildPatterns)
    buildIgnore = try global.strings("build_ignore", default: [])
    preludeGlobs = try global.strings("build_file_prelude_globs", default: []).map {
      file.interpolated($0, in: "GLOBAL")
    }
    ignore = try global.strings("pants_ignore", default: [])
    // Where Pants is configured to fail, Kilt warns: it checks all targets, and a generated file must not prevent
    // listing the others. `kilt.toml` can make it an error.
    let unmatched = try global.choice("unmatched_build_file_globs", UnmatchedFiles.self)
    unmatchedFiles = unmatched == .ignore ? .ignore : .warn
    pluginPaths = try global.strings("pythonpath", default: []).compactMap {
      Paths.normalized(file.interpolated($0, in: "GLOBAL"))
    }
    plugins = try global.strings("plugins", default: [])
    let source = try TableReader(file, "source")
    sourceRoots = try source.strings("root_patterns", default: ["/", "src", "src/python", "src/py"])
    sourceRootMarkers = try source.strings("marker_filenames", default: [])
    let python = try TableReader(file, "python")
    interpreterConstraints = try python.strings("interpreter_constraints", default: []).map {
      file.interpolated($0, in: "python")
    }
    if try python.bool("enable_resolves") ?? false {
      resolves = try (python.stringTable("resolves") ?? [("python-default", "3rdparty/python/default.lock")]).map {
        Resolve(
          name: $0.0,
          lockfile: try file.inside(file.interpolated($0.1, in: "python"), table: "python.resolves", key: $0.0))
      }
      try readPantsResolveOptions(python)
      for index in resolves.indices {
        resolves[index].options.interpreterConstraints = resolves[index].options.interpreterConstraints.map {
          file.interpolated($0, in: "python")
        }
      }
      // One that names no resolve is refused where it is used, as in Pants: all targets may name another.
      defaultResolve = try python.string("default_resolve") ?? "python-default"
    } else {
      var resolve = Resolve(name: "default", lockfile: "3rdparty/python/default.lock")
      resolve.options.constraintsFile = try python.string("requirement_constraints").map {
        file.interpolated($0, in: "python")
      }
      resolve.options.noBinary = try python.strings("no_binary", default: [])
      resolve.options.onlyBinary = try python.strings("only_binary", default: [])
      implicitResolve = resolve
    }
    defaultsToResolveConstraints = try python.bool("default_to_resolve_interpreter_constraints") ?? false
    try readPantsSelection(file)
    try readTailoring(pantsFile: file, python: python)
    try readInference(try TableReader(file, "python-infer"))
    try readTesting(pantsFile: file)
    try readLinting(pantsFile: file)
  }
}

extension WorkspaceConfiguration {
  /// Reads which targets commands select, and where packages come from.
  private mutating func readPantsSelection(_ file: ConfigurationFile) throws {
    tags = try TableReader(file, "GLOBAL").strings("tag", default: [])
    let changed = try TableReader(file, "changed")
    changedDependents = try changed.string("dependents") ?? changed.string("dependees")
    environmentNames = Dictionary(
      try TableReader(file, "environments-preview").stringTable("names")?.map { ($0.name, $0.value) } ?? [],
      uniquingKeysWith: { $1 })
    commandAliases = Dictionary(
      try TableReader(file, "cli").stringTable("alias")?.map { ($0.name, ShellWords.split($0.value)) } ?? [],
      uniquingKeysWith: { $1 })
    let repositories = try TableReader(file, "python-repos")
    if repositories.value("indexes") != nil {
      // Pants' own default, of which additions are made.
      indexes = try repositories.strings("indexes", default: [])
      addsToDefaultIndex = repositories.isAddition("indexes")
    }
    findLinks = try repositories.strings("find_links", default: [])
    emitsPexWarnings = try TableReader(file, "pex-binary-defaults").bool("emit_warnings")
  }
}

extension ConfigurationFile {
  /// A text with Pants' `%(name)s` replaced: `buildroot` is the workspace root, the base of all paths; any other name
  /// is a string of the same table, or of `[DEFAULT]`. An undefined name stays.
  func interpolated(_ text: String, in table: String) -> String {
    var text = text
    // A value can contain others; a cycle ends.
    for _ in 0..<8 {
      guard let start = text.firstIndex(of: "%"), let replaced = replaceFirst(text, from: start, table) else { break }
      text = replaced
    }
    return text
  }

  private func replaceFirst(_ text: String, from start: String.Index, _ table: String) -> String? {
    let rest = text[start...].dropFirst()
    guard rest.first == "(", let close = rest.firstIndex(of: ")"), text[close...].dropFirst().first == "s" else {
      return nil
    }
    let name = String(rest[rest.index(after: rest.startIndex)..<close])
    let end = text.index(close, offsetBy: 2)
    if name == "buildroot" {
      // The rest is a path below the root, so relative to the root.
      return String(text[..<start]) + text[end...].drop { $0 == "/" }
    }
    for section in [table, "DEFAULT"] {
      guard case .table(let values)? = root[section], case .string(let value)? = values[name] else { continue }
      return String(text[..<start]) + value + text[end...]
    }
    return nil
  }
}
