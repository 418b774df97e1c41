public import Diagnostics
public import JobModel
import Starlark

/// A value for `--bind NAME=VALUE`: a variable that an Aurora file leaves open.
public struct TemplateBinding: Sendable, Hashable {
  /// A path, such as `profile.cmd`.
  public var name: String
  public var value: String

  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// Parses `NAME=VALUE`.
  public init(parsing text: String) throws {
    guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
      throw Diagnostic(.input, "invalid --bind \"\(text)\"", remedies: ["write --bind NAME=VALUE"])
    }
    self.init(name: String(text[..<equals]), value: String(text[text.index(after: equals)...]))
    guard ScopeChain.steps(of: name) != nil else {
      throw Diagnostic(.input, "invalid name \"\(name)\" in --bind", remedies: ["write a name such as profile.cmd"])
    }
  }
}

/// One job of an Aurora file, by its names in the file.
public struct AuroraJob: Sendable, Hashable {
  /// Parts that are not said, or that hold unbound variables, are as written or empty.
  public var cluster: String
  public var role: String
  public var environment: String
  public var name: String
  /// The unbound variables, sorted: `--bind` must bind them before the job can be submitted.
  public var unbound: [String]
  /// Everything that would keep the job from being submitted, besides unbound variables.
  public var problems: [Diagnostic]
  /// The job; nil where something is unbound or wrong.
  public var configuration: JobConfiguration?

  /// `cluster/role/environment/name`.
  public var key: String { "\(cluster)/\(role)/\(environment)/\(name)" }
}

extension JobLoader {
  /// The jobs of a file of Aurora's own, in its order.
  public func auroraJobs(_ path: String, bindings: [TemplateBinding] = []) throws -> [AuroraJob] {
    let loaded = try evaluate(path, bindings)
    return try loaded.jobs.map { job in
      let named = AuroraNames(job, loaded.context)
      let problems = Problems(loaded.context, loaded.problems)
      let configuration = try JobBuilder.attempt(job, problems)
      return AuroraJob(
        cluster: named.cluster, role: named.role, environment: named.environment, name: named.name,
        unbound: problems.unbound.sorted(), problems: problems.others,
        configuration: problems.diagnostics.isEmpty ? configuration : nil)
    }
  }

  /// One job of a file of Aurora's own.
  ///
  /// - Parameters:
  ///   - job: a name or `cluster/role/environment/name`; nil for the only job of the file.
  ///   - stage: the environment that the job must have; nil for any.
  public func loadAurora(
    _ path: String, job wanted: String?, stage: String? = nil, bindings: [TemplateBinding] = [],
    artifacts: (any ArtifactLookup)?
  ) throws -> JobConfiguration {
    let loaded = try evaluate(path, bindings)
    let candidates = loaded.jobs.map { ($0, AuroraNames($0, loaded.context)) }
    let matching = candidates.filter { job in
      (wanted == nil || wanted == job.1.name || wanted == job.1.key) && (stage == nil || stage == job.1.environment)
    }
    let keys = candidates.map(\.1.key)
    guard let found = matching.first, matching.count == 1 else {
      let names = candidates.map(\.1.name)
      throw Diagnostic(
        .input,
        matching.isEmpty
          ? wanted.map { "\"\(path)\" has no job \"\($0)\"" }
            ?? "\"\(path)\" has no job of the stage \"\(stage ?? "")\""
          : "\"\(path)\" has \(matching.count) jobs" + (wanted.map { " named \"\($0)\"" } ?? ""),
        notes: ["its jobs are \(keys.joined(separator: ", "))"],
        remedies: wanted.flatMap { Suggestions.remedy(for: $0, among: names + keys) }.map { [$0] }
          ?? ["choose one: --job \(wanted == nil ? names[0] : keys[0])"])
    }
    var context = loaded.context
    context.resolver = ArtifactResolver(
      lookup: artifacts, platform: platform, policy: policy, stage: found.1.environment)
    var configuration = try JobBuilder.build(found.0, context, after: loaded.problems)
    configuration.owner = owner
    configuration.source = JobSource(
      path: path, template: path, templateDigest: loaded.digest,
      bindings: Dictionary(bindings.map { ($0.name, $0.value) }) { $1 })
    return configuration
  }

  struct LoadedFile {
    var jobs: [TemplateObject]
    var context: BuildingContext
    var problems: [Diagnostic]
    var digest: String
  }

  func evaluate(_ path: String, _ bindings: [TemplateBinding]) throws -> LoadedFile {
    let evaluation = TemplateEvaluation(aurora: path, sources: sources, user: owner, print: print)
    let jobs = try evaluation.jobs(template: path, location: nil)
    // Aurora's client binds these last, so that they win; and the names that its own templates knew.
    let given = BindingFrame.names(bindings.map { ($0.name, .string($0.value)) })
    let standard = BindingFrame.names([
      ("mesos.role", .string("{{role}}")), ("mesos.cluster", .string("{{cluster}}")),
    ])
    let bound = jobs.map { job in
      job.copy(bindings: (bindings.isEmpty ? [] : [given]) + job.bindings + [standard])
    }
    let resolver = ArtifactResolver(lookup: nil, platform: platform, policy: policy, stage: "")
    let context = BuildingContext(path: path, settings: nil, artifact: nil, resolver: resolver, variables: [])
    return LoadedFile(jobs: bound, context: context, problems: evaluation.problems, digest: evaluation.digest)
  }
}

/// The parts of a job's key, from its object.
private struct AuroraNames {
  var cluster: String
  var role: String
  var environment: String
  var name: String
  var key: String { "\(cluster)/\(role)/\(environment)/\(name)" }

  init(_ job: TemplateObject, _ context: BuildingContext) {
    let object = BoundObject(job, in: ScopeChain(names: context.variables), problems: Problems(context))
    cluster = object.string("cluster") ?? ""
    role = object.string("role") ?? ""
    environment = object.string("environment") ?? ""
    name = job.value("name").map { object.text($0, "name") } ?? ""
  }
}

/// A job as a command names it: a file, and which of its jobs.
public struct JobRequest: Sendable, Hashable {
  /// The job file or Aurora file, relative to the workspace.
  public var path: String
  public var stage: String?
  /// A commit or version to run instead of the file's.
  public var version: String?
  /// The job of an Aurora file with several.
  public var job: String?
  /// Values for variables that an Aurora file leaves open.
  public var bindings: [TemplateBinding]

  public init(
    path: String, stage: String? = nil, version: String? = nil, job: String? = nil, bindings: [TemplateBinding] = []
  ) {
    self.path = path
    self.stage = stage
    self.version = version
    self.job = job
    self.bindings = bindings
  }
}

extension JobLoader {
  /// The job that a command names, whichever kind of file describes it.
  public func load(_ request: JobRequest, artifacts: (any ArtifactLookup)?) throws -> JobConfiguration {
    if Self.isAurora(request.path) {
      if request.version != nil {
        throw Diagnostic(
          .input, "\"\(request.path)\" names its commits itself", remedies: ["leave --commit out, or use --bind"])
      }
      return try loadAurora(
        request.path, job: request.job, stage: request.stage, bindings: request.bindings, artifacts: artifacts)
    }
    guard request.job == nil, request.bindings.isEmpty else {
      throw Diagnostic(
        .input, "--job and --bind are for Aurora files, and \"\(request.path)\" is a job file",
        remedies: ["leave them out: a job file is one job, and its args are in the file"])
    }
    return try load(request.path, stage: request.stage, version: request.version, artifacts: artifacts)
  }
}
