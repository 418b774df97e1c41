// JobFiles: a YAML file says what varies, a template says how it runs; together they give a job configuration.
public import Diagnostics
import Digests
public import JobModel
import Starlark
public import SystemSupport
import YAML

/// Reads `jobs/NAME.yaml` and its template into a job configuration, with every check that needs no scheduler.
///
/// In order: the file against its schema; the stage, which must be named; the commit; the artifact, asked of the
/// repository; the template, with everything bound that is known before a host is chosen; the finished job. All
/// problems of one step are reported together, as a ``DiagnosticList``.
public struct JobLoader: Sendable {
  /// Rules of the workspace for what may run where.
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
  /// The platform artifacts are looked up for.
  public var platform: String?
  public var policy: Policy
  /// Who submits.
  public var owner: String?
  /// Lines that a template printed.
  public var print: @Sendable (String) -> Void
  /// What is odd about a job, and no error.
  public var warn: @Sendable (Diagnostic) -> Void = { _ in }
  let read: @Sendable (String) throws -> [UInt8]

  /// A loader for the workspace at `root`; paths given to ``load`` are relative to it.
  public init(
    root: FilePath, cluster: String? = nil, platform: String? = nil, policy: Policy = Policy(), owner: String? = nil,
    print: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.init(cluster: cluster, platform: platform, policy: policy, owner: owner, print: print) { path in
      try FileSystem.read(root.appending(path), limit: 1 << 20)
    }
  }

  init(
    cluster: String? = nil, platform: String? = nil, policy: Policy = Policy(), owner: String? = nil,
    print: @escaping @Sendable (String) -> Void = { _ in }, read: @escaping @Sendable (String) throws -> [UInt8]
  ) {
    self.cluster = cluster
    self.platform = platform
    self.policy = policy
    self.owner = owner
    self.print = print
    self.read = read
  }

  /// The stages that a job file has, in its order.
  public func stages(of path: String) throws -> [String] {
    try file(path).stages.map(\.name)
  }

  /// The job that the file describes for a stage.
  ///
  /// - Parameters:
  ///   - path: the job file, relative to the workspace.
  ///   - stage: nil is an error that lists the stages: nothing runs in a stage that was not named.
  ///   - version: runs this commit (or version) instead of the file's.
  ///   - artifacts: nil leaves the artifact unchecked and the commit as written; for checking files offline.
  /// - Throws: a `DiagnosableError` or a ``DiagnosticList``.
  public func load(
    _ path: String, stage: String?, version: String? = nil, artifacts: (any ArtifactLookup)?
  ) throws -> JobConfiguration {
    let file = try file(path)
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
    let evaluation = TemplateEvaluation(settings: settings, artifact: artifact, read: read, print: print)
    let job = try evaluation.job(template: template, location: settings.fileLocation)
    let context = BuildingContext(
      settings: settings, artifact: artifact, resolver: resolver, variables: evaluation.variables)
    var configuration = try JobBuilder.build(job, context)
    for (name, key, _) in settings.args where !evaluation.reads.contains(name) {
      warn(
        Diagnostic(
          .input, "nothing uses the argument \"\(name)\"", at: file.document.location(of: key),
          notes: ["the template \"\(template)\" and what it includes do not ask for it"]))
    }
    configuration.owner = owner
    configuration.source = JobSource(path: path, template: template, templateDigest: evaluation.digest)
    return configuration
  }

  private func file(_ path: String) throws -> JobFile {
    let bytes: [UInt8]
    do {
      bytes = try read(path)
    } catch let error as SystemCallError {
      throw Diagnostic(error.isMissing ? .input : .environment, "cannot read the job file \"\(path)\": \(error.errno)")
    }
    return try JobFile(parsing: bytes, path: path)
  }
}
