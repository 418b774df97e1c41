internal import BuildFiles
internal import Diagnostics
internal import Workspace

/// Creates the targets of one BUILD directory: the declared ones, and those that they generate.
struct BuildDirectoryTargets {
  /// A target, with its generator and declaration as places in this package.
  struct Entry {
    var target: Target
    var declaration: Int
    var generator: Int?
  }

  let files: FileTable
  let sources: any GraphSources
  /// The treatment of `sources` that select nothing.
  let unmatched: WorkspaceConfiguration.UnmatchedFiles?
  /// Whether the workspace has only a Pants configuration.
  let isForPants: Bool
  var entries: [Entry] = []
  /// The errors.
  var problems: [Diagnostic] = []
  /// The warnings.
  var warnings: [Diagnostic] = []
  /// The files that were read.
  var inputs: [FileID] = []
  /// The requirements files that targets of this package take.
  var siblings: [String] = []
  private var declaration = 0

  init(files: FileTable, sources: any GraphSources, configuration: WorkspaceConfiguration) {
    self.files = files
    self.sources = sources
    unmatched = configuration.unmatchedFiles
    isForPants = configuration.isForPants
  }

  mutating func add(_ package: BuildDirectory) throws {
    guard let directory = files.directory(at: package.directory) else { return }
    siblings = package.targets.filter { $0.type == .pythonRequirements }.map {
      Paths.join(package.directory, $0.given("source")?.string ?? TargetType.pythonRequirements.defaultSource ?? "")
    }
    for (index, declaration) in package.targets.enumerated() {
      self.declaration = index
      let address = Address(
        directory: package.directory, name: declaration.name, parameters: declaration.parameters)
      var file: FileID?
      if let source = declaration.given("source")?.string, declaration.type.generated == nil,
        declaration.type.field(named: "source")?.kind == .source
      {
        file = files.file(at: Paths.join(package.directory, source))
        if file == nil { problems.append(missing(source, field: "source", declaration, address)) }
        let target = Target(
          type: declaration.type, address: address, declaration: declaration, generator: nil, file: file, ownFields: [])
        if let file { refuse([file], target) }
      }
      var fields: [TargetDeclaration.Assignment] = []
      if declaration.type == .pythonRequirement, let texts = locatedRequirements(declaration, package.directory) {
        fields = [.init(name: "requirements", value: .strings(texts))]
      }
      let generator = append(
        Target(
          type: declaration.type, address: address, declaration: declaration, generator: nil, file: file,
          ownFields: fields), generator: nil)
      guard declaration.type.generated != nil else { continue }
      switch declaration.type {
      case .pythonRequirements, .poetryRequirements, .uvRequirements, .pipenvRequirements:
        try addRequirements(of: generator)
      case .pexBinaries: addBinaries(of: generator)
      default: addFiles(of: generator, in: directory)
      }
    }
  }

  /// Adds a target and returns its row.
  @discardableResult
  mutating func append(_ target: Target, generator: Int?) -> Int {
    entries.append(Entry(target: target, declaration: declaration, generator: generator))
    return entries.count - 1
  }

  /// One target a file that the globs of `sources` select.
  private mutating func addFiles(of place: Int, in directory: DirectoryID) {
    let generator = entries[place].target
    guard let type = generator.type.generated else { return }
    let texts = generator.strings(of: "sources")
    let globs = SourceGlobs(texts)
    var overrides = self.overrides(of: generator)
    var selected: [FileID]
    if globs.includes.allSatisfy(\.isLiteral) {
      // Named files are looked up; each must exist.
      selected = []
      for pattern in globs.includes where !globs.excludes.contains(where: { $0.matches(pattern.text) }) {
        if let file = files.file(at: Paths.join(generator.address.directory, pattern.text)) {
          selected.append(file)
        } else {
          note(
            missing(pattern.text, field: "sources", generator.declaration, generator.address), usually: .error)
        }
      }
      selected = Set(selected).sorted()
    } else {
      selected = files.files(matching: globs, in: directory)
      if generator.given("sources") != nil { noteUnmatched(globs, selected, generator) }
    }
    refuse(selected, generator)
    let patterns = Self.takePatterns(from: &overrides)
    var unused = Set(patterns.map(\.pattern.text))
    for file in selected {
      let path = Paths.relative(files.path(of: file), to: generator.address.directory)
      var address = generator.address
      address.file = path
      var fields =
        [TargetDeclaration.Assignment(name: "source", value: .string(path))]
        + (overrides.removeValue(forKey: path) ?? [])
      for entry in patterns where entry.pattern.matches(path) {
        unused.remove(entry.pattern.text)
        fields += entry.fields
      }
      for variant in variants(of: fields, generator) {
        address.parameters = variant.parameters
        append(
          Target(
            type: type, address: address, declaration: generator.declaration, generator: nil, file: file,
            ownFields: variant.fields), generator: place)
      }
    }
    for path in (Array(overrides.keys) + unused).sorted() {
      problems.append(
        Diagnostic(
          .input, "\"\(generator.address)\" overrides \"\(path)\", which is not among its sources",
          at: generator.declaration.site.location(field: "overrides", text: path)))
    }
  }

