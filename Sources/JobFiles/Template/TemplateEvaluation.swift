import Diagnostics
import Digests
import JobModel
import Starlark
import Synchronization
import SystemSupport

/// One evaluation of a template, or of a file of Aurora's own, with all it includes.
final class TemplateEvaluation {
  /// The file that is evaluated for, for messages.
  private let path: String
  private let sources: TemplateSources
  private let print: @Sendable (String) -> Void
  /// Whether the file is a complete job definition, as Aurora's client read it, instead of a template of a job file.
  let isAurora: Bool
  /// The user who submits.
  let user: String?
  /// The stage of the job file; nil for a complete Aurora file.
  let stage: String?
  private var modules: [String: StarlarkModule] = [:]
  /// Files being evaluated, outermost first.
  private var active: [String] = []
  private var hasher = SHA256Hasher()
  /// The names that files see.
  let names: [String: Value]
  /// The variables that are bound for every text of the job.
  let variables: [(name: String, value: Value)]
  /// The entries of `args` that the template, or a text of the job, has used.
  let reads: ReadNames
  /// The problems of fields of objects.
  private(set) var problems: [Diagnostic] = []
  /// Every file that took part, relative to the workspace, without the library's.
  private(set) var files: [String] = []

  /// An evaluation for a stage of a job file.
  init(
    settings: StageSettings, artifact: TaskArtifact?, sources: TemplateSources, user: String?,
    print: @escaping @Sendable (String) -> Void
  ) {
    path = settings.path
    self.sources = sources
    self.print = print
    self.user = user
    isAurora = false
    stage = settings.stage
    reads = ReadNames()
    variables = TemplateEnvironment.variables(settings, artifact: artifact, reads: reads)
    names = TemplateEnvironment.common.merging(variables.map { ($0.name, $0.value) }) { $1 }
  }

  /// An evaluation of a complete Aurora file.
  init(aurora path: String, sources: TemplateSources, user: String?, print: @escaping @Sendable (String) -> Void) {
    self.path = path
    self.sources = sources
    self.print = print
    self.user = user
    isAurora = true
    stage = nil
    reads = ReadNames()
    variables = []
    names = TemplateEnvironment.common
  }

  /// SHA-256 of the files that were evaluated, names and bytes, in the order they were first needed.
  var digest: String { hasher.digest().hex }

  func report(_ diagnostic: Diagnostic) {
    if !problems.contains(diagnostic) { problems.append(diagnostic) }
  }

  /// The objects of `jobs` in the template.
  ///
  /// - Throws: the error that stopped the evaluation, together with the problems before.
  func jobs(template: String, location: SourceLocation?) throws -> [TemplateObject] {
    let limits = Limits(steps: 10_000_000, allocatedBytes: 256 << 20, callDepth: 100)
    let thread = StarlarkThread(limits: limits, context: self)
    thread.print = { [print] text, place in print(place.map { "\($0.file):\($0.line): \(text)" } ?? text) }
    do {
      let module = try evaluate(template, at: location, on: thread)
      return try jobs(in: module, template: template, location: location)
    } catch let error as StarlarkError {
      report(TemplateDiagnostic.make(error))
    } catch let error as any DiagnosableError {
      report(error.diagnostic)
    }
    throw DiagnosticList(problems)
  }

  private func jobs(
    in module: StarlarkModule, template: String, location: SourceLocation?
  ) throws -> [TemplateObject] {
    let remedy = "end the template with jobs = [Service(...)]"
    guard let jobs = module["jobs"] else {
      throw Diagnostic(.input, "the template \"\(template)\" defines no \"jobs\"", at: location, remedies: [remedy])
    }
    let objects = jobs.asElements?.compactMap { $0.asHost(TemplateObject.self) } ?? []
    guard let list = jobs.asElements, objects.count == list.count, objects.allSatisfy({ $0.type === ObjectType.job })
    else {
      throw Diagnostic(
        .input, "\"jobs\" of the template \"\(template)\" is not a list of jobs", at: location, remedies: [remedy])
    }
    if isAurora, objects.isEmpty {
      throw Diagnostic(.input, "\"jobs\" of \"\(template)\" is empty", remedies: [remedy])
    }
    guard isAurora || objects.count == 1 else {
      throw Diagnostic(
        .input, "the template \"\(template)\" creates \(objects.count) jobs for \"\(path)\"", at: location,
        notes: ["one file is one job, so that its name says what runs"])
    }
    return objects
  }

