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
  /// The inputs of a report besides sources.
  struct Basis {
    var run: RecordedRun
    var places: [String]
  }

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
  /// - Returns: the report, and what it rests on.
  func run(_ body: (CodeRun) throws -> CodeReport) throws -> (CodeReport, Basis) {
    let progress = ProgressLine(.standardError, isQuiet: global.quiet)
    return try CodeScratch.run(interrupted: { progress.finish() }) { scratch, cancellation in
      let run = try CodeRun(
        session.workspace, session.resolver, store: try session.contentStore(), scratch: scratch,
        jobs: options.jobs ?? availableProcessors(), cancellation: cancellation
      ) { [global] line in
        if !global.quiet { progress.print(line + "\n") }
      }
      progress.show("running tools")
      defer { progress.finish() }
      let report = try body(run)
      return (report, Basis(run: run.record, places: run.places + workspacePlaces))
    }
  }

  /// The files that say what the workspace is.
  private var workspacePlaces: [String] {
    ["kilt.toml", "pants.toml", ".pants.rc", "/etc/pantsrc", configuration.path] + configuration.layerPaths
      + configuration.lockedResolves.map(\.lockfile)
      + (configuration.projects?.entries ?? []).map { Paths.join($0.directory, "pyproject.toml") }
  }

  /// Writes reports.
  var reporting: CodeReporting { CodeReporting(verb: verb, global: global, options: options) }

  func finish(_ report: CodeReport, remedy: String?) throws { try reporting.finish(report, remedy: remedy) }
}
