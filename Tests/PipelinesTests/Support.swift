import JSON
import JobModel
import Pipelines

func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

func makeRun(_ steps: [PipelineStep], limit: Int? = nil) -> PipelineRun {
  PipelineRun(
    id: "demo-1", definition: PipelineDefinition(name: "demo", role: "www-data", steps: steps),
    parameters: JSONObject(), createdAt: at(0), limit: limit)
}

extension PipelineOutcome {
  var launched: [AttemptKey] { effects.compactMap { if case .launch(let key) = $0 { key } else { nil } } }
  var asked: [AttemptKey] { effects.compactMap { if case .end(let key) = $0 { key } else { nil } } }
}

func key(_ step: Int, _ partition: Int = 0, _ number: Int = 1) -> AttemptKey {
  AttemptKey(PartitionKey(step: step, partition: partition), number: number)
}

let failure = AttemptEnd.failed(exitCode: 1, message: "exit code 1")
let success = AttemptEnd.succeeded(JSONObject())

/// A generator whose numbers follow from its seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