  /// Evaluates a file once; a later `include` of it finds its names.
  private func evaluate(
    _ path: String, at location: SourceLocation?, on thread: StarlarkThread
  ) throws -> StarlarkModule {
    if let module = modules[path] { return module }
    let source = try sources.source(path, at: location)
    hasher.update(path)
    hasher.update([0])
    hasher.update(source.bytes)
    if !TemplateLibrary.owns(path) { files.append(path) }
    let program = try sources.program(source, names: names, isAurora: isAurora)
    active.append(path)
    defer { active.removeLast() }
    let module = try thread.execute(program, environment: Environment(names))
    modules[path] = module
    return module
  }

  /// A file of the workspace that a template reads, relative to the file that asks.
  func file(_ name: String, _ call: Call) throws -> SourceFile {
    let place = call.location.map(TemplateDiagnostic.location)
    // A function of the library reads for the template that called it.
    let from = TemplateObject.userLocation(of: call)?.file ?? call.location?.file ?? path
    let path = try TemplatePath.resolve(name, besides: from, at: place)
    let source = try sources.source(path, at: place)
    if !files.contains(path) {
      hasher.update(path)
      hasher.update([0])
      hasher.update(source.bytes)
      files.append(path)
    }
    return source
  }

  /// `include("x.aurora")`: the names that the file defines become names of the including one, as in Aurora.
  func include(_ call: Call) throws -> Value {
    let arguments = try call.bind(["path"], required: 1)
    let place = call.location.map(TemplateDiagnostic.location)
    guard let name = arguments[0]?.asString, let from = call.location?.file else {
      throw StarlarkError("include: takes the path of a template")
    }
    let path = try TemplatePath.resolve(name, besides: from, at: place)
    if active.contains(path) {
      throw StarlarkError("include: \"\(path)\" includes itself: \((active + [path]).joined(separator: " -> "))")
    }
    let module = try evaluate(path, at: place, on: call.thread)
    for global in module.globals where !global.name.hasPrefix("_") {
      try call.thread.define(global.name, global.value)
    }
    return .none
  }
}

/// Reads templates and compiles them, each once for all evaluations that share it. Safe to use from several threads.
final class TemplateSources: Sendable {
  private struct State {
    var sources: [String: SourceFile] = [:]
    /// By path, and separately for complete Aurora files, which have no names of a job file.
    var programs: [String: Program] = [:]
  }

  private let read: @Sendable (String) throws -> [UInt8]
  private let state = Mutex(State())

  init(read: @escaping @Sendable (String) throws -> [UInt8]) { self.read = read }

  func source(_ path: String, at location: SourceLocation?) throws -> SourceFile {
    if let source = state.withLock({ $0.sources[path] }) { return source }
    let source = SourceFile(name: path, bytes: try bytes(of: path, at: location))
    return state.withLock { state in
      // Another thread can have been faster: all see one file.
      if let known = state.sources[path] { return known }
      state.sources[path] = source
      return source
    }
  }

  /// The program of a file. The names are the same in all evaluations; each evaluation supplies its values.
  func program(_ source: SourceFile, names: [String: Value], isAurora: Bool) throws -> Program {
    let key = (isAurora ? "aurora " : "") + source.name
    if let program = state.withLock({ $0.programs[key] }) { return program }
    let program = try Program(source: source, dialect: .template, environment: Environment(names))
    return state.withLock { state in
      if let known = state.programs[key] { return known }
      state.programs[key] = program
      return program
    }
  }

  private func bytes(of path: String, at location: SourceLocation?) throws -> [UInt8] {
    if TemplateLibrary.owns(path) {
      if let text = TemplateLibrary.files[path] { return Array(text.utf8) }
      throw Diagnostic(
        .input, "Kilt's library has no template \"\(path)\"", at: location,
        notes: ["it has \(TemplateLibrary.files.keys.sorted().joined(separator: ", "))"],
        remedies: Suggestions.remedy(for: path, among: TemplateLibrary.files.keys.sorted()).map { [$0] } ?? [])
    }
    do {
      return try read(path)
    } catch let error as SystemCallError {
      throw Diagnostic(
        error.isMissing ? .input : .environment, "cannot read the template \"\(path)\": \(error.errno)", at: location)
    }
  }
}
