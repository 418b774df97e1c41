import Diagnostics
import JobModel

/// Requests artifacts, and holds the rules about which commits a stage accepts.
struct ArtifactResolver {
  var lookup: (any ArtifactLookup)?
  var platform: String?
  var policy: JobLoader.Policy
  var stage: String

  func resolve(_ request: ArtifactRequest, at location: SourceLocation?) throws -> TaskArtifact {
    guard let lookup else {
      return TaskArtifact(
        name: request.name, hashType: request.hashType, version: request.version, platform: request.platform)
    }
    let artifact: TaskArtifact
    do {
      artifact = try lookup.artifact(for: request)
    } catch let error as any DiagnosableError {
      var diagnostic = error.diagnostic
      diagnostic.location = location
      throw diagnostic
    }
    if policy.productionStages.contains(stage), artifact.hashType == .git, artifact.isOnMainBranch != true {
      throw offMain(artifact, at: location)
    }
    return artifact
  }

  private func offMain(_ artifact: TaskArtifact, at location: SourceLocation?) -> Diagnostic {
    let commit = String(artifact.version.prefix(12))
    let main = policy.mainBranch
    var diagnostic = Diagnostic(
      .input, "the stage \"\(stage)\" accepts only commits of the branch \"\(main)\", and \(commit) is not on it",
      at: location, remedies: ["merge it into \"\(main)\", publish, and name the commit that is there"])
    if artifact.isOnMainBranch == nil {
      diagnostic.summary =
        "the stage \"\(stage)\" accepts only commits of the branch \"\(main)\", and Kilt cannot find \(commit) on it"
      diagnostic.remedies = ["run this in a clone that has \"\(main)\", up to date"]
    }
    if let branch = artifact.branch { diagnostic.notes = ["it was built on the branch \"\(branch)\""] }
    return diagnostic
  }
}
