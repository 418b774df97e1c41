public import JSON
public import JobModel

extension SchedulerClient {
  /// Why tasks of a job died; with a time, those whose end is nearest to it.
  public func why(_ key: JobKey, instance: Int?, at time: Timestamp?, lines: Int) throws -> JSONValue {
    var query = "?lines=\(lines)"
    if let instance { query += "&instance=\(instance)" }
    if let time { query += "&at=\(time.milliseconds)" }
    return try get(path(key) + "/why" + query)
  }
}
