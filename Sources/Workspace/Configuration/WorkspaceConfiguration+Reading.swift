internal import Diagnostics
internal import SystemSupport

extension WorkspaceConfiguration {
  /// Reads `kilt.toml`. An unknown key is an error.
  ///
  /// - Parameter read: returns the text of the file that `[workspace] extends` names, from the workspace root; nil if
  ///   it is missing.
  /// - Throws: `Diagnostic` with the location in the file.
  public init(
    kiltFile path: String, text: String, read: (String) throws -> String? = { _ in nil },
    variable: (String) -> String? = { _ in nil }
  ) throws {
    let file = try ConfigurationFile(path: path, text: text)
    if let base = try TableReader(file, "workspace").string("extends") {
      guard let text = try read(try file.inside(base, table: "workspace", key: "extends")) else {
        throw Diagnostic(
          .input, "\"\(path)\" extends \"\(base)\", which does not exist",
          at: file.location(table: "workspace", key: "extends"))
      }
      try self.init(pantsFile: base, text: text, read: read, variable: variable)
    } else {
      self.init()
    }
    self.path = path
    let root = try TableReader(file, "")
    root.allow(["workspace", "python", "test", "lint", "tailor", "repository", "git", "cache", "clusters"])
    try root.finish()

    let workspace = try TableReader(file, "workspace")
    workspace.allow(["extends"])
    name = try workspace.string("name") ?? ""
    sourceRoots = try workspace.strings("source_roots") ?? sourceRoots
    ignore = try workspace.strings("ignore") ?? ignore
    buildPatterns = try workspace.strings("build_patterns") ?? buildPatterns
    ignoresUnknownTargetTypes = try workspace.choice("unknown_target_types", UnknownTypes.self) == .ignore
    preludeGlobs = try workspace.strings("prelude_globs") ?? preludeGlobs
    unmatchedFiles = try workspace.choice("unmatched_build_file_globs", UnmatchedFiles.self) ?? unmatchedFiles
    if try workspace.choice("pants_options", PantsOptions.self) == .ignore { pantsNotices = [] }
    try workspace.finish()

    let python = try TableReader(file, "python")
    interpreterConstraints = try python.strings("interpreter_constraints") ?? interpreterConstraints
    try readResolves(python, file)
    pythonVersion = try python.string("version")
    if let pythonVersion, pythonVersion.wholeMatch(of: #/3\.[0-9]{1,2}/#) == nil {
      throw Diagnostic(
        .input, "\"\(pythonVersion)\" is not a minor version of Python 3",
        at: file.location(table: "python", key: "version"), remedies: ["write a version such as version = \"3.11\""])
    }
    defaultResolve = try python.string("default_resolve") ?? defaultResolve
    python.allow(["infer"])
    try readTailoring(kiltFile: file, python: python)
    try python.finish()
    try settleDefaultResolve(file, table: "python")

    let infer = try TableReader(file, "python.infer")
    try readInference(infer)
    try infer.finish()
    try readTesting(kiltFile: file)
    try readLinting(kiltFile: file)

    let repository = try TableReader(file, "repository")
    repositoryURL = try repository.string("url")
    try repository.finish()
    let cache = try TableReader(file, "cache")
    cacheQuota = try cache.string("quota")
    if let text = cacheQuota, ByteSize.parse(text) == nil {
      throw Diagnostic(
        .input, "invalid cache quota \"\(text)\"", at: file.location(table: "cache", key: "quota"),
        remedies: ["write a size such as quota = \"20GiB\""])
    }
    cacheRemote = try cache.string("remote")
    cacheTrustedKeys = try cache.strings("trusted_keys") ?? []
    try cache.finish()
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

  private enum PantsOptions: String, CaseIterable { case warn, ignore }
  private enum UnknownTypes: String, CaseIterable { case error, ignore }

  mutating func settleDefaultResolve(_ file: ConfigurationFile, table: String) throws {
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

  mutating func readInference(_ table: TableReader) throws {
    var options = inference
    options.imports = try table.bool("imports") ?? options.imports
    options.stringImports = try table.bool("string_imports") ?? options.stringImports
    options.stringImportsMinimumDots = try table.int("string_imports_min_dots") ?? options.stringImportsMinimumDots
    options.stringImportIgnore = try table.strings("string_import_ignore", default: options.stringImportIgnore)
    options.assets = try table.bool("assets") ?? options.assets
    options.assetsMinimumSlashes = try table.int("assets_min_slashes") ?? options.assetsMinimumSlashes
    if let choice = try table.choice("init_files", InitFiles.self) {
      (options.initFiles, options.packedInitFiles) = (choice, choice)
    }
    options.conftests = try table.bool("conftests") ?? options.conftests
    options.entryPoints = try table.bool("entry_points") ?? options.entryPoints
    options.unownedImports =
      try table.choice("unowned_dependency_behavior", UnownedImports.self) ?? options.unownedImports
    options.ambiguityResolution =
      try table.choice("ambiguity_resolution", AmbiguityResolution.self) ?? options.ambiguityResolution
    options.ignoredUnownedImports = try table.strings("ignored_unowned_imports", default: options.ignoredUnownedImports)
    inference = options
  }
}