  /// Records a problem of `sources` with the severity that the workspace wants.
  private mutating func note(_ problem: Diagnostic, usually: WorkspaceConfiguration.UnmatchedFiles) {
    switch unmatched ?? usually {
    case .ignore: return
    case .warn: warnings.append(problem)
    case .error: problems.append(problem)
    }
  }

  /// Records globs that match nothing: only if all match nothing, or, where that is an error, each one, as in Pants.
  private mutating func noteUnmatched(_ globs: SourceGlobs, _ selected: [FileID], _ generator: Target) {
    let site = generator.declaration.site
    if selected.isEmpty {
      note(
        Diagnostic(
          .input, "the sources of \"\(generator.address)\" do not match any file", at: site.location(field: "sources")),
        usually: .warn)
    } else if unmatched == .error {
      let paths = selected.map { Paths.relative(files.path(of: $0), to: generator.address.directory) }
      for glob in globs.includes where !paths.contains(where: glob.matches) {
        problems.append(
          Diagnostic(
            .input, "\"\(glob.text)\" in the sources of \"\(generator.address)\" does not match any file",
            at: site.location(field: "sources", text: glob.text)))
      }
    }
  }

  /// Notes files that a type does not take (Pants: `expected_file_extensions`, and `conftest.py` among tests).
  private mutating func refuse(_ selected: [FileID], _ target: Target) {
    guard target.type.isPythonSource else { return }
    let isTest = target.type == .pythonTests || target.type == .pythonTest
    let field = target.type.generated == nil ? "source" : "sources"
    for file in selected {
      let path = Paths.relative(files.path(of: file), to: target.address.directory)
      let name = files.name(of: file)
      let isPython =
        name.hasSuffix(".py") || (name.hasSuffix(".pyi") && !isTest) || !name.dropFirst().contains(".")
      if isPython, !isTest || name != "conftest.py" { continue }
      problems.append(
        Diagnostic(
          .input,
          isPython
            ? "\"\(target.address)\" has \"\(path)\" among its tests, but the file has fixtures"
            : "\"\(target.address)\" has \"\(path)\" among its \(field), which is not a Python file",
          at: target.declaration.site.location(field: field, text: path),
          remedies: [
            isPython
              ? "exclude it with \"!\(path)\", and declare python_test_utils() for it"
              : "declare it in resources(…) or files(…), and add a dependency on that target"
          ]))
    }
  }

  /// Removes the keys that are globs from overrides by file.
  private static func takePatterns(
    from overrides: inout [String: [TargetDeclaration.Assignment]]
  ) -> [(pattern: GlobPattern, fields: [TargetDeclaration.Assignment])] {
    let keys = overrides.keys.filter { !GlobPattern($0).isLiteral }.sorted()
    return keys.map { (GlobPattern($0), overrides.removeValue(forKey: $0) ?? []) }
  }

  /// The fields that `overrides` sets, by file or name.
  func overrides(of generator: Target) -> [String: [TargetDeclaration.Assignment]] {
    var result: [String: [TargetDeclaration.Assignment]] = [:]
    for entry in generator.value(of: "overrides").map ?? [] {
      let fields = (entry.value.map ?? []).map {
        TargetDeclaration.Assignment(name: $0.key.string ?? "", value: $0.value)
      }
      for key in entry.key.strings ?? [] { result[key, default: []] += fields }
    }
    return result
  }

  private mutating func addBinaries(of place: Int) {
    let generator = entries[place].target
    let overrides = self.overrides(of: generator)
    for entry in generator.strings(of: "entry_points") {
      var address = generator.address
      address.generated = entry.map { $0 == ":" ? "-" : String($0) }.joined()
      let fields = [TargetDeclaration.Assignment(name: "entry_point", value: .string(entry))]
      for variant in variants(of: (overrides[entry] ?? []) + fields, generator) {
        address.parameters = variant.parameters
        append(
          Target(
            type: .pexBinary, address: address, declaration: generator.declaration, generator: nil, file: nil,
            ownFields: variant.fields), generator: place)
      }
    }
  }

  /// The variants of a generated target, where `overrides` parametrises it.
  private mutating func variants(
    of fields: [TargetDeclaration.Assignment], _ generator: Target
  ) -> [TargetDeclaration.Variant] {
    do throws(ParametrizeConflict) {
      return try TargetDeclaration.variants(of: fields, parameters: generator.address.parameters)
    } catch {
      let problem = BuildFileError.conflictingParameters(
        error, target: generator.address.description, site: generator.declaration.site)
      problems.append(problem.diagnostic)
      return []
    }
  }

  func missing(_ path: String, field: String, _ declaration: TargetDeclaration, _ address: Address) -> Diagnostic {
    var remedies: [String] = []
    let directory = Paths.join(address.directory, Paths.parent(path))
    if let id = files.directory(at: directory) {
      let names = files.files(in: id).map { Paths.relative(files.path(of: $0), to: address.directory) }
      remedies = Suggestions.remedy(for: path, among: names).map { [$0] } ?? []
    }
    return Diagnostic(
      .input, "the target \"\(address)\" names the file \"\(path)\", which does not exist",
      at: declaration.site.location(field: field, text: path), remedies: remedies)
  }
}
