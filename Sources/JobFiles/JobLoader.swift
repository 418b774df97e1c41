// JobFiles: a YAML file contains the values that vary, and a template describes the processes; together they produce a
// job configuration. Files of Apache Aurora, which define everything themselves, load as Aurora's client loaded them.
public import Diagnostics
import Digests
public import JobModel
import Starlark
public import SystemSupport
import YAML

/// Reads `jobs/NAME.yaml` and its template, or an `.aurora` file, into job configurations, with every check that needs no
/// scheduler.
///
/// In order: the file against its schema; the stage, which must be named; the commit; the artifact, asked of the
/// repository; the template, with everything bound that is known before a host is chosen; the finished job. All problems
/// that can be found are reported together, as a ``DiagnosticList``. One loader serves many files, and many threads:
/// it reads and compiles each template once.
public struct JobLoader: Sendable {
  /// Rules of the workspace for jobs in each stage.
  public struct Policy: Sendable {
    /// Stages that take only commits of the main branch.
    public var productionStages: Set<String>
    /// The main branch's name, for messages.
    public var mainBranch: String

    public init(productionStages: Set<String> = ["prod"], mainBranch: String = "main") {
      self.productionStages = productionStages
      self.mainBranch = mainBranch
    }
  }

  /// The cluster of jobs whose file names none.
  public var cluster: String?
  /// The artifact platform of lookups.
  public var platform: String?
  public var policy: Policy
  /// The user who submits.
  public var owner: String?
  /// Lines that a template printed.
  public var print: @Sendable (String) -> Void
  /// The warnings about a job.
  public var warn: @Sendable (Diagnostic) -> Void = { _ in }
  let read: @Sendable (String) throws -> [UInt8]
  let sources: TemplateSources

  /// A loader for the workspace at `root`; paths given to ``load`` are relative to it.
  public init(
    root: FilePath, cluster: String? = nil, platform: String? = nil, policy: Policy = Policy(), owner: String? = nil,
    print: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.init(cluster: cluster, platform: platform, policy: policy, owner: owner, print: print) { path in
      try FileSystem.read(root.appending(path), limit: 1 << 20)
    }
  }

  /// A loader that reads files with `read`, by their path in the workspace.
  public init(
    cluster: String? = nil, platform: String? = nil, policy: Policy = Policy(), owner: String? = nil,
    print: @escaping @Sendable (String) -> Void = { _ in }, read: @escaping @Sendable (String) throws -> [UInt8]
  ) {
    self.cluster = cluster
    self.platform = platform
    self.policy = policy
    self.owner = owner
    self.print = print
    self.read = read
    sources = TemplateSources(read: read)
  }

  /// Whether a path names an Aurora file instead of a job file.
  public static func isAurora(_ path: String) -> Bool { path.hasSuffix(".aurora") }

  /// The stages that a job file has, in its order.
  public func stages(of path: String) throws -> [String] {
    let reading = try reading(path)
    guard let file = reading.file else { throw DiagnosticList(reading.problems) }
    return file.stages.map(\.name)
  }

  /// The job that the file describes for a stage.
  ///
  /// - Parameters:
  ///   - path: the job file, relative to the workspace.
  ///   - stage: nil is an error that lists the stages: no job runs in an unnamed stage.
  ///   - version: runs this commit (or version) instead of the file's.
  ///   - artifacts: nil leaves the artifact unchecked and the commit as written; for checking files offline.
  /// - Throws: a `DiagnosableError` or a ``DiagnosticList``.
  public func load(
    _ path: String, stage: String?, version: String? = nil, artifacts: (any ArtifactLookup)?
  ) throws -> JobConfiguration {
    let reading = try reading(path)
    for warning in reading.warnings { warn(warning) }
    guard let file = reading.file else { throw DiagnosticList(reading.problems) }
    do {
      let job = try load(file, stage: stage, version: version, artifacts: artifacts)
      if reading.problems.isEmpty { return job }
    } catch {
      // Problems of the template are reported together with those of the file, so that one edit can fix all.
      throw Self.joined(reading.problems, error)
    }
    throw DiagnosticList(reading.problems)
  }

  /// Loads each stage of a file that is read once; problems of the file itself are thrown after the last.
  func forEachStage(
    of path: String, _ body: (_ stage: String, _ key: String, Result<JobConfiguration, any Error>) -> Void
  ) throws {
    let reading = try reading(path)
    for warning in reading.warnings { warn(warning) }
    if let file = reading.file {
      for stage in file.stages {
        let name = file.name?.value ?? JobFile.stem(of: path)
        let cluster = (stage.level.cluster ?? file.common.cluster)?.value ?? cluster ?? ""
        let key = "\(cluster)/\(file.user.value)/\(stage.name)/\(name)"
        body(stage.name, key, Result { try load(file, stage: stage.name, version: nil, artifacts: nil) })
      }
    }
    if !reading.problems.isEmpty { throw DiagnosticList(reading.problems) }
  }

  private func load(
    _ file: JobFile, stage: String?, version: String?, artifacts: (any ArtifactLookup)?
  ) throws -> JobConfiguration {
    let path = file.path
    var settings = try file.settings(stage: stage, version: version)
    guard let cluster = settings.cluster ?? cluster else {
      throw Diagnostic(
        .input, "\"\(path)\" does not say which cluster it is for",
        remedies: ["add \"cluster: NAME\" to the file, or [clusters.NAME] to kilt.toml"])
    }
    settings.cluster = cluster
    let resolver = ArtifactResolver(lookup: artifacts, platform: platform, policy: policy, stage: settings.stage)
    let artifact = try resolver.resolve(
      ArtifactRequest(
        name: settings.buildname, hashType: settings.hashType, version: settings.version, platform: platform),
      at: settings.versionLocation)
    let template = try TemplatePath.resolve(settings.file, besides: path, at: settings.fileLocation)
    let evaluation = TemplateEvaluation(
      settings: settings, artifact: artifact, sources: sources, user: owner, print: print)
    let job = try evaluation.jobs(template: template, location: settings.fileLocation)[0]
    let context = BuildingContext(
      path: path, settings: settings, artifact: artifact, resolver: resolver, variables: evaluation.variables)
    var configuration = try JobBuilder.build(job, context, after: evaluation.problems)
    for (name, key, _) in settings.args where !evaluation.reads.contains(name) {
      warn(
        Diagnostic(
          .input, "nothing uses the argument \"\(name)\"", at: file.document.location(of: key),
          notes: ["the template \"\(template)\" and what it includes do not ask for it"]))
    }
    configuration.owner = owner
    configuration.source = JobSource(
      path: path, template: template, templateDigest: evaluation.digest, digest: file.digest)
    return configuration
  }

  private func reading(_ path: String) throws -> JobFile.Reading {
    let bytes: [UInt8]
    do {
      bytes = try read(path)
    } catch let error as SystemCallError {
      throw Diagnostic(error.isMissing ? .input : .environment, "cannot read the job file \"\(path)\": \(error.errno)")
    }
    var reading = try JobFile.read(bytes, path: path)
    reading.file?.digest = SHA256Digest.of(bytes).hex
    return reading
  }

  private static func joined(_ problems: [Diagnostic], _ error: any Error) -> any Error {
    guard !problems.isEmpty else { return error }
    switch error {
    case let list as DiagnosticList: return DiagnosticList(problems + list.diagnostics)
    case let error as any DiagnosableError: return DiagnosticList(problems + [error.diagnostic])
    default: return error
    }
  }
}
