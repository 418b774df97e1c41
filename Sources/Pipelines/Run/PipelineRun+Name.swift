public import JobModel

extension PipelineRun {
  /// The name of a new run: `PIPELINE-20240229-120000-4f2a91c7`. It sorts by time.
  ///
  /// Names of runs are the beginning of idempotency keys, which other databases keep. So they must differ between all
  /// schedulers and machines: two runs have the same name only if they begin in the same second and draw the same of
  /// four billion numbers.
  public static func newName(
    of pipeline: String, at time: Timestamp, number: UInt32 = .random(in: 0 ... .max)
  ) -> String {
    let digits = time.description.prefix(19).filter(\.isNumber)
    let suffix = String(number, radix: 16)
    let zeros = String(repeating: "0", count: 8 - suffix.count)
    return "\(pipeline)-\(digits.prefix(8))-\(digits.suffix(6))-\(zeros)\(suffix)"
  }
}
