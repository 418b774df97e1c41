public import JSON
public import JobModel
public import Pipelines

extension PipelineRecord {
  /// Reads what is kept beside the run's own tables.
  public init(json: JSONValue, run: PipelineRun) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      run: run, cluster: try fields.string("cluster"), stage: try fields.string("stage"),
      artifact: try fields.optionalObject("artifact"), queuedAt: try fields.optionalTimestamp("queued_at"))
  }

  /// What is kept beside the run's own tables.
  public var json: JSONValue {
    .fields([
      "cluster": .string(cluster), "stage": .string(stage), "artifact": artifact?.json, "queued_at": .time(queuedAt),
    ])
  }
}
