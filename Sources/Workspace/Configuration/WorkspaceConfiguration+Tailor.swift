internal import BuildFiles
internal import Diagnostics

extension WorkspaceConfiguration {
  /// Options for the additions of `kilt tailor` to BUILD files: `[tailor]`, `[python] tailor_…`.
  public struct Tailoring: Sendable, Hashable {
    /// The name of new BUILD files.
    public var buildFileName = "BUILD"
    /// The header of new BUILD files.
    public var buildFileHeader: String?
    /// One step of indentation.
    public var buildFileIndent = "    "
    /// BUILD files that are neither made nor changed: globs from the workspace root.
    public var ignorePaths: [String] = []
    /// The addresses of targets that are not added.
    public var ignoreAddingTargets: [String] = []
    /// The names that replace target types: a macro, or a type of a plugin.
    public var aliasMapping: [String: String] = [:]
    /// Whether `kilt tailor` adds targets of Python files.
    public var pythonSources = true
    /// Whether it skips `__init__.py` files that are empty and alone in their directory.
    public var ignoresEmptyInitFiles = true
    /// Whether it adds targets of requirements files.
    public var pythonRequirements = true
    /// Whether it adds a `pex_binary` for each file that looks like a program.
    public var pexBinaries = false
    /// Whether it adds a `resource` for `py.typed` files.
    public var pythonTypeMarkers = true
    /// Whether it adds targets of shell scripts.
    public var shellSources = true
  }

  mutating func readTailoring(kiltFile file: ConfigurationFile, python: TableReader) throws {
    let table = try TableReader(file, "tailor")
    try readTailoring(table, python)
    tailoring.shellSources = try table.bool("shell_sources") ?? tailoring.shellSources
    try table.finish()
    try settleBuildFileName(file)
  }

  mutating func readTailoring(pantsFile file: ConfigurationFile, python: TableReader) throws {
    try readTailoring(try TableReader(file, "tailor"), python)
    // Without its backend, Pants knows no shell targets, and would stumble over them.
    let backends = try TableReader(file, "GLOBAL").strings("backend_packages", default: [])
    tailoring.shellSources =
      try backends.contains("pants.backend.shell") && (TableReader(file, "shell-setup").bool("tailor") ?? true)
    try settleBuildFileName(file)
  }

  private mutating func readTailoring(_ table: TableReader, _ python: TableReader) throws {
    var options = tailoring
    options.buildFileName = try table.string("build_file_name") ?? options.buildFileName
    options.buildFileHeader = try table.string("build_file_header") ?? options.buildFileHeader
    options.buildFileIndent = try table.string("build_file_indent") ?? options.buildFileIndent
    options.ignorePaths = try table.strings("ignore_paths", default: options.ignorePaths)
    options.ignoreAddingTargets = try table.strings("ignore_adding_targets", default: options.ignoreAddingTargets)
    for entry in try table.stringTable("alias_mapping") ?? [] { options.aliasMapping[entry.name] = entry.value }
    options.pythonSources = try python.bool("tailor_source_targets") ?? options.pythonSources
    options.ignoresEmptyInitFiles =
      try python.bool("tailor_ignore_empty_init_files") ?? python.bool("tailor_ignore_solitary_init_files")
      ?? options.ignoresEmptyInitFiles
    options.pythonRequirements = try python.bool("tailor_requirements_targets") ?? options.pythonRequirements
    options.pexBinaries = try python.bool("tailor_pex_binary_targets") ?? options.pexBinaries
    options.pythonTypeMarkers = try python.bool("tailor_py_typed_targets") ?? options.pythonTypeMarkers
    tailoring = options
  }

  /// Kilt must find a new BUILD file again: if the patterns do not allow `BUILD`, the first name of the patterns is
  /// used.
  private mutating func settleBuildFileName(_ file: ConfigurationFile) throws {
    let name = tailoring.buildFileName
    let patterns = buildPatterns.map { GlobPattern($0) }
    let isName = !name.isEmpty && !name.contains("/") && name != "." && name != ".."
    if isName, patterns.contains(where: { $0.matches(name) }) { return }
    if try TableReader(file, "tailor").value("build_file_name") == nil {
      if let first = zip(patterns, buildPatterns).first(where: { $0.0.isLiteral }) { tailoring.buildFileName = first.1 }
      return
    }
    throw Diagnostic(
      .input, "Kilt would not find BUILD files named \"\(name)\"",
      at: file.location(table: "tailor", key: "build_file_name"),
      notes: ["names of BUILD files: " + buildPatterns.map { "\"\($0)\"" }.joined(separator: ", ")],
      remedies: ["set build_file_name under [tailor] to one of these names"])
  }
}
