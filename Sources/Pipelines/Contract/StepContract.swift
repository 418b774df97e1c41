public import JSON
internal import JobModel

/// What one attempt is told, and what it tells back: docs/pipelines.md is the contract for those who write steps.
public struct StepContract: Sendable {
  /// Where the attempt finds its files.
  public struct Paths: Sendable, Hashable {
    public var input: String
    public var output: String
    public var heartbeat: String
    public var artifact: String?

    public init(input: String, output: String, heartbeat: String, artifact: String? = nil) {
      self.input = input
      self.output = output
      self.heartbeat = heartbeat
      self.artifact = artifact
    }
  }

  /// The version of the input file.
  public static let version: Int64 = 1

  private let run: PipelineRun
  private let key: AttemptKey
  private let step: PipelineStep
  private let partition: PartitionRun
  private let attempt: StepAttempt

  /// Nil when the run has no such attempt.
  public init?(_ run: PipelineRun, _ key: AttemptKey) {
    guard let partition = run[key.partition], let attempt = run[key] else { return nil }
    self.run = run
    self.key = key
    self.partition = partition
    self.attempt = attempt
    step = run.definition.steps[key.partition.step]
  }

  /// Equal for all attempts at a partition of a run. Other partitions and other runs have other keys, as far as names of
  /// runs differ: see ``PipelineRun/newName(of:at:number:)``.
  public var idempotencyKey: String { "\(run.id)/\(step.name)/\(partition.name)" }

  private var count: Int { run.steps[key.partition.step].partitions?.count ?? 0 }

  /// The variables of the environment, without those of the pipeline file.
  public func environment(_ paths: Paths) -> [String: String] {
    var variables = [
      "KILT_PIPELINE": run.definition.name, "KILT_RUN": run.id, "KILT_STEP": step.name,
      "KILT_PARTITION": partition.name, "KILT_PARTITION_INDEX": String(key.partition.partition),
      "KILT_PARTITION_COUNT": String(count), "KILT_ATTEMPT": String(attempt.number),
      "KILT_FENCE": String(attempt.fence), "KILT_IDEMPOTENCY_KEY": idempotencyKey, "KILT_INPUT": paths.input,
      "KILT_OUTPUT": paths.output, "KILT_HEARTBEAT": paths.heartbeat,
    ]
    if let stage = run.stage { variables["KILT_STAGE"] = stage }
    if let commit = run.definition.commit { variables["KILT_COMMIT"] = commit }
    if let artifact = paths.artifact { variables["KILT_ARTIFACT"] = artifact }
    for parameter in run.definition.parameters {
      if let value = run.parameters[parameter.name] { variables[parameter.variable] = value.parameterText }
    }
    return variables
  }

  /// The content of the input file.
  public var input: JSONValue {
    var inputs = JSONObject()
    for name in step.needs {
      guard let position = run.definition.index(of: name) else { continue }
      inputs[name] = .array(
        (run.steps[position].partitions ?? []).map {
          .members(["partition": .string($0.name), "output": .object($0.output ?? JSONObject())])
        })
    }
    return .members([
      "version": .int(Self.version), "pipeline": .string(run.definition.name), "run": .string(run.id),
      "stage": run.stage.map { .string($0) } ?? .null, "commit": run.definition.commit.map { .string($0) } ?? .null,
      "step": .string(step.name), "partition": .string(partition.name),
      "partition_index": .int(Int64(key.partition.partition)), "partition_count": .int(Int64(count)),
      "attempt": .int(Int64(attempt.number)), "fence": .int(Int64(attempt.fence)),
      "idempotency_key": .string(idempotencyKey), "parameters": .object(run.parameters), "inputs": .object(inputs),
    ])
  }

  /// Reads the output file of an attempt that exited with 0; nil stands for a file that does not exist.
  public static func end(output bytes: [UInt8]?) -> AttemptEnd {
    guard let bytes, !bytes.isEmpty else { return .succeeded(JSONObject()) }
    guard bytes.count <= PipelineLimits.output else {
      return .failed(
        exitCode: 0, message: "the output file has \(bytes.count) bytes; at most \(PipelineLimits.output) are allowed")
    }
    do throws(JSONError) {
      guard let object = try JSONValue(parsing: bytes, maximumDepth: 64).object else {
        return .failed(exitCode: 0, message: "the output file does not hold a JSON object")
      }
      return .succeeded(object)
    } catch {
      return .failed(exitCode: 0, message: "the output file is not valid JSON: \(error.description)")
    }
  }
}
