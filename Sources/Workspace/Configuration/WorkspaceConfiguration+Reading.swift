internal import Diagnostics

extension WorkspaceConfiguration {
  /// Reads `kilt.toml`. A key it does not know is an error.
  ///
  /// - Throws: `Diagnostic` with the place in the file.
  public init(kiltFile path: String, text: String) throws {
    let file = try ConfigurationFile(path: path, text: text)
    self.init()
    self.path = path
    let root = try TableReader(file, "")
    root.allow(["workspace", "python", "test", "repository", "git", "clusters"])
    try root.finish()

    let workspace = try TableReader(file, "workspace")
    name = try workspace.string("name") ?? ""
    sourceRoots = try workspace.strings("source_roots") ?? sourceRoots
    ignore = try workspace.strings("ignore") ?? []
    buildPatterns = try workspace.strings("build_patterns") ?? buildPatterns
    ignoresUnknownTargetTypes = try workspace.choice("unknown_target_types", UnknownTypes.self) == .ignore
    preludeGlobs = try workspace.strings("prelude_globs") ?? []
    try workspace.finish()

    let python = try TableReader(file, "python")
    interpreterConstraints = try python.strings("interpreter_constraints") ?? []
    resolves = try (python.stringTable("resolves") ?? []).map { Resolve(name: $0.name, lockfile: $0.value) }
    defaultResolve = try python.string("default_resolve") ?? ""
    python.allow(["infer"])
    try python.finish()
    try settleDefaultResolve(file, table: "python")

    let infer = try TableReader(file, "python.infer")
    try readInference(infer)
    try infer.finish()
    try readTesting(kiltFile: file)

    let repository = try TableReader(file, "repository")
    repositoryURL = try repository.string("url")
    try repository.finish()
    let git = try TableReader(file, "git")
    mainBranch = try git.string("main_branch") ?? mainBranch
    try git.finish()
    for name in try TableReader(file, "").tableNames("clusters") {
      let table = try TableReader(file, "clusters." + name)
      guard let scheduler = try table.string("scheduler") else {
        throw Diagnostic(
          .input, "the cluster \"\(name)\" in \"\(path)\" lacks its scheduler",
          at: file.location(table: "clusters." + name), remedies: ["add scheduler = \"http://127.0.0.1:8081\""])
      }
      try table.finish()
      clusters.append(Cluster(name: name, scheduler: scheduler))
    }
  }

  private enum UnknownTypes: String, CaseIterable { case error, ignore }

  private mutating func settleDefaultResolve(_ file: ConfigurationFile, table: String) throws {
    guard !resolves.isEmpty else { return }
    if defaultResolve.isEmpty {
      if resolves.count == 1 {
        defaultResolve = resolves[0].name
      } else if let usual = ["default", "python-default"].first(where: { lockfile(ofResolve: $0) != nil }) {
        defaultResolve = usual
      } else {
        throw Diagnostic(
          .input, "\"\(path)\" has several resolves and no default_resolve",
          at: file.location(table: table + ".resolves"),
          remedies: ["add default_resolve = \"\(resolves[0].name)\" under [\(table)]"])
      }
    }
    guard lockfile(ofResolve: defaultResolve) != nil else {
      throw Diagnostic(
        .input, "the default_resolve \"\(defaultResolve)\" is not among the resolves",
        at: file.location(table: table, key: "default_resolve"),
        remedies: Suggestions.remedy(for: defaultResolve, among: resolves.map(\.name)).map { [$0] } ?? [])
    }
  }

  private mutating func readInference(_ table: TableReader) throws {
    var options = Inference()
    options.imports = try table.bool("imports") ?? options.imports
    options.stringImports = try table.bool("string_imports") ?? options.stringImports
    options.stringImportsMinimumDots = try table.int("string_imports_min_dots") ?? options.stringImportsMinimumDots
    options.assets = try table.bool("assets") ?? options.assets
    options.assetsMinimumSlashes = try table.int("assets_min_slashes") ?? options.assetsMinimumSlashes
    options.initFiles = try table.choice("init_files", InitFiles.self) ?? options.initFiles
    options.conftests = try table.bool("conftests") ?? options.conftests
    options.entryPoints = try table.bool("entry_points") ?? options.entryPoints
    options.unownedImports =
      try table.choice("unowned_dependency_behavior", UnownedImports.self) ?? options.unownedImports
    options.ambiguityResolution =
      try table.choice("ambiguity_resolution", AmbiguityResolution.self) ?? options.ambiguityResolution
    options.ignoredUnownedImports = try table.strings("ignored_unowned_imports") ?? []
    inference = options
  }

  /// Reads what concerns Kilt in a `pants.toml`. Other keys are Pants' business.
  ///
  /// - Throws: `Diagnostic` with the place in the file.
  public init(pantsFile path: String, text: String) throws {
    let file = try ConfigurationFile(path: path, text: text)
    self.init()
    self.path = path
    let global = try TableReader(file, "GLOBAL")
    buildPatterns = try global.strings("build_patterns") ?? buildPatterns
    buildIgnore = try global.strings("build_ignore") ?? []
    preludeGlobs = try global.strings("build_file_prelude_globs") ?? []
    ignore = try global.strings("pants_ignore") ?? []
    let source = try TableReader(file, "source")
    sourceRoots = try source.strings("root_patterns") ?? ["/", "src", "src/python", "src/py"]
    sourceRootMarkers = try source.strings("marker_filenames") ?? []
    let python = try TableReader(file, "python")
    interpreterConstraints = try python.strings("interpreter_constraints") ?? []
    if try python.bool("enable_resolves") ?? false {
      resolves = try (python.stringTable("resolves") ?? [("python-default", "3rdparty/python/default.lock")]).map {
        Resolve(name: $0.0, lockfile: $0.1)
      }
      defaultResolve = try python.string("default_resolve") ?? "python-default"
      try settleDefaultResolve(file, table: "python")
    }
    try readInference(try TableReader(file, "python-infer"))
    try readTesting(pantsFile: file)
  }
}
