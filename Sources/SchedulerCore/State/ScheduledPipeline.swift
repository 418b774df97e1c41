public import JSON
public import JobModel
public import Pipelines

/// A pipeline that the scheduler starts by itself, at the times of its schedule.
public struct ScheduledPipeline: Sendable, Hashable {
  /// With a schedule.
  public var definition: PipelineDefinition
  public var cluster: String
  public var stage: String
  /// A value for each parameter; those of type `date` can be missing, and get the day that a run is due.
  public var parameters: JSONObject
  public var artifact: TaskArtifact?
  /// The part of its runs' names that tells them from those of other schedulers.
  public var number: UInt32
  public internal(set) var user: String?
  /// Runs that were due until then are not due any more.
  public internal(set) var lastDue = Timestamp(milliseconds: 0)

  public init(
    definition: PipelineDefinition, cluster: String, stage: String, parameters: JSONObject, artifact: TaskArtifact?,
    number: UInt32 = .random(in: 0 ... .max)
  ) {
    self.definition = definition
    self.cluster = cluster
    self.stage = stage
    self.parameters = parameters
    self.artifact = artifact
    self.number = number
  }

  /// `ROLE/STAGE/NAME`, as ``PipelineRecord/pipelineKey``.
  public var key: String { "\(definition.role)/\(stage)/\(definition.name)" }

  /// The run that is due at a time.
  func record(due: Timestamp, day: CivilDate) -> PipelineRecord {
    var values = JSONObject()
    for parameter in definition.parameters {
      values[parameter.name] = parameters[parameter.name] ?? (parameter.kind == .date ? .string(day.description) : nil)
    }
    let run = PipelineRun(
      id: PipelineRun.newName(of: definition.name, at: due, number: number), definition: definition, stage: stage,
      parameters: values, user: user, createdAt: due, queues: true)
    return PipelineRecord(run: run, cluster: cluster, stage: stage, artifact: artifact)
  }
}

extension ScheduledPipeline: JSONCodable {
  public init(json: JSONValue) throws(ModelError) {
    let fields = try FieldReader(json)
    self.init(
      definition: try fields.object("definition", PipelineDefinition.self), cluster: try fields.string("cluster"),
      stage: try fields.string("stage"), parameters: json["parameters"]?.object ?? JSONObject(),
      artifact: try fields.optionalObject("artifact"), number: try fields.integer("number", UInt32.self))
    user = try fields.optionalString("user")
    lastDue = try fields.timestamp("last_due")
  }

  public var json: JSONValue {
    .fields([
      "definition": definition.json, "cluster": .string(cluster), "stage": .string(stage),
      "parameters": .object(parameters), "artifact": artifact?.json, "number": .integer(number), "user": .text(user),
      "last_due": .time(lastDue),
    ])
  }
}
