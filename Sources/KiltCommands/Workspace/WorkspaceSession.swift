internal import ArgumentParser
internal import BuildCommands
internal import BuildFiles
internal import Diagnostics
internal import JSON
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// The specs and filters of the verbs that select targets.
struct TargetOptions: ParsableArguments {
  // Exclusions begin with a dash: a text that is not an option is a spec.
  @Argument(
    parsing: .allUnrecognized,
    help: ArgumentHelp(
      "Targets: DIR:NAME, DIR: (all in DIR), DIR:: (all in or below DIR), FILE, //:NAME. Prefix with - to exclude.",
      valueName: "spec"))
  var words: [String] = []

  @Option(help: .changedSince)
  var changedSince: String?

  @Option(
    help: ArgumentHelp(
      "Select by changes between two commits, written as for `git diff`: main...topic, HEAD~2..HEAD.",
      valueName: "diff"))
  var changedDiffspec: String?

  @Option(
    help: """
      With --changed-since, also select dependents of the changed targets. Default: none, or `dependents` in the \
      section [changed] of pants.toml.
      """)
  var changedDependents: ChangedDependents?

  @Option(
    help: ArgumentHelp(
      "Keep targets of any of these types, comma-separated. Prefix with - to exclude.", valueName: "types"))
  var filterTargetType: [String] = []

  @Option(
    help: ArgumentHelp(
      "Keep targets whose address matches any of these regular expressions. Prefix with - to exclude.",
      valueName: "regexes"))
  var filterAddressRegex: [String] = []

  @Option(
    help: ArgumentHelp(
      "Keep targets with a tag that matches any of these regular expressions. Prefix with - to exclude.",
      valueName: "regexes"))
  var filterTagRegex: [String] = []

  @Option(help: "Keep targets of one file (file), targets declared in BUILD files (BUILD), or all.")
  var filterGranularity = FilterGranularity.all

  @Option(
    help: ArgumentHelp(
      "Read more specs from a file, one per line, relative to the current directory. Repeatable.", valueName: "file"))
  var specFiles: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "Python project to select: all its targets, or those named beside it. Repeatable.", valueName: "name"))
  var package: [String] = []

  @Option(
    help: ArgumentHelp(
      "Keep targets with any of these tags, comma-separated. Prefix with - to exclude.", valueName: "tags"))
  var tag: [String] = []

  /// Whether the targets are those that a change affects.
  var selectsChanges: Bool { changedSince != nil || changedDiffspec != nil }

  /// The specs; a lone `--` separates options from later words, and is not a spec.
  var specs: [String] { words.filter { $0 != "--" } }

  /// For commands that pass arguments on: words before the first `--` select targets, words after it are for another
  /// program.
  var split: (options: TargetOptions, passedOn: [String]) {
    var options = self
    options.words = Array(words.prefix { $0 != "--" })
    return (options, Array(words.dropFirst(options.words.count + 1)))
  }

  func validate() throws {
    if let option = words.prefix(while: { $0 != "--" }).first(where: { $0.hasPrefix("--") }) {
      throw ValidationError("Unknown option \"\(option)\"")
    }
  }

  /// The filters. Throws `Diagnostic` for an invalid one.
  ///
  /// - Parameter configuration: the values that apply unless the command line sets them.
  func filter(_ configuration: WorkspaceConfiguration = WorkspaceConfiguration()) throws -> TargetFilter {
    try TargetFilter(
      types: filterTargetType, tags: tag.isEmpty ? configuration.tags : tag, addresses: filterAddressRegex,
      tagPatterns: filterTagRegex,
      granularity: filterGranularity.granularity)
  }
}

/// The choices of `--filter-granularity`.
enum FilterGranularity: String, CaseIterable, ExpressibleByArgument {
  case all, file
  case build = "BUILD"

  var granularity: TargetFilter.Granularity {
    switch self {
    case .all: .all
    case .file: .file
    case .build: .build
    }
  }
}

/// The choices of `--changed-dependents`.
enum ChangedDependents: String, CaseIterable, ExpressibleByArgument {
  case none, direct, transitive

  var depth: DependentsDepth {
    switch self {
    case .none: .none
    case .direct: .direct
    case .transitive: .transitive
    }
  }
}

/// A workspace that a verb works on: found, loaded, with a resolver of dependencies.
struct WorkspaceSession {
  let workspace: Workspace
  let graph: TargetGraph
  let resolver: DependencyResolver
  private let global: GlobalOptions
  private let workingDirectory: String
  /// Whether notes are unwanted.
  var isQuiet: Bool { global.quiet }

  /// Finds and loads the workspace of the working directory.
  init(_ global: GlobalOptions) throws {
    self.global = global
    let directory = try global.workingDirectory
    workspace = try Workspace.find(from: directory)
    workingDirectory = workspace.relativePath(of: directory) ?? ""
    let state = try WorkspaceState(of: workspace)
    if let note = state.note { global.report(Diagnostic(.environment, note), as: .note) }
    if !global.quiet, let warning = try PantsOptionReport(workspace).unseen() { global.report(warning, as: .warning) }
    graph = try TargetGraph.load(workspace, state: state)
    if let warning = graph.files.unnamable(root: workspace.root) { global.report(warning, as: .warning) }
    resolver = DependencyResolver(graph: graph, sources: workspace)
  }

