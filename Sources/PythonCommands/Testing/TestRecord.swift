internal import ContentStore
internal import Digests
internal import JSON

/// A result that is kept: that of a file that passed.
///
/// Failures are not kept: who runs a test that failed wants to see it run.
struct TestRecord {
  private static let namespace = "test-1"

  /// The result that is known for a key; nil when there is none, or its coverage data are gone.
  static func read(_ key: SHA256Digest, for plan: TestPlan, in store: ContentStore) throws -> TestResult? {
    guard let bytes = try store.record(namespace, key) else { return nil }
    // What cannot be read, as that of a later version, is as good as none.
    guard let json = try? JSONValue(parsing: bytes), var result = TestResult(json, plan) else { return nil }
    if let coverage = result.coverage, !store.contains(coverage) { return nil }
    result.isCached = true
    return result
  }

  static func write(_ result: TestResult, for key: SHA256Digest, to store: ContentStore) throws {
    try store.setRecord(namespace, key, to: result.json.bytes())
  }
}

extension TestCounts {
  init(_ json: JSONValue?) {
    self.init()
    for (name, path) in Self.names { self[keyPath: path] = json?[name]?.int.map { Int($0) } ?? 0 }
  }

  var json: JSONValue {
    .object(
      JSONObject(
        Self.names.filter { self[keyPath: $0.path] > 0 }.map { ($0.name, .int(Int64(self[keyPath: $0.path]))) }))
  }
}

extension TestResult {
  fileprivate init?(_ json: JSONValue, _ plan: TestPlan) {
    guard let status = json["status"]?.string.flatMap({ Status(rawValue: $0) }),
      let seconds = json["seconds"]?.double, let attempts = json["attempts"]?.int,
      let output = json["output"]?.string, let report = json["report"]?.string
    else { return nil }
    self.init(
      address: plan.address, file: plan.file, status: status, seconds: seconds, attempts: Int(attempts),
      counts: TestCounts(json["counts"]), output: output, report: report)
    coverage = json["coverage"]?.string.flatMap { SHA256Digest(hex: $0) }
  }

  fileprivate var json: JSONValue {
    .members([
      "status": .string(status.rawValue), "seconds": .double(seconds), "attempts": .int(Int64(attempts)),
      "counts": counts.json, "coverage": coverage.map { .string($0.hex) } ?? .null, "output": .string(output),
      "report": .string(report),
    ])
  }
}
