internal import Diagnostics
internal import JSON
internal import JobFiles
internal import JobModel
internal import PipelineFiles
internal import Pipelines
internal import SchedulerClient

/// A pipeline file as a scheduler is asked to run it.
struct PipelineRequest {
  private let file: String
  private(set) var definition: PipelineDefinition
  private var artifact: TaskArtifact?

  init(_ file: String, stage: String, _ global: GlobalOptions) throws {
    guard JobKey.isIdentifier(stage) else {
      throw Diagnostic(
        .input, "invalid stage \"\(stage)\"", remedies: ["write it with letters, digits, \"_\", \".\" and \"-\""])
    }
    self.file = file
    let pipeline = try PipelineFile.load(file, global)
    definition = try pipeline.definition(stage: pipeline.stageNames.isEmpty ? nil : stage)
  }

  /// With the full commit of its artifact, as the repository has it.
  func located(_ session: JobSession) throws -> PipelineRequest {
    guard let name = definition.artifact else { return self }
    guard let commit = definition.commit else {
      throw Diagnostic(
        .input, "pipeline \"\(definition.name)\" names the artifact \"\(name)\" without a commit",
        remedies: ["add \"commit: ...\" to \"\(file)\": a run uses one commit to its end"])
    }
    let platform = try session.client.cluster()["platform"]?.string
    let artifact = try RepositoryLookup(workspace: session.requiredWorkspace()).artifact(
      for: ArtifactRequest(name: name, hashType: .git, version: commit, platform: platform))
    var request = self
    request.artifact = artifact
    request.definition.commit = artifact.version
    return request
  }

  /// The body of the request for one run.
  func body(stage: String, parameters: JSONObject, step: String? = nil, withFollowers: Bool = false) -> JSONValue {
    var body = JSONObject([
      ("definition", definition.json), ("stage", .string(stage)), ("parameters", .object(parameters)),
    ])
    if let artifact { body["artifact"] = artifact.json }
    if let step {
      body["step"] = .string(step)
      body["with_followers"] = .bool(withFollowers)
    }
    return .object(body)
  }
}