  /// The specs that texts write, as seen from the working directory. Absolute paths may lie in the workspace, and a name of
  /// a Python project stands for its directory where no file or directory has that name.
  func parse(_ texts: [String], packages: [String] = []) throws -> [Spec] {
    let top = workspace.root.string + "/"
    let names = ProjectNames(workspace, graph)
    return try names.specs(texts, packages: packages).map { text in
      let mark = text.hasPrefix("-") ? "-" : ""
      let body = text.dropFirst(mark.count)
      let inside = body.hasPrefix(top) && !body.hasPrefix("//") ? mark + "//" + body.dropFirst(top.count) : text
      return try Spec(parsing: inside, workingDirectory: workingDirectory)
    }
  }

  /// The targets that options select, in the order of addresses.
  ///
  /// - Parameter verb: for the message if nothing is selected.
  func select(_ options: TargetOptions, verb: String) throws -> [TargetID] {
    let filter = try options.filter(workspace.configuration)
    let texts = try options.specs + options.specFiles.flatMap { try specs(inFile: $0) }
    if options.selectsChanges {
      guard texts.allSatisfy({ $0.hasPrefix("-") }) else {
        throw Diagnostic(
          .input, "cannot combine --changed-since with specs: \"\(texts.joined(separator: " "))\"")
      }
      let changed = try changedTargets(options)
      let excluded = Set(try graph.select(try parse(texts.map { String($0.dropFirst()) }), filter: filter))
      return changed.filter { filter.accepts(graph[$0]) && !excluded.contains($0) }
    }
    guard !texts.isEmpty || !options.package.isEmpty else {
      throw Diagnostic(
        .input, "no targets are named",
        remedies: ["run `kilt \(verb) ::` to select all targets, or see `kilt \(verb) --help`"])
    }
    return try graph.select(try parse(texts, packages: options.package), filter: filter)
  }

  private func changedTargets(_ options: TargetOptions) throws -> [TargetID] {
    let configured = workspace.configuration.changedDependents.flatMap { ChangedDependents(rawValue: $0) }
    let depth = (options.changedDependents ?? configured ?? ChangedDependents.none).depth
    var change = ChangedTargets(workspace, resolver)
    var found: [TargetID] = []
    if let revision = options.changedSince {
      guard options.changedDiffspec == nil else {
        throw Diagnostic(.input, "--changed-since and --changed-diffspec cannot be combined")
      }
      found = try change.find(since: revision, depth: depth)
    } else if let difference = options.changedDiffspec {
      found = try change.find(between: difference, depth: depth)
    }
    // The next run reuses the facts of files and the answers of git.
    resolver.save()
    write(warnings: change.warnings)
    return found
  }

  /// The specs in a file: one per line, without empty lines and comments.
  private func specs(inFile name: String) throws -> [String] {
    let path = try global.workingDirectory.pushing(FilePath(name))
    let text: String
    do throws(SystemCallError) {
      text = try FileSystem.readText(path)
    } catch {
      guard error.isMissing else { throw error }
      throw Diagnostic(.input, "the spec file \"\(name)\" does not exist")
    }
    return text.split(whereSeparator: \.isNewline).map { String($0.drop { $0 == " " || $0 == "\t" }) }
      .filter { !$0.isEmpty && !$0.hasPrefix("#") }
  }

  /// The one target that a spec selects.
  func single(_ text: String) throws -> TargetID {
    let found = try graph.select(try parse([text]), withStarters: false)
    guard found.count == 1, let id = found.first else {
      let names = found.prefix(5).map { graph.address(of: $0).description }
      throw Diagnostic(
        .input, "\"\(text)\" selects \(found.count) targets where one is needed",
        notes: names.isEmpty ? [] : ["selected: " + names.joined(separator: ", ") + (found.count > 5 ? ", …" : "")])
    }
    return id
  }

  /// Reports the ambiguities of inference on standard error, and saves the findings for the next run.
  func reportWarnings() throws {
    resolver.save()
    write(warnings: try resolver.warnings() + pluginTypes)
  }

  /// Says which targets are listed without being understood, on standard error.
  func reportPluginTypes() { write(warnings: pluginTypes) }

  private var pluginTypes: [Diagnostic] { graph.pluginTypes().map { [$0] } ?? [] }

  /// Writes warnings, on standard error.
  func write(warnings: [Diagnostic]) {
    guard !warnings.isEmpty, !global.quiet else { return }
    let renderer = DiagnosticRenderer(color: Terminal.standardError.usesColor)
    writeText(warnings.map { renderer.render($0, as: .warning) }.joined(), to: 2)
  }

  /// Writes addresses: one per line, or an array.
  func write(_ ids: [TargetID], as format: OutputFormat) {
    guard format == .text else { return write(lines: ids.map { name(of: $0) }, as: format) }
    var output: [UInt8] = []
    output.reserveCapacity(ids.count * 48)
    graph.write(ids, into: &output)
    writeBytes(output, to: 1)
  }

  /// The address of a target as text.
  func name(of id: TargetID) -> String { graph.name(of: id) }

  /// The addresses of targets as JSON, sorted.
  func names(of ids: [TargetID]) -> JSONValue { .strings(graph.sortedByAddress(ids).map { name(of: $0) }) }

  /// The absolute path of a file of the workspace.
  func absolutePath(of path: String) -> String { workspace.root.appending(path).string }

  /// Writes texts: one per line, or an array.
  func write(lines: [String], as format: OutputFormat) {
    switch format {
    case .text: writeText(lines.map { $0 + "\n" }.joined(), to: 1)
    case .json: write(.strings(lines))
    }
  }

  /// Writes paths: one per line, in which a line end is written as `%0A`, or an array.
  func write(paths: [String], as format: OutputFormat) {
    write(lines: format == .text ? paths.map(Paths.line) : paths, as: format)
  }

  /// Writes JSON.
  func write(_ value: JSONValue) { writeText(value.text(.pretty) + "\n", to: 1) }
}
