import Diagnostics
import Digests
import JobModel
import Starlark
import SystemSupport

/// One evaluation of a template with all it includes.
final class TemplateEvaluation {
  private let settings: StageSettings
  private let artifact: ArtifactReference
  private let read: @Sendable (String) throws -> [UInt8]
  private let print: @Sendable (String) -> Void
  private var modules: [String: StarlarkModule] = [:]
  /// Files being evaluated, outermost first.
  private var active: [String] = []
  private var hasher = SHA256Hasher()
  private var environment = Environment()
  /// The variables that are bound for every text of the job.
  private(set) var variables: [(name: String, value: Value)] = []
  /// Which entries of `args` the template, or a text of the job, asked for.
  let reads = ReadNames()

  init(
    settings: StageSettings, artifact: ArtifactReference, read: @escaping @Sendable (String) throws -> [UInt8],
    print: @escaping @Sendable (String) -> Void
  ) {
    self.settings = settings
    self.artifact = artifact
    self.read = read
    self.print = print
  }

  /// SHA-256 of the files that were evaluated, names and bytes, in the order they were first needed.
  var digest: String { hasher.digest().hex }

  /// The one job of `jobs` in the template.
  func job(template: String, location: Diagnostics.SourceLocation) throws -> TemplateObject {
    let made = try TemplateEnvironment.make(settings, artifact: artifact, reads: reads)
    variables = made.variables
    environment = made.environment.adding([
      "include": .builtin("include") { call in
        guard let evaluation: TemplateEvaluation = call.context() else {
          throw StarlarkError("include: not in a template")
        }
        return try evaluation.include(call)
      }
    ])
    let limits = Limits(steps: 10_000_000, allocatedBytes: 256 << 20, callDepth: 100)
    let thread = StarlarkThread(limits: limits, context: self)
    thread.print = { [print] text, place in print(place.map { "\($0.file):\($0.line): \(text)" } ?? text) }
    let module: StarlarkModule
    do {
      module = try evaluate(template, at: location, on: thread)
    } catch let error as StarlarkError {
      throw TemplateDiagnostic.make(error)
    }
    return try job(in: module, template: template, location: location)
  }

  private func job(
    in module: StarlarkModule, template: String, location: Diagnostics.SourceLocation
  ) throws -> TemplateObject {
    let remedy = "end the template with jobs = [Service(...)]"
    guard let jobs = module["jobs"] else {
      throw Diagnostic(.input, "the template \"\(template)\" defines no \"jobs\"", at: location, remedies: [remedy])
    }
    let objects = jobs.asElements?.compactMap { $0.asHost(TemplateObject.self) } ?? []
    guard let list = jobs.asElements, objects.count == list.count, objects.allSatisfy({ $0.type.name == "Job" }) else {
      throw Diagnostic(
        .input, "\"jobs\" of the template \"\(template)\" is not a list of jobs", at: location, remedies: [remedy])
    }
    guard let job = objects.first, objects.count == 1 else {
      throw Diagnostic(
        .input, "the template \"\(template)\" makes \(objects.count) jobs for \"\(settings.path)\"", at: location,
        notes: ["one file is one job, so that its name says what runs"])
    }
    return job
  }

  /// Evaluates a file once; a later `include` of it finds its names.
  private func evaluate(
    _ path: String, at location: Diagnostics.SourceLocation?, on thread: StarlarkThread
  ) throws -> StarlarkModule {
    if let module = modules[path] { return module }
    let bytes = try source(path, at: location)
    hasher.update(path)
    hasher.update([0])
    hasher.update(bytes)
    let program = try Program(
      source: SourceFile(name: path, bytes: bytes), dialect: .template, environment: environment)
    active.append(path)
    defer { active.removeLast() }
    let module = try thread.execute(program)
    modules[path] = module
    return module
  }

  private func source(_ path: String, at location: Diagnostics.SourceLocation?) throws -> [UInt8] {
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

  /// `include("x.aurora")`: the names that the file defines become names of the including one, as in Aurora.
  private func include(_ call: Call) throws -> Value {
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
