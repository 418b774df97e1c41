internal import ArgumentParser
internal import BuildFiles
internal import ContentStore
internal import Diagnostics
internal import JSON
internal import LintCommands
internal import PythonProjects
internal import SystemSupport
internal import TargetGraph
internal import Workspace

/// One run of `kilt fmt`, `kilt lint` or `kilt check`: the files that are selected, and what is said of them.
struct CodeSession {
  let verb: String
  let global: GlobalOptions
  let targets: TargetOptions
  let options: CodeOptions
  let session: WorkspaceSession

  init(_ verb: String, _ global: GlobalOptions, _ targets: TargetOptions, _ options: CodeOptions) throws {
    self.verb = verb
    self.global = global
    self.targets = targets
    self.options = options
    session = try WorkspaceSession(global)
  }

  var configuration: WorkspaceConfiguration { session.workspace.configuration }

  /// The files of the selected targets.
  func files() throws -> [CodeFile] {
    var selection = targets
    // Type errors appear where something is used; formats do not.
    if selection.selectsChanges, verb == "check" { selection.changedDependents = .transitive }
    let selected = try session.select(selection, verb: verb)
    let tags = selection.tag.isEmpty ? configuration.tags : selection.tag
    let filters = tags + selection.filterAddressRegex + selection.filterTagRegex
    // What is left out is not to come back with its generator.
    let filter =
      filters.isEmpty
      ? nil
      : try TargetFilter(
        types: [], tags: tags, addresses: selection.filterAddressRegex, tagPatterns: selection.filterTagRegex)
    let files = try CodeFile.files(of: selected, in: session.resolver, filter: filter)
    if files.isEmpty, !selection.selectsChanges, let only = selected.first, selected.count == 1 {
      throw Diagnostic(
        .input, "cannot \(verb) \"\(session.name(of: only))\": its target type has no Python or shell files",
        remedies: ["run `kilt \(verb) ::` to select all targets"])
    }
    if files.isEmpty, !selection.selectsChanges {
      global.note("note: no target has Python or shell files; `kilt tailor ::` adds targets for files")
    }
    return files
  }

  /// The tools of the configuration that have these roles, or those of `--only`.
  func steps(_ roles: Set<ToolStep.Role>) throws -> [ToolStep] {
    if !options.only.isEmpty { return try ToolStep.named(options.only, among: roles, verb: verb) }
    let chosen = CodeChoice(session.workspace).steps.filter { roles.contains($0.role) }
    for name in configuration.linting.unsupported {
      global.note("note: pants.toml enables \(name), which Kilt does not run; ruff has its rules")
    }
    return chosen
  }

  /// Runs tools with everything that a run needs.
  ///
  /// - Returns: the report, and the places besides sources that it rests on.
  func run(_ body: (CodeRun) throws -> CodeReport) throws -> (CodeReport, [String]) {
    let progress = ProgressLine(.standardError, isQuiet: global.quiet)
    let cancellation = ProcessCancellation()
    let scratch = try FileSystem.canonicalPath(FileSystem.makeTemporaryDirectory(prefix: "kilt-lint"))
    // What cannot be removed is left to whoever cleans temporary directories.
    @Sendable func cleanUp() { try? FileSystem.removeTree(scratch) }
    let run = try CodeRun(
      session.workspace, session.resolver, store: try ContentStore.userDefault(), scratch: scratch,
      jobs: options.jobs ?? availableProcessors(), cancellation: cancellation
    ) { [global] line in
      if !global.quiet { progress.print(line + "\n") }
    }
    TerminationSignals.handle {
      progress.finish()
      cancellation.cancel(graceMilliseconds: 500)
      cleanUp()
    }
    progress.show("running tools")
    defer {
      progress.finish()
      cleanUp()
    }
    let report = try body(run)
    return (report, run.places + workspacePlaces)
  }

  /// The files that say what the workspace is.
  private var workspacePlaces: [String] {
    ["kilt.toml", "pants.toml", ".pants.rc", "/etc/pantsrc", configuration.path] + configuration.layerPaths
      + configuration.lockedResolves.map(\.lockfile)
      + (configuration.projects?.entries ?? []).map { Paths.join($0.directory, "pyproject.toml") }
  }

  // MARK: Reporting

  /// Writes a report, and ends with exit code 1 or 3 where something is to be done.
  ///
  /// - Parameter remedy: the command that fixes what was found.
  func finish(_ report: CodeReport, remedy: String?) throws {
    let text = CodeText(report, verb: verb, color: Terminal.standardOutput.usesColor)
    switch options.format {
    case .text:
      if let file = options.output { try write(text.findings, to: file) } else { writeText(text.findings, to: 1) }
    case .json: try write(CodeForms.json(report).text(.pretty) + "\n")
    case .sarif: try write(CodeForms.sarif(report, version: kiltVersion).text(.pretty) + "\n")
    case .github: try write(CodeForms.github(report))
    case .junit: try write(CodeForms.junit(report))
    }
    if options.format != .text, options.output != nil { writeText(text.findings, to: 1) }
    let renderer = DiagnosticRenderer(color: Terminal.standardError.usesColor)
    for failure in report.failures { writeText(renderer.render(failure.diagnostic), to: 2) }
    if !global.quiet || !report.isClean {
      writeText(text.summary(Terminal.standardError.usesColor), to: 2)
      if !report.isClean, let remedy { Terminal.standardError.print(remedy) }
    }
    if let blame = report.blame { throw ExitCode(blame.exitCode) }
  }

  private func write(_ text: String) throws {
    if let file = options.output { try write(text, to: file) } else { writeText(text, to: 1) }
  }

  private func write(_ text: String, to file: String) throws {
    // From where the user is, as paths of a command line are.
    let path = try global.workingDirectory.pushing(FilePath(file))
    try FileSystem.createDirectories(path.removingLastComponent())
    try FileSystem.write(text: text, to: path)
    global.note("wrote \(file)")
  }

  /// A command that names the files of findings, or all files where there are many.
  func command(_ words: String, _ paths: Set<String>) -> String {
    let only = options.only.map { " --only \($0)" }.joined()
    let places = paths.count <= 5 ? paths.sorted().map { "//" + $0 }.joined(separator: " ") : "::"
    return "kilt \(words)\(only) \(places)"
  }
}

extension CodeReport {
  /// Who can do something about what was found; nil where there is nothing.
  var blame: Blame? {
    if isClean { return nil }
    return failures.contains { $0.diagnostic.blame == .environment } ? .environment : .work
  }
}
