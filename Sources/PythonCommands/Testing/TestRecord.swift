internal import BuildFiles
internal import ContentStore
internal import Digests
internal import JSON
internal import SystemSupport

/// A result that is kept: that of a file that passed.
///
/// Failures are not kept: who runs a test that failed wants to see it run.
struct TestRecord {
  static let namespace = "test-1"

  /// The result that is known for a key; nil when there is none, or its coverage data are gone.
  static func read(_ key: SHA256Digest, for plan: TestPlan, in store: ContentStore) throws -> TestResult? {
    try store.value(namespace, key) { bytes in
      // What cannot be read, as that of a later version, is as good as none.
      guard let json = try? JSONValue(parsing: bytes), var result = TestResult(json, plan) else { return nil }
      if let coverage = result.coverage {
        // Every run with coverage reads the data of all files.
        do throws(ContentStoreError) { try store.require(coverage) } catch { return nil }
      }
      result.isCached = true
      return result
    }
  }

  /// Keeps a result, and gives it to other machines.
  ///
  /// - Parameter places: directories of this machine, which mean nothing on others.
  static func write(
    _ result: TestResult, for inputs: TestInputs, to store: ContentStore, places: [(path: String, name: String)]
  ) throws {
    try store.setRecord(namespace, inputs.key, to: result.json.bytes())
    guard let shared = store.shared, shared.takesOffers else { return }
    var portable = result
    portable.output = Self.text(result.output, without: places)
    portable.report = Self.text(result.report, without: places)
    var blobs: [BlobReference] = []
    if let coverage = result.coverage {
      blobs.append(BlobReference(coverage, size: try FileSystem.status(of: store.path(of: coverage)).size))
    }
    var record = SharedRecord(
      namespace, inputs.key, value: portable.json.bytes(), blobs: blobs, milliseconds: Int64(result.seconds * 1000),
      name: result.address.description)
    record.inputs = inputs.list
    if result.attempts > 1 { record.withheld = .flaky }
    shared.offer(record, from: store)
  }

  /// A text with the names of directories in the place of their paths.
  static func text(_ text: String, without places: [(path: String, name: String)]) -> String {
    // The longest first: one may be inside of another.
    places.sorted { $0.path.utf8.count > $1.path.utf8.count }.reduce(text) { text, place in
      place.path.utf8.count > 1 ? text.replacing(place.path, with: place.name) : text
    }
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
